#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "quire/bson/value.hpp"
#include "quire/bson/writer.hpp"

namespace quire::test {

/// The same numbers from the same seed on every platform (SplitMix64, S. Vigna, public domain).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  /// From 0 to n - 1; n > 0.
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(next() % n); }
  /// True once in n times.
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <class T, std::size_t N>
  const T& pick(const std::array<T, N>& from) {
    return from[below(N)];
  }

 private:
  std::uint64_t state_;
};

struct RandomOptions {
  std::size_t max_fields = 5;  ///< of a document, elements of an array
  int max_levels = 3;          ///< the document itself is the first
  bool deprecated = true;      ///< undefined, symbol, code, code with scope, DBPointer too
  bool min_max_key = true;
  bool nan = true;          ///< NaN among doubles and decimals
  bool regex = true;        ///< regular expressions (which a filter reads as an operator)
  bool unique_keys = true;  ///< no field twice in one document
};

/// Documents of all types for properties. Names and scalars come from small sets, so that paths
/// collide, values of different types are equal, and borders are met often.
///   RandomDocument make(seed);
///   bson::Document d = make.document();
class RandomDocument {
 public:
  explicit RandomDocument(std::uint64_t seed, RandomOptions options = {})
      : random_(seed), options_(options) {}

  Random& random() { return random_; }

  bson::Document document() { return nested(false, 1); }
  bson::Document array() { return nested(true, 1); }
  bson::Value value() { return any(1); }

  /// "a" to "e": what documents have at each level.
  std::string name() { return std::string(1, static_cast<char>('a' + random_.below(5))); }
  /// A path that often hits: "a", "b.c", "a.0.b".
  std::string path() {
    std::string text = name();
    while (random_.one_in(2)) {
      text += '.';
      text += random_.one_in(4) ? std::to_string(random_.below(4)) : name();
    }
    return text;
  }

  /// No document and no array.
  bson::Value scalar() {
    using bson::Value;
    switch (random_.below(20)) {
      case 0:
      case 1:
        return Value(int32());
      case 2:
      case 3:
        return Value(int64());
      case 4:
      case 5:
        return Value(real());
      case 6:
        return decimal();
      case 7:
      case 8:
      case 9:
        return Value(text());
      case 10:
        return Value(random_.one_in(2));
      case 11:
        return Value(bson::Null{});
      case 12:
        return Value(DateTime{std::chrono::milliseconds{int64() / 1000}});
      case 13:
        return Value(object_id());
      case 14:
        return binary();
      case 15:
        return Value(bson::Timestamp{static_cast<std::uint32_t>(random_.below(3)),
                                     static_cast<std::uint32_t>(int64())});
      case 16:
        if (!options_.regex) return Value(text());
        return Value(
            bson::Regex{random_.one_in(2) ? "^a" : "b/c\\d", random_.one_in(2) ? "" : "im"});
      case 17:
        if (!options_.min_max_key) return Value(int32());
        return random_.one_in(2) ? Value(bson::MinKey{}) : Value(bson::MaxKey{});
      case 18:
        return options_.deprecated ? deprecated() : Value(text());
      default:
        return Value(static_cast<std::int32_t>(random_.below(4)));
    }
  }

 private:
  bson::Value any(int level) {
    if (level < options_.max_levels && random_.one_in(4))
      return bson::Value(nested(false, level + 1).view());
    if (level < options_.max_levels && random_.one_in(4))
      return bson::Value::array(nested(true, level + 1));
    return scalar();
  }

  bson::Document nested(bool is_array, int level) {
    bson::Writer writer;
    const auto fields = random_.below(options_.max_fields + 1);
    unsigned used = 0;
    for (std::size_t i = 0; i < fields; ++i) {
      if (is_array) {
        writer.push(any(level));
        continue;
      }
      const auto key = name();
      const unsigned bit = 1U << (key[0] - 'a');
      if (options_.unique_keys && (used & bit) != 0) continue;
      used |= bit;
      writer.append(key, any(level));
    }
    return writer.finish();
  }

