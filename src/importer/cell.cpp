#include "quire/importer/cell.hpp"

#include <cstring>

#include "importer/names.hpp"
#include "importer/time_text.hpp"
#include "importer/value_text.hpp"
#include "quire/bson/json.hpp"
#include "quire/core/error.hpp"

namespace quire::importer {
namespace {

using Kind = Cell::Kind;

constexpr Named<Kind> kinds[] = {
    {Kind::null, "null"},         {Kind::absent, "absent"},       {Kind::boolean, "boolean"},
    {Kind::int32, "int32"},       {Kind::int64, "int64"},         {Kind::uint64, "uint64"},
    {Kind::real, "real"},         {Kind::decimal, "decimal"},     {Kind::text, "text"},
    {Kind::binary, "binary"},     {Kind::instant, "instant"},     {Kind::wall_time, "wall_time"},
    {Kind::date, "date"},         {Kind::time, "time"},           {Kind::interval, "interval"},
    {Kind::uuid, "uuid"},         {Kind::object_id, "object_id"}, {Kind::json, "json"},
    {Kind::document, "document"}, {Kind::array, "array"},         {Kind::zero_date, "zero_date"},
    {Kind::infinite, "infinite"}, {Kind::value, "value"},         {Kind::unreadable, "unreadable"},
};

bson::Value bytes_value(std::string_view bytes, bson::BinarySubtype subtype) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  return bson::Binary{{data, data + bytes.size()}, subtype};
}

bson::Value text_value(std::string_view text) {
  if (!bson::is_utf8(text)) return bytes_value(text, bson::BinarySubtype::user);
  return text;
}

std::string json_text(const Cell& cell) {
  try {
    std::string out;
    append_text(out, cell);
    return out;
  } catch (const Error& error) {
    return error.what();
  }
}

std::string whole_display(const Cell& cell, std::size_t most) {
  std::string out;
  switch (cell.kind) {
    case Kind::null:
    case Kind::absent:
      return "null";
    case Kind::text:
    case Kind::json:
    case Kind::unreadable:
      // Escapes may be four times as long: what is cut off anyway is not looked at.
      return visible_text(cell.text.substr(0, most + 4));
    case Kind::binary:
      return "0x" + hex_of(cell.text.substr(0, most), true);
    case Kind::document:
    case Kind::array:
    case Kind::value:
      return json_text(cell);
    default:
      append_text(out, cell);
      return out;
  }
}

}  // namespace

std::string_view to_string(Cell::Kind kind) noexcept { return name_of(kinds, kind); }

bson::Value key_value(const Cell& cell) {
  switch (cell.kind) {
    case Kind::null:
    case Kind::absent:
    case Kind::document:
    case Kind::array:
    case Kind::unreadable:
      throw ImportError(ErrorCode::unreadable_value,
                        "a row cannot be told by " +
                            (cell.kind == Kind::unreadable ? "what cannot be read: " + display(cell)
                                                           : std::string(to_string(cell.kind))) +
                            "; name other columns as the key");
    case Kind::boolean:
      if (!cell.text.empty()) return text_value(cell.text);
      return cell.integer != 0;
    case Kind::int32:
      return static_cast<std::int32_t>(cell.integer);
    case Kind::int64:
      return cell.integer;
    case Kind::uint64:
      if (cell.unsigned_integer <= 0x7FFFFFFFFFFFFFFFULL)
        return static_cast<std::int64_t>(cell.unsigned_integer);
      return std::to_string(cell.unsigned_integer);
    case Kind::real:
      return cell.real;
    case Kind::uuid:
      if (!cell.text.empty()) return text_value(cell.text);
      return bson::Uuid{cell.uuid};
    case Kind::object_id: {
      ObjectId id;
      if (cell.text.size() != id.bytes.size()) return bytes_value(cell.text, {});
      std::memcpy(id.bytes.data(), cell.text.data(), id.bytes.size());
      return id;
    }
    case Kind::binary:
      return bytes_value(cell.text, bson::BinarySubtype::generic);
    case Kind::text:
      return text_value(cell.text);
    case Kind::value:
      return bson::Value(free_value(cell));
    case Kind::instant: {
      if (!cell.text.empty()) return text_value(cell.text);
      std::string out;
      append_moment(out, cell.integer, ' ');
      return out + "+00:00";
    }
    case Kind::wall_time: {
      if (!cell.text.empty()) return text_value(cell.text);
      std::string out;
      append_moment(out, cell.integer, ' ');
      return out;
    }
    default: {
      if (!cell.text.empty()) return text_value(cell.text);
      std::string out;
      append_text(out, cell);
      return out;
    }
  }
}

std::string display(const Cell& cell, std::size_t most) {
  return shortened(whole_display(cell, most), most);
}

}  // namespace quire::importer
