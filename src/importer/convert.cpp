#include "importer/convert.hpp"

#include <cstring>

#include "importer/enum_names.hpp"
#include "importer/time_text.hpp"
#include "importer/value_text.hpp"
#include "quire/core/error.hpp"

namespace quire::importer {

using Kind = Cell::Kind;

namespace {

bool makes_times(Convert as) { return as == Convert::date_time || as == Convert::date_time_ms; }

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool has_bytes(Kind kind) { return kind == Kind::text || kind == Kind::binary; }

}  // namespace

Conversion::Conversion(Options options) : options_(std::move(options)) {
  const TypePolicy& types = options_.types;
  if (!find_zone(types.zone, zone_)) {
    throw ImportError(ErrorCode::invalid_mapping,
                      options_.place + ": there is no zone " + in_quotes(types.zone) +
                          "; zones are written \"UTC\", \"Europe/Berlin\" or \"+02:00\"");
  }
  if (types.bad_text == TypePolicy::BadText::convert && !knows_encoding(types.encoding)) {
    throw ImportError(ErrorCode::invalid_mapping, options_.place + ": there is no encoding " +
                                                      in_quotes(types.encoding) +
                                                      "; \"windows-1252\" is one");
  }
  utc_ = zone_ == cctz::utc_time_zone();
  cases_ = options_.lower || options_.upper || options_.trim;
  plain_ = options_.as == Convert::as_is && !cases_;
  times_ = makes_times(options_.as);
}

void Conversion::fail(const Cell& cell, std::string_view why) const {
  std::string text = options_.place + ": ";
  if (cell.kind == Kind::unreadable)
    throw UnreadableCell(ErrorCode::unreadable_value, FieldPath(options_.path),
                         text + display(cell));
  text += std::string(to_string(cell.kind)) + " " + in_quotes(display(cell, 80));
  if (options_.as != Convert::as_is)
    text += " cannot become " + std::string(to_string(options_.as));
  if (!why.empty()) text += (options_.as != Convert::as_is ? ": " : " ") + std::string(why);
  throw ImportError(ErrorCode::unreadable_value, FieldPath(options_.path), text);
}

bool Conversion::seen_as_null(const Cell& cell) const noexcept {
  const TypePolicy& types = options_.types;
  switch (cell.kind) {
    case Kind::zero_date:
      return types.zero_date == TypePolicy::ZeroDate::null;
    case Kind::infinite:
      return types.infinite == TypePolicy::Infinite::null;
    case Kind::text:
      if (cell.text.empty()) return false;
      if (types.infinite == TypePolicy::Infinite::null &&
          (cell.text == "infinity" || cell.text == "-infinity"))
        return true;
      return types.zero_date == TypePolicy::ZeroDate::null && is_zero_date(cell.text);
    case Kind::json:
      return (options_.as == Convert::json ||
              (options_.as == Convert::as_is && types.json == TypePolicy::Json::document)) &&
             trimmed(cell.text) == "null";
    default:
      return false;
  }
}

Cell Conversion::cased(const Cell& cell, ConvertScratch& scratch) const {
  Cell out = cell;
  if (options_.trim) out.text = trimmed(out.text);
  if (!options_.lower && !options_.upper) return out;
  scratch.cased.assign(out.text);
  for (char& c : scratch.cased) {
    if (options_.lower && c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (options_.upper && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  out.text = scratch.cased;
  return out;
}

std::string_view Conversion::utf8(const Cell& cell, ConvertScratch& scratch) const {
  if (bson::is_utf8(cell.text)) [[likely]]
    return cell.text;
  std::string_view text;
  if (options_.types.bad_text == TypePolicy::BadText::reject)
    fail(cell, "is not UTF-8; bad_text \"convert\" takes it to be in `encoding`");
  if (!scratch.to_utf8(options_.types.encoding, cell.text, text))
    fail(cell, "is neither UTF-8 nor " + options_.types.encoding);
  return text;
}

std::string_view Conversion::as_string(const Cell& cell, ConvertScratch& scratch) const {
  if (has_bytes(cell.kind) || cell.kind == Kind::json) return utf8(cell, scratch);
  scratch.written.clear();
  importer::append_text(scratch.written, cell);
  return scratch.written;
}

void Conversion::append_text(std::string& out, const Cell& cell, ConvertScratch& scratch) const {
  if (is_null(cell)) return;
  if (cell.kind == Kind::unreadable) fail(cell, {});
  if (cases_ && cell.kind == Kind::text)
    out += utf8(cased(cell, scratch), scratch);
  else
    out += as_string(cell, scratch);
}

void Conversion::append_any(bson::Writer& out, std::string_view key, const Cell& given,
                            ConvertScratch& scratch) const {
  if (given.kind == Kind::unreadable) fail(given, {});
  if (given.kind == Kind::zero_date)
    fail(given, "is no date; zero_date \"null\" makes null of such");
  const Cell cell = cases_ && given.kind == Kind::text ? cased(given, scratch) : given;
  switch (options_.as) {
    case Convert::as_is:
      append_as_is(out, key, cell, scratch);
      return;
    case Convert::string:
      out.append(key, as_string(cell, scratch));
      return;
    case Convert::int32:
    case Convert::int64: {
      std::int64_t value = 0;
      if (!whole_of(cell, value)) fail(cell, "it is no whole number, or too large");
      if (options_.as == Convert::int64) {
        out.append(key, value);
      } else {
        if (value != static_cast<std::int32_t>(value)) fail(cell, "it is too large");
        out.append(key, static_cast<std::int32_t>(value));
      }
      return;
    }
    case Convert::real: {
      double value = 0;
      if (!real_of(cell, value)) fail(cell, "no double equals it");
      out.append(key, value);
      return;
    }
    case Convert::decimal128: {
      bson::Decimal128 value;
      if (!decimal_of(cell, value)) fail(cell, "it is no decimal of at most 34 digits");
      out.append(key, bson::ValueView(bson::Type::decimal128,
                                      reinterpret_cast<const std::uint8_t*>(&value), 16));
      return;
    }
    case Convert::boolean: {
      bool value = false;
      if (!boolean_of(cell, value))
        fail(cell, "it is none of 0/1, t/f, true/false, yes/no, on/off");
      out.append(key, value);
      return;
    }
    case Convert::date_time:
    case Convert::date_time_ms:
      append_moment_of(out, key, cell);
      return;
    case Convert::object_id:
      append_id(out, key, cell);
      return;
    case Convert::uuid:
      append_uuid(out, key, cell);
      return;
    case Convert::binary:
      append_binary(out, key, cell);
      return;
    case Convert::json:
      append_json(out, key, cell, scratch);
      return;
  }
}

void Conversion::append_as_is(bson::Writer& out, std::string_view key, const Cell& cell,
                              ConvertScratch& scratch) const {
  const TypePolicy& types = options_.types;
  switch (cell.kind) {
    case Kind::boolean:
      out.append(key, cell.integer != 0);
      return;
    case Kind::int32:
      out.append(key, static_cast<std::int32_t>(cell.integer));
      return;
    case Kind::int64:
      out.append(key, cell.integer);
      return;
    case Kind::real:
      out.append(key, cell.real);
      return;
    case Kind::text:
      out.append(key, utf8(cell, scratch));
      return;
    case Kind::uint64: {
      if (types.unsigned64 == TypePolicy::Unsigned::int64) {
        std::int64_t value = 0;
        if (!whole_of(cell, value)) fail(cell, "is more than int64 holds");
        out.append(key, value);
        return;
      }
      const bson::Decimal128 value{cell.unsigned_integer, bson::Decimal128{}.high};
      out.append(key, bson::ValueView(bson::Type::decimal128,
                                      reinterpret_cast<const std::uint8_t*>(&value), 16));
      return;
    }
    case Kind::decimal: {
      if (types.numeric == TypePolicy::Numeric::string) {
        out.append(key, cell.text);
        return;
      }
      if (types.numeric == TypePolicy::Numeric::real) {
        double value = 0;
        if (!real_of(cell, value)) fail(cell, "is no number");
        out.append(key, value);
        return;
      }
      bson::Decimal128 value;
      if (!decimal_of_text(cell.text, value))
        fail(cell, "is no decimal of at most 34 digits; numeric \"string\" keeps all digits");
      out.append(key, bson::ValueView(bson::Type::decimal128,
                                      reinterpret_cast<const std::uint8_t*>(&value), 16));
      return;
    }
    case Kind::binary:
      append_bytes(out, key, cell.text, bson::BinarySubtype::generic);
      return;
    case Kind::instant:
    case Kind::wall_time:
    case Kind::date:
    case Kind::infinite:
      append_moment_as_is(out, key, cell, scratch);
      return;
    case Kind::time:
      append_time_as_is(out, key, cell, scratch);
      return;
    case Kind::uuid:
      if (types.uuid == TypePolicy::UuidAs::string)
        out.append(key, as_string(cell, scratch));
      else
        append_uuid(out, key, cell);
      return;
    case Kind::object_id:
      append_id(out, key, cell);
      return;
    case Kind::json:
      if (types.json == TypePolicy::Json::string)
        out.append(key, utf8(cell, scratch));
      else
        append_json(out, key, cell, scratch);
      return;
    case Kind::document:
    case Kind::array:
    case Kind::value:
      append_json(out, key, cell, scratch);
      return;
    default:  // interval
      out.append(key, utf8(cell, scratch));
  }
}

void Conversion::append_json(bson::Writer& out, std::string_view key, const Cell& cell,
                             ConvertScratch& scratch) const {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(cell.text.data());
  switch (cell.kind) {
    case Kind::document:
      out.append(key, bson::View(bytes, cell.text.size()));
      return;
    case Kind::array:
      out.append_array(key, bson::View(bytes, cell.text.size()));
      return;
    case Kind::value:
      out.append(key, free_value(cell));
      return;
    case Kind::text:
    case Kind::binary:
    case Kind::json: {
      const std::string why = append_json_text(out, key, utf8(cell, scratch));
      if (!why.empty()) fail(cell, why);
      return;
    }
    default:
      append_as_is(out, key, cell, scratch);
  }
}

void Conversion::append_bytes(bson::Writer& out, std::string_view key, std::string_view bytes,
                              bson::BinarySubtype subtype) const {
  if (bytes.size() > bson::max_document_bytes)
    fail(Cell::of_text(Kind::binary, bytes), "is over 16 MiB, more than a document holds");
  // As BSON has it: length, subtype, bytes. Copied once, into a value; binary columns are few.
  bson::Buffer payload;
  payload.put(static_cast<std::int32_t>(bytes.size()));
  payload.push_back(static_cast<std::uint8_t>(subtype));
  payload.append(bytes.data(), bytes.size());
  out.append(key, bson::ValueView(bson::Type::binary, payload.data(), payload.size()));
}

void Conversion::append_id(bson::Writer& out, std::string_view key, const Cell& cell) const {
  ObjectId id;
  if ((cell.kind == Kind::object_id || cell.kind == Kind::binary) && cell.text.size() == 12) {
    std::memcpy(id.bytes.data(), cell.text.data(), 12);
  } else if (has_bytes(cell.kind) && cell.text.size() == 24) {
    try {
      id = ObjectId::from_string(cell.text);
    } catch (const FormatError&) {
      fail(cell, "it is not 24 hexadecimal digits");
    }
  } else {
    fail(cell, "it is neither 24 hexadecimal digits nor 12 bytes");
  }
  out.append(key, id);
}

void Conversion::append_uuid(bson::Writer& out, std::string_view key, const Cell& cell) const {
  bson::Uuid id;
  if (cell.kind == Kind::uuid) {
    id.bytes = cell.uuid;
  } else if (cell.kind == Kind::binary && cell.text.size() == 16) {
    std::memcpy(id.bytes.data(), cell.text.data(), 16);
  } else if (has_bytes(cell.kind)) {
    std::string text(cell.text);
    if (text.size() > 2 && text.front() == '{' && text.back() == '}')
      text = text.substr(1, text.size() - 2);
    if (text.size() == 32)
      for (const std::size_t at : {8U, 13U, 18U, 23U}) text.insert(at, 1, '-');
    try {
      id = bson::Uuid::from_string(text);
    } catch (const FormatError&) {
      fail(cell, "it is not 32 hexadecimal digits");
    }
  } else {
    fail(cell, "it is neither text nor 16 bytes");
  }
  append_bytes(out, key, {reinterpret_cast<const char*>(id.bytes.data()), 16},
               bson::BinarySubtype::uuid);
}

void Conversion::append_binary(bson::Writer& out, std::string_view key, const Cell& cell) const {
  if (cell.kind == Kind::uuid) {
    append_bytes(out, key, {reinterpret_cast<const char*>(cell.uuid.data()), 16},
                 bson::BinarySubtype::generic);
    return;
  }
  if (!has_bytes(cell.kind) && cell.kind != Kind::json && cell.kind != Kind::object_id)
    fail(cell, "it is neither text nor bytes");
  append_bytes(out, key, cell.text, bson::BinarySubtype::generic);
}

}  // namespace quire::importer