  std::int32_t int32() {
    static constexpr std::array<std::int32_t, 8> borders{0,
                                                         1,
                                                         -1,
                                                         2,
                                                         127,
                                                         -128,
                                                         std::numeric_limits<std::int32_t>::max(),
                                                         std::numeric_limits<std::int32_t>::min()};
    return random_.one_in(4) ? static_cast<std::int32_t>(random_.next() >> 32)
                             : random_.pick(borders);
  }
  std::int64_t int64() {
    static constexpr std::array<std::int64_t, 10> borders{0,
                                                          1,
                                                          -1,
                                                          2,
                                                          2147483648,
                                                          -2147483649,
                                                          9007199254740993,
                                                          -9007199254740993,
                                                          std::numeric_limits<std::int64_t>::max(),
                                                          std::numeric_limits<std::int64_t>::min()};
    return random_.one_in(4) ? static_cast<std::int64_t>(random_.next()) : random_.pick(borders);
  }
  double real() {
    static constexpr double infinity = std::numeric_limits<double>::infinity();
    static constexpr std::array<double, 14> borders{0.0,
                                                    -0.0,
                                                    1.0,
                                                    -1.0,
                                                    2.0,
                                                    0.5,
                                                    1.5,
                                                    0.1,
                                                    9007199254740992.0,
                                                    9223372036854775808.0,
                                                    1e300,
                                                    5e-324,
                                                    infinity,
                                                    -infinity};
    if (options_.nan && random_.one_in(12)) return std::numeric_limits<double>::quiet_NaN();
    if (!random_.one_in(4)) return random_.pick(borders);
    const auto any = std::bit_cast<double>(random_.next());
    return any == any ? any : 3.25;
  }
  bson::Value decimal() {
    static constexpr std::array<std::string_view, 11> texts{
        "0",
        "-0",
        "1",
        "1.0",
        "-1",
        "2",
        "0.5",
        "0.1",
        "1E3",
        "-1E-20",
        "9.999999999999999999999999999999999E+6144"};
    if (options_.nan && random_.one_in(12)) return bson::Value(Decimal128::from_string("NaN"));
    if (random_.one_in(12)) {
      return bson::Value(Decimal128::from_string(random_.one_in(2) ? "Infinity" : "-Infinity"));
    }
    return bson::Value(Decimal128::from_string(random_.pick(texts)));
  }
  std::string text() {
    using namespace std::string_view_literals;
    static constexpr std::array<std::string_view, 9> texts{
        ""sv,           "a"sv, "b"sv, "ab"sv, "B"sv, "a\0b"sv, "\xC3\xA9\xF0\x9F\x98\x80"sv,
        "\"\\\n\x01"sv, "1"sv};
    if (!random_.one_in(8)) return std::string(random_.pick(texts));
    return std::string(random_.below(40), static_cast<char>('a' + random_.below(26)));
  }
  ObjectId object_id() {
    ObjectId id;
    id.bytes.back() = static_cast<std::uint8_t>(random_.below(4));
    id.bytes.front() = 0x5F;
    return id;
  }
  bson::Value binary() {
    static constexpr std::array<bson::BinarySubtype, 5> subtypes{
        bson::BinarySubtype::generic, bson::BinarySubtype::generic, bson::BinarySubtype::binary_old,
        bson::BinarySubtype::md5, bson::BinarySubtype::user};
    if (random_.one_in(3)) {
      Uuid uuid;
      uuid.bytes.fill(static_cast<std::uint8_t>(random_.below(3)));
      return bson::Value(uuid);
    }
    bson::Binary binary;
    binary.subtype = random_.pick(subtypes);
    for (auto left = random_.below(6); left > 0; --left)
      binary.bytes.push_back(static_cast<std::uint8_t>(random_.next()));
    return bson::Value(binary);
  }
  bson::Value deprecated() {
    bson::Buffer bytes;
    switch (random_.below(5)) {
      case 0:
        return bson::Value(bson::Undefined{});
      case 1:
        return bson::Value(bson::Symbol{text()});
      case 2:
        return bson::Value(bson::Code{text()});
      case 3: {
        const auto id = object_id();
        put_text(bytes, "db.c");
        bytes.append(id.bytes.data(), 12);
        return payload(bson::Type::db_pointer, bytes);
      }
      default: {
        const auto source = text();
        const auto scope = bson::make_document("a", int32());
        bytes.put(static_cast<std::int32_t>(4 + 4 + source.size() + 1 + scope.size()));
        put_text(bytes, source);
        bytes.append(scope.view().data(), scope.size());
        return payload(bson::Type::code_with_scope, bytes);
      }
    }
  }
  static void put_text(bson::Buffer& bytes, std::string_view text) {
    bytes.put(static_cast<std::int32_t>(text.size() + 1));
    bytes.append(text.data(), text.size());
    bytes.push_back(0);
  }
  static bson::Value payload(bson::Type type, const bson::Buffer& bytes) {
    return bson::Value(bson::ValueView(type, bytes.data(), bytes.size()));
  }

  Random random_;
  RandomOptions options_;
};

}  // namespace quire::test
