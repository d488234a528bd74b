#include "store/embedded/engine/hashed_key.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "store/embedded/engine/compare.hpp"
#include "store/embedded/engine/decimal_parts.hpp"
#include "store/embedded/engine/numbers.hpp"

namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;

namespace {

constexpr std::size_t block_bytes = 64;

struct Digest {
  std::uint32_t a = 0x67452301;
  std::uint32_t b = 0xEFCDAB89;
  std::uint32_t c = 0x98BADCFE;
  std::uint32_t d = 0x10325476;
};

/// floor(2^32 · |sin(i)|) for i = 1 … 64.
std::array<std::uint32_t, 64> make_sines() {
  std::array<std::uint32_t, 64> out{};
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<std::uint32_t>(
        std::floor(std::fabs(std::sin(static_cast<double>(i + 1))) * 4294967296.0));
  return out;
}

void take_block(Digest& digest, const char* block) {
  static const std::array<std::uint32_t, 64> sines = make_sines();
  static constexpr int shifts[4][4] = {
      {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
  std::array<std::uint32_t, 16> words{};
  std::memcpy(words.data(), block, block_bytes);
  auto [a, b, c, d] = digest;
  for (std::size_t i = 0; i < 64; ++i) {
    const std::size_t round = i / 16;
    std::uint32_t mixed = 0;
    std::size_t word = 0;
    switch (round) {
      case 0:
        mixed = (b & c) | (~b & d);
        word = i;
        break;
      case 1:
        mixed = (d & b) | (~d & c);
        word = (5 * i + 1) % 16;
        break;
      case 2:
        mixed = b ^ c ^ d;
        word = (3 * i + 5) % 16;
        break;
      default:
        mixed = c ^ (b | ~d);
        word = 7 * i % 16;
        break;
    }
    const std::uint32_t sum = a + mixed + sines[i] + words[word];
    a = d;
    d = c;
    c = b;
    b += std::rotl(sum, shifts[round][i % 4]);
  }
  digest = {digest.a + a, digest.b + b, digest.c + c, digest.d + d};
}

template <class T>
void append(std::string& out, T value) {
  static_assert(std::endian::native == std::endian::little);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

/// The number of a type's bracket, as the server writes it; 0 for the end of a document.
std::int32_t canonical_type(Type type) {
  return static_cast<std::uint8_t>(type) == 0 ? 0 : type_rank(type);
}

/// Whole part of a number; bounds where it is beyond, 0 for NaN.
std::int64_t whole_number(ValueView value) {
  if (const auto part = integer_part(value)) return part->value;
  bool negative = false;
  if (value.type() == Type::double_) {
    const double number = value.as_double();
    if (std::isnan(number)) return 0;
    negative = number < 0;
  } else {
    const auto number = value.as_decimal128();
    if (number.is_nan()) return 0;
    negative = number.is_negative();
  }
  return negative ? std::numeric_limits<std::int64_t>::min()
                  : std::numeric_limits<std::int64_t>::max();
}

void append_element(std::string& out, ValueView value, const std::string_view* name);

void append_fields(std::string& out, bson::View document) {
  for (const auto& field : document) append_element(out, field.value, &field.key);
  append(out, std::int32_t{0});  // the end, of type 0 and with an empty name
  out.push_back('\0');
}

void append_element(std::string& out, ValueView value, const std::string_view* name) {
  append(out, canonical_type(value.type()));
  if (name != nullptr) {
    out.append(*name);
    out.push_back('\0');
  }
  switch (value.type()) {
    case Type::double_:
    case Type::int32:
    case Type::int64:
    case Type::decimal128:
      append(out, whole_number(value));
      return;
    case Type::document:
    case Type::array:
      append_fields(out, bson::View(value.data(), value.size()));
      return;
    case Type::code_with_scope: {
      // length of all, length of the code, the code with its zero byte, the scope
      const auto code = bson::load<std::uint32_t>(value.data() + 4);
      out.append(reinterpret_cast<const char*>(value.data()) + 8, code);
      append_fields(out, bson::View(value.data() + 8 + code, value.size() - 8 - code));
      return;
    }
    default:
      out.append(reinterpret_cast<const char*>(value.data()), value.size());
  }
}

}  // namespace

std::uint64_t md5_prefix(std::string_view bytes) {
  Digest digest;
  const std::uint64_t bits = std::uint64_t{bytes.size()} * 8;
  std::size_t at = 0;
  for (; bytes.size() - at >= block_bytes; at += block_bytes) take_block(digest, bytes.data() + at);
  std::string end(bytes.substr(at));
  end.push_back('\x80');
  end.append((block_bytes + block_bytes - 8 - end.size()) % block_bytes, '\0');
  append(end, bits);
  for (std::size_t i = 0; i < end.size(); i += block_bytes) take_block(digest, end.data() + i);
  return std::uint64_t{digest.b} << 32 | digest.a;
}

std::int64_t hashed_index_key(ValueView value) {
  std::string bytes;
  append(bytes, std::int32_t{0});  // the seed
  append_element(bytes, static_cast<std::uint8_t>(value.type()) == 0 ? ValueView{} : value,
                 nullptr);
  return static_cast<std::int64_t>(md5_prefix(bytes));
}

}  // namespace quire::store::embedded
