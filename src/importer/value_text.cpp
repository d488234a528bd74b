#include "importer/value_text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "importer/time_text.hpp"
#include "quire/bson/json.hpp"

namespace quire::importer {
namespace {

template <class T>
void append_integer(std::string& out, T value) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

/// The length of the UTF-8 character in front; 0: there is none.
std::size_t character(std::string_view text) {
  for (std::size_t n = 1; n <= 4 && n <= text.size(); ++n) {
    if (bson::is_utf8(text.substr(0, n))) return n;
  }
  return 0;
}

}  // namespace

void append_real(std::string& out, double value) {
  std::array<char, 64> digits{};
  const double size = std::abs(value);
  const bool plain = size == 0 || (size >= 1e-6 && size < 1e21);
  const auto end = plain ? std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                         std::chars_format::fixed)
                               .ptr
                         : std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

void append_text(std::string& out, const Cell& cell) {
  using Kind = Cell::Kind;
  switch (cell.kind) {
    case Kind::null:
    case Kind::absent:
      return;
    case Kind::boolean:
      out += cell.integer != 0 ? "true" : "false";
      return;
    case Kind::int32:
    case Kind::int64:
      append_integer(out, cell.integer);
      return;
    case Kind::uint64:
      append_integer(out, cell.unsigned_integer);
      return;
    case Kind::real:
      append_real(out, cell.real);
      return;
    case Kind::instant:
      append_moment(out, cell.integer);
      out += 'Z';
      return;
    case Kind::wall_time:
      append_moment(out, cell.integer);
      return;
    case Kind::date:
      append_date(out, cell.integer);
      return;
    case Kind::time:
      append_time(out, cell.integer);
      return;
    case Kind::uuid:
      out += bson::Uuid{cell.uuid}.str();
      return;
    case Kind::object_id:
      out += hex_of(cell.text);
      return;
    case Kind::document:
    case Kind::array: {
      const bson::View view(reinterpret_cast<const std::uint8_t*>(cell.text.data()),
                            cell.text.size());
      out += cell.kind == Kind::array ? bson::array_to_json(view) : bson::to_json(view);
      return;
    }
    case Kind::value:
      out += bson::to_json(free_value(cell));
      return;
    default:
      out += cell.text;
  }
}

bson::ValueView free_value(const Cell& cell) {
  if (cell.text.empty()) return {};
  const auto* data = reinterpret_cast<const std::uint8_t*>(cell.text.data());
  const std::size_t left = cell.text.size() - 1;
  const std::size_t size = bson::detail::payload_size(data[0], data + 1, left);
  return {static_cast<bson::Type>(data[0]), data + 1, size};
}

std::string hex_of(std::string_view bytes, bool upper) {
  const char* digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

std::string visible_text(std::string_view text) {
  if (bson::is_utf8(text)) return std::string(text);
  std::string out;
  while (!text.empty()) {
    const std::size_t n = character(text);
    if (n != 0)
      out += text.substr(0, n);
    else
      out += "\\x" + hex_of(text.substr(0, 1), true);
    text.remove_prefix(n == 0 ? 1 : n);
  }
  return out;
}

std::string shortened(std::string text, std::size_t most) {
  constexpr std::string_view dots = "…";
  if (text.size() <= most) return text;
  std::size_t keep = most < dots.size() ? 0 : most - dots.size();
  while (keep > 0 && (static_cast<unsigned char>(text[keep]) & 0xC0) == 0x80) --keep;
  text.resize(keep);
  return most < dots.size() ? text : text + std::string(dots);
}

}  // namespace quire::importer
