#include "importer/postgresql/decode.hpp"

#include <charconv>
#include <cstring>

#include "importer/postgresql/nested.hpp"

namespace quire::importer::postgresql {
namespace {

using Kind = Cell::Kind;

constexpr std::int64_t days_to_2000 = 10'957;
constexpr std::int64_t micros_to_2000 = days_to_2000 * 86'400'000'000;

constexpr std::string_view wrong_length =
    "a value whose length is not that of its type: the server sends another format";

Cell wrong() { return Cell::of_text(Kind::unreadable, wrong_length); }

Cell timestamp(Kind kind, std::string_view bytes) {
  if (bytes.size() != 8) return wrong();
  const auto micros = big_endian<std::int64_t>(bytes);
  if (micros == INT64_MAX) return Cell::of_text(Kind::infinite, "infinity");
  if (micros == INT64_MIN) return Cell::of_text(Kind::infinite, "-infinity");
  std::int64_t since_1970 = 0;
  if (__builtin_add_overflow(micros, micros_to_2000, &since_1970))
    return Cell::of_text(Kind::unreadable,
                         "a time after the year 294246: microseconds since 1970 do not hold it");
  return Cell::of_integer(kind, since_1970);
}

Cell date(std::string_view bytes) {
  if (bytes.size() != 4) return wrong();
  const auto days = big_endian<std::int32_t>(bytes);
  if (days == INT32_MAX) return Cell::of_text(Kind::infinite, "infinity");
  if (days == INT32_MIN) return Cell::of_text(Kind::infinite, "-infinity");
  return Cell::of_integer(Kind::date, days + days_to_2000);
}

void append_number(std::string& out, std::int64_t value) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

/// "-6.000007": the sign of seconds and of their fraction is the same.
void append_seconds(std::string& out, std::int64_t seconds, std::int64_t micros) {
  if (seconds < 0 || micros < 0) out += '-';
  append_number(out, seconds < 0 ? -seconds : seconds);
  if (micros == 0) return;
  std::string fraction = std::to_string(micros < 0 ? -micros : micros);
  fraction.insert(0, 6 - fraction.size(), '0');
  while (fraction.back() == '0') fraction.pop_back();
  out += '.';
  out += fraction;
}

/// As PostgreSQL writes it with IntervalStyle iso_8601: each part has its own sign.
Cell interval(std::string_view bytes, std::string& scratch) {
  if (bytes.size() != 16) return wrong();
  const auto micros = big_endian<std::int64_t>(bytes);
  const auto days = big_endian<std::int32_t>(bytes.substr(8));
  const auto months = big_endian<std::int32_t>(bytes.substr(12));
  if (micros == INT64_MAX && days == INT32_MAX && months == INT32_MAX)
    return Cell::of_text(Kind::infinite, "infinity");
  if (micros == INT64_MIN && days == INT32_MIN && months == INT32_MIN)
    return Cell::of_text(Kind::infinite, "-infinity");
  scratch = "P";
  const auto part = [&](std::int64_t value, char unit) {
    if (value == 0) return;
    append_number(scratch, value);
    scratch += unit;
  };
  part(months / 12, 'Y');
  part(months % 12, 'M');
  part(days, 'D');
  if (micros != 0) {
    scratch += 'T';
    part(micros / 3'600'000'000, 'H');
    part(micros / 60'000'000 % 60, 'M');
    if (micros % 60'000'000 != 0) {
      append_seconds(scratch, micros / 1'000'000 % 60, micros % 1'000'000);
      scratch += 'S';
    }
  }
  if (scratch.size() == 1) scratch = "PT0S";
  return Cell::of_text(Kind::interval, scratch);
}

void append_group(std::string& out, unsigned value, bool padded) {
  char digits[4] = {static_cast<char>('0' + value / 1000),
                    static_cast<char>('0' + value / 100 % 10),
                    static_cast<char>('0' + value / 10 % 10), static_cast<char>('0' + value % 10)};
  std::size_t from = 0;
  if (!padded)
    while (from < 3 && digits[from] == '0') ++from;
  out.append(digits + from, 4 - from);
}

/// Groups of four digits, `weight` of which + 1 are before the point; `scale` digits behind it.
Cell numeric(std::string_view bytes, std::string& scratch) {
  if (bytes.size() < 8) return wrong();
  const int groups = big_endian<std::uint16_t>(bytes);
  const int weight = big_endian<std::int16_t>(bytes.substr(2));
  const auto sign = big_endian<std::uint16_t>(bytes.substr(4));
  const int scale = big_endian<std::uint16_t>(bytes.substr(6));
  if (sign == 0xC000) return Cell::of_text(Kind::decimal, "NaN");
  if (sign == 0xD000) return Cell::of_text(Kind::decimal, "Infinity");
  if (sign == 0xF000) return Cell::of_text(Kind::decimal, "-Infinity");
  if (bytes.size() != 8 + 2 * static_cast<std::size_t>(groups)) return wrong();
  const auto group = [&](int i) -> unsigned {
    if (i < 0 || i >= groups) return 0;
    return big_endian<std::uint16_t>(bytes.substr(8 + 2 * static_cast<std::size_t>(i)));
  };
  scratch.clear();
  if (sign == 0x4000) scratch += '-';
  if (weight < 0) scratch += '0';
  for (int i = 0; i <= weight; ++i) append_group(scratch, group(i), i != 0);
  if (scale > 0) {
    scratch += '.';
    const std::size_t end = scratch.size() + static_cast<std::size_t>(scale);
    for (int i = weight + 1; scratch.size() < end; ++i) append_group(scratch, group(i), true);
    scratch.resize(end);
  }
  return Cell::of_text(Kind::decimal, scratch);
}

template <class T>
Cell integer(Kind kind, std::string_view bytes) {
  if (bytes.size() != sizeof(T)) return wrong();
  return Cell::of_integer(kind, static_cast<std::int64_t>(big_endian<T>(bytes)));
}

template <class Real, class Bits>
Cell real(std::string_view bytes) {
  if (bytes.size() != sizeof(Real)) return wrong();
  const auto bits = big_endian<Bits>(bytes);
  Real value;
  std::memcpy(&value, &bits, sizeof value);
  return Cell::of_real(static_cast<double>(value));
}

Cell uuid(std::string_view bytes) {
  if (bytes.size() != 16) return wrong();
  std::array<std::uint8_t, 16> value;
  std::memcpy(value.data(), bytes.data(), value.size());
  return Cell::of_uuid(value);
}

}  // namespace

Cell decode(const Type& type, std::string_view bytes, std::string& scratch) {
  switch (type.wire) {
    case Wire::boolean:
      return integer<std::int8_t>(Kind::boolean, bytes);
    case Wire::int2:
      return integer<std::int16_t>(Kind::int32, bytes);
    case Wire::int4:
      return integer<std::int32_t>(Kind::int32, bytes);
    case Wire::int8:
      return integer<std::int64_t>(Kind::int64, bytes);
    case Wire::oid:
      return integer<std::uint32_t>(Kind::int64, bytes);
    case Wire::float4:
      return real<float, std::uint32_t>(bytes);
    case Wire::float8:
      return real<double, std::uint64_t>(bytes);
    case Wire::numeric:
      return numeric(bytes, scratch);
    case Wire::bytea:
      return Cell::of_text(Kind::binary, bytes);
    case Wire::date:
      return date(bytes);
    case Wire::time:
      return integer<std::int64_t>(Kind::time, bytes);
    case Wire::timestamp:
      return timestamp(Kind::wall_time, bytes);
    case Wire::timestamptz:
      return timestamp(Kind::instant, bytes);
    case Wire::interval:
      return interval(bytes, scratch);
    case Wire::uuid:
      return uuid(bytes);
    case Wire::json:
      return Cell::of_text(Kind::json, bytes);
    case Wire::jsonb:  // the first byte is the format's version
      return bytes.empty() || bytes[0] != 1 ? wrong() : Cell::of_text(Kind::json, bytes.substr(1));
    case Wire::array:
    case Wire::composite:
      return decode_nested(type, bytes, scratch);
    case Wire::text:
    case Wire::cast_to_text:
      break;
  }
  return Cell::of_text(Kind::text, bytes);
}

}  // namespace quire::importer::postgresql
