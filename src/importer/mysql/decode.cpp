#include "importer/mysql/decode.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <limits>

namespace quire::importer::mysql {
namespace {

constexpr std::int64_t second_us = 1000000;
constexpr std::int64_t day_us = 86400 * second_us;

/// Little-endian, as the protocol has all its numbers.
template <class T>
T load(const unsigned char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <class T>
T take(unsigned char*& row) {
  const T value = load<T>(row);
  row += sizeof value;
  return value;
}

/// Text, bytes, dates: a length of one to nine bytes, then that many bytes.
std::string_view take_bytes(unsigned char*& row) {
  std::uint64_t size = *row++;
  if (size == 252) {
    size = take<std::uint16_t>(row);
  } else if (size == 253) {
    size = row[0] + 256U * row[1] + 65536U * row[2];
    row += 3;
  } else if (size == 254) {
    size = take<std::uint64_t>(row);
  }
  const std::string_view out(reinterpret_cast<const char*>(row), size);
  row += size;
  return out;
}

/// What the server leaves out at the end is zero.
struct Moment {
  unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, micro = 0;

  explicit Moment(std::string_view bytes) {
    const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
    if (bytes.size() >= 4) {
      year = load<std::uint16_t>(at);
      month = at[2];
      day = at[3];
    }
    if (bytes.size() >= 7) {
      hour = at[4];
      minute = at[5];
      second = at[6];
    }
    if (bytes.size() >= 11) micro = load<std::uint32_t>(at + 7);
  }
  [[nodiscard]] bool has_zero() const { return month == 0 || day == 0; }
  [[nodiscard]] std::chrono::year_month_day date() const {
    return {std::chrono::year(static_cast<int>(year)), std::chrono::month(month),
            std::chrono::day(day)};
  }
  /// Since 1970-01-01.
  [[nodiscard]] std::int64_t days() const {
    return std::chrono::sys_days(date()).time_since_epoch().count();
  }
  [[nodiscard]] std::string text(bool with_time, unsigned digits) const {
    char out[48];
    int size = std::snprintf(out, sizeof out, "%04u-%02u-%02u", year, month, day);
    if (with_time) {
      size += std::snprintf(out + size, sizeof out - static_cast<std::size_t>(size),
                            " %02u:%02u:%02u", hour, minute, second);
      if (digits > 0) {
        std::snprintf(out + size, sizeof out - static_cast<std::size_t>(size), ".%06u", micro);
        size += 1 + static_cast<int>(digits);
      }
    }
    return {out, static_cast<std::size_t>(size)};
  }
};

int hexadecimal(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Decoder::Decoder(const MYSQL_FIELD& field, const Column& column)
    : wire_(field.type),
      unsigned_((field.flags & UNSIGNED_FLAG) != 0),
      type_(column.type),
      fraction_(field.decimals <= 6 ? field.decimals : 6) {}

Cell Decoder::integer(std::int64_t value) const {
  if (type_ == ColumnType::boolean && (value == 0 || value == 1)) {
    return Cell::of_integer(Cell::Kind::boolean, value);
  }
  if (type_ == ColumnType::uint64) return Cell::of_unsigned(static_cast<std::uint64_t>(value));
  const bool small = value >= std::numeric_limits<std::int32_t>::min() &&
                     value <= std::numeric_limits<std::int32_t>::max();
  return Cell::of_integer(
      small && type_ != ColumnType::int64 ? Cell::Kind::int32 : Cell::Kind::int64, value);
}

Cell Decoder::whole(unsigned char*& row) {
  switch (wire_) {
    case MYSQL_TYPE_TINY:
      return integer(unsigned_ ? take<std::uint8_t>(row) : take<std::int8_t>(row));
    case MYSQL_TYPE_YEAR:
      return integer(take<std::uint16_t>(row));
    case MYSQL_TYPE_SHORT:
      return integer(unsigned_ ? take<std::uint16_t>(row) : take<std::int16_t>(row));
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
      if (unsigned_) return integer(take<std::uint32_t>(row));
      return integer(take<std::int32_t>(row));
    default:
      if (unsigned_ && type_ != ColumnType::boolean) {
        return Cell::of_unsigned(take<std::uint64_t>(row));
      }
      return integer(take<std::int64_t>(row));
  }
}

Cell Decoder::decode(unsigned char*& row) {
  unsigned char* const begin = row;
  Cell out;
  switch (wire_) {
    case MYSQL_TYPE_TINY:
    case MYSQL_TYPE_YEAR:
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_LONGLONG:
      out = whole(row);
      break;
    case MYSQL_TYPE_FLOAT:
      out = Cell::of_real(static_cast<double>(take<float>(row)));
      break;
    case MYSQL_TYPE_DOUBLE:
      out = Cell::of_real(take<double>(row));
      break;
    case MYSQL_TYPE_NULL:
      break;
    case MYSQL_TYPE_DATE:
    case MYSQL_TYPE_NEWDATE:
      out = date(take_bytes(row));
      break;
    case MYSQL_TYPE_DATETIME:
      out = moment(take_bytes(row), Cell::Kind::wall_time);
      break;
    case MYSQL_TYPE_TIMESTAMP:
      out = moment(take_bytes(row), Cell::Kind::instant);
      break;
    case MYSQL_TYPE_TIME:
      out = time(take_bytes(row));
      break;
    default:
      out = of_text(take_bytes(row));
      break;
  }
  size_ = static_cast<std::size_t>(row - begin);
  return out;
}

Cell Decoder::of_text(std::string_view text) {
  if (wire_ == MYSQL_TYPE_BIT) return bits(text);
  if (wire_ == MYSQL_TYPE_NEWDECIMAL || wire_ == MYSQL_TYPE_DECIMAL) return decimal(text);
  switch (type_) {
    case ColumnType::binary:
      return Cell::of_text(Cell::Kind::binary, text);
    case ColumnType::json:
      return Cell::of_text(Cell::Kind::json, text);
    case ColumnType::uuid:
      return uuid(text);
    case ColumnType::array:
      return set(text);
    default:
      return Cell::of_text(Cell::Kind::text, text);
  }
}

Cell Decoder::bits(std::string_view bytes) const {
  std::uint64_t value = 0;
  for (const char one : bytes) value = value << 8U | static_cast<unsigned char>(one);
  return integer(static_cast<std::int64_t>(value));
}

/// ZEROFILL columns have zeros in front, which are no digits of the number.
Cell Decoder::decimal(std::string_view text) {
  if (text.size() < 2 || text[0] != '0' || text[1] == '.') {
    return Cell::of_text(Cell::Kind::decimal, text);
  }
  const auto begin = text.find_first_not_of('0');
  if (begin == text.npos || text[begin] == '.') {
    return Cell::of_text(Cell::Kind::decimal,
                         text.substr(begin == text.npos ? text.size() - 1 : begin - 1));
  }
  return Cell::of_text(Cell::Kind::decimal, text.substr(begin));
}

Cell Decoder::uuid(std::string_view text) {
  std::array<std::uint8_t, 16> out{};
  std::size_t digits = 0;
  for (const char c : text) {
    if (c == '-') continue;
    const int value = hexadecimal(c);
    if (value < 0 || digits == 32) return unreadable("\"" + std::string(text) + "\" is no UUID");
    out[digits / 2] = static_cast<std::uint8_t>(out[digits / 2] << 4U | value);
    ++digits;
  }
  if (digits != 32) return unreadable("\"" + std::string(text) + "\" is no UUID");
  return Cell::of_uuid(out);
}

/// Members of a SET hold no comma.
Cell Decoder::set(std::string_view text) {
  bson::Writer writer(std::move(array_));
  std::size_t index = 0;
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    writer.append(std::to_string(index++), text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  array_ = writer.finish().release();
  return Cell::of_text(Cell::Kind::array,
                       {reinterpret_cast<const char*>(array_.data()), array_.size()});
}

Cell Decoder::date(std::string_view bytes) {
  const Moment value(bytes);
  if (value.has_zero()) {
    owned_ = value.text(false, 0);
    return Cell::of_text(Cell::Kind::zero_date, owned_);
  }
  if (!value.date().ok()) return unreadable(value.text(false, 0) + " is no day of the calendar");
  return Cell::of_integer(Cell::Kind::date, value.days());
}

Cell Decoder::moment(std::string_view bytes, Cell::Kind kind) {
  const Moment value(bytes);
  if (value.has_zero()) {
    owned_ = value.text(true, fraction_);
    return Cell::of_text(Cell::Kind::zero_date, owned_);
  }
  if (!value.date().ok()) {
    return unreadable(value.text(true, fraction_) + " is no day of the calendar");
  }
  const std::int64_t seconds = value.hour * 3600LL + value.minute * 60LL + value.second;
  return Cell::of_integer(kind, value.days() * day_us + seconds * second_us + value.micro);
}

Cell Decoder::time(std::string_view bytes) const {
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  std::int64_t value = 0;
  if (bytes.size() >= 8) {
    value =
        load<std::uint32_t>(at + 1) * day_us + (at[5] * 3600LL + at[6] * 60LL + at[7]) * second_us;
    if (bytes.size() >= 12) value += load<std::uint32_t>(at + 8);
    if (at[0] != 0) value = -value;
  }
  return Cell::of_integer(Cell::Kind::time, value);
}

Cell Decoder::unreadable(std::string text) {
  owned_ = std::move(text);
  return Cell::of_text(Cell::Kind::unreadable, owned_);
}

}  // namespace quire::importer::mysql
