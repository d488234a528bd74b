#pragma once

#include <mysql.h>

#include <string>
#include <string_view>

#include "quire/bson/writer.hpp"
#include "quire/importer/cell.hpp"
#include "quire/importer/schema.hpp"

namespace quire::importer::mysql {

/// Turns one column's values of the binary protocol into cells.
class Decoder {
 public:
  /// `field`: what the server says of the result's column; `column`: what the schema does.
  Decoder(const MYSQL_FIELD& field, const Column& column);

  /// Reads the value at `row` and moves `row` behind it. Text of the cell views the row or what
  /// this owns, until the next call.
  [[nodiscard]] Cell decode(unsigned char*& row);
  /// Bytes of the last value, about.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  Cell integer(std::int64_t value) const;
  Cell whole(unsigned char*& row);
  Cell of_text(std::string_view text);
  Cell bits(std::string_view bytes) const;
  Cell decimal(std::string_view text);
  Cell uuid(std::string_view text);
  Cell set(std::string_view text);
  Cell date(std::string_view bytes);
  Cell moment(std::string_view bytes, Cell::Kind kind);
  Cell time(std::string_view bytes) const;
  Cell unreadable(std::string text);

  enum_field_types wire_;
  bool unsigned_;
  ColumnType type_;
  unsigned fraction_;  ///< digits of a second that the column has
  std::string owned_;
  bson::Buffer array_;
  std::size_t size_ = 0;
};

}  // namespace quire::importer::mysql
