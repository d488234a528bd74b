#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace quire::importer {

/// What becomes of values for which BSON has more than one answer, or none. Of a whole mapping, a
/// table or a field: the nearest one counts.
struct TypePolicy {
  /// numeric / decimal: exact up to 34 digits, more is unreadable_value; real rounds; string keeps
  /// the digits.
  enum class Numeric : std::uint8_t { decimal128, real, string } numeric = Numeric::decimal128;
  /// Columns that can hold more than int64: all as decimal128, or as int64 where a larger value is
  /// unreadable_value.
  enum class Unsigned : std::uint8_t { decimal128, int64 } unsigned64 = Unsigned::decimal128;
  /// MySQL's 0000-00-00 and dates with month or day 0.
  enum class ZeroDate : std::uint8_t { null, reject } zero_date = ZeroDate::null;
  /// PostgreSQL's infinity of dates: null, reject, or the ends of what a BSON datetime can hold.
  enum class Infinite : std::uint8_t { null, reject, ends } infinite = Infinite::reject;
  /// A BSON datetime has milliseconds: what is finer is cut off, refused, or all is kept as text.
  enum class Fraction : std::uint8_t { truncate, reject, string } fraction = Fraction::truncate;
  /// Dates: a datetime at midnight UTC, or the text "2024-05-01".
  enum class Date : std::uint8_t { date_time, string } date = Date::date_time;
  enum class UuidAs : std::uint8_t { uuid, string } uuid = UuidAs::uuid;
  /// json and jsonb: nested documents, or their text.
  enum class Json : std::uint8_t { document, string } json = Json::document;
  /// Text that is not UTF-8: refused, or taken to be in `encoding`.
  enum class BadText : std::uint8_t { reject, convert } bad_text = BadText::reject;
  std::string encoding = "windows-1252";
  /// The zone of times without one: "UTC", "Europe/Berlin", "+02:00". A time that the zone leaves
  /// out is read with the offset before it; one that comes twice is its first.
  std::string zone = "UTC";
  /// Time of the day: text "13:45:00.5", or milliseconds as int64. Intervals are ISO 8601 text.
  enum class Time : std::uint8_t { string, milliseconds } time = Time::string;
  /// PostgreSQL's and MySQL's text for types that BSON has nothing for is kept; or such columns are
  /// left out.
  enum class Other : std::uint8_t { string, skip } other = Other::string;
  friend bool operator==(const TypePolicy&, const TypePolicy&) = default;
};

/// What a field is converted to. `as_is`: what the column's type and the policy say.
enum class Convert : std::uint8_t {
  as_is,
  string,  ///< numbers in full, datetimes ISO 8601, booleans "true" / "false", uuids with dashes
  int32,   ///< of numbers without a fraction and of text of digits
  int64,
  real,  ///< a double that equals the number, else unreadable_value; of decimals rounded
  decimal128,
  boolean,       ///< of 0/1, and of t/f, true/false, yes/no, y/n, on/off, 0/1 as text in any case
  date_time,     ///< of dates and times; of ISO 8601 text, "YYYY-MM-DD HH:MM:SS[.f][zone]"; of
                 ///< numbers: seconds
  date_time_ms,  ///< as date_time; numbers are milliseconds
  object_id,     ///< of 24 hexadecimal digits or 12 bytes
  uuid,          ///< of text with or without dashes, or 16 bytes
  binary,        ///< of text: its bytes
  json           ///< text that is one JSON value
};
[[nodiscard]] std::string_view to_string(Convert convert) noexcept;

}  // namespace quire::importer
