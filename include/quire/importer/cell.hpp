#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "quire/bson/value.hpp"

namespace quire::importer {

/// One value of a row as its source has it, before any policy. Text and bytes view what the reader
/// owns, until its next row. A boolean, time or uuid that the source has as text has that in `text`
/// too: nothing is lost, and its row is found again by it.
struct Cell {
  enum class Kind : std::uint8_t {
    null,
    absent,     ///< the document has no such field. As null, but NullPolicy::keep leaves it out
    boolean,    ///< integer: 0 or 1
    int32,      ///< integer
    int64,      ///< integer
    uint64,     ///< unsigned_integer; of a column that can hold more than int64 can
    real,       ///< real
    decimal,    ///< text: digits as the source writes them, "-12.340", "NaN", "Infinity"
    text,       ///< text, not checked to be UTF-8
    binary,     ///< text: the bytes
    instant,    ///< integer: microseconds since 1970-01-01 UTC
    wall_time,  ///< integer: the same of a time without a zone, read as if it were UTC
    date,       ///< integer: days since 1970-01-01
    time,       ///< integer: microseconds of the day; MySQL's may be negative or over a day
    interval,   ///< text: ISO 8601, "P1Y2M3DT4H5M6.7S"
    uuid,       ///< uuid
    object_id,  ///< text: 12 bytes
    json,       ///< text: one JSON value
    document,   ///< text: the bytes of a BSON document
    array,      ///< text: the bytes of a BSON array
    zero_date,  ///< text: "0000-00-00 00:00:00" as MySQL allows it, or with month or day zero
    infinite,   ///< text: "infinity" or "-infinity", of a date or timestamp
    value,  ///< text: a byte of bson::Type and the payload of a BSON value that is none of these
    unreadable  ///< text: why the source's value is none of these
  };
  Kind kind = Kind::null;
  union {
    std::int64_t integer = 0;
    std::uint64_t unsigned_integer;
    double real;
    std::array<std::uint8_t, 16> uuid;
  };
  std::string_view text = {};

  [[nodiscard]] bool is_null() const noexcept { return kind == Kind::null || kind == Kind::absent; }

  [[nodiscard]] static Cell of_integer(Kind kind, std::int64_t value) {
    Cell cell;
    cell.kind = kind;
    cell.integer = value;
    return cell;
  }
  [[nodiscard]] static Cell of_unsigned(std::uint64_t value) {
    Cell cell;
    cell.kind = Kind::uint64;
    cell.unsigned_integer = value;
    return cell;
  }
  [[nodiscard]] static Cell of_real(double value) {
    Cell cell;
    cell.kind = Kind::real;
    cell.real = value;
    return cell;
  }
  [[nodiscard]] static Cell of_text(Kind kind, std::string_view value) {
    Cell cell;
    cell.kind = kind;
    cell.text = value;
    return cell;
  }
  [[nodiscard]] static Cell of_uuid(const std::array<std::uint8_t, 16>& value) {
    Cell cell;
    cell.kind = Kind::uuid;
    cell.uuid = value;
    return cell;
  }
};

[[nodiscard]] std::string_view to_string(Cell::Kind kind) noexcept;
/// The value so that the source finds its row by it again: `text` where there is one; booleans,
/// integers up to int64, reals, uuids, object ids and bytes as they are; text that is not UTF-8 as
/// its bytes, with subtype 0x80; all else as text: digits, "2024-05-01 12:00:00.5+00:00" of an
/// instant, the same without an offset of a wall time, "2024-05-01", "13:45:00.5". No policy
/// applies.
/// Throws ImportError unreadable_value for what cannot be a key: null, documents, arrays.
[[nodiscard]] bson::Value key_value(const Cell& cell);
/// For people and for rejects: "2024-05-01T12:00:00.123456Z", "0xBEEF…" of bytes; text that is not
/// UTF-8 with its bytes as \xNN. At most `most` bytes.
[[nodiscard]] std::string display(const Cell& cell, std::size_t most = 200);

}  // namespace quire::importer
