#include "importer/audit_column.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "quire/bson/view.hpp"

namespace quire::importer {
namespace {

/// Kinds of values between which a reader of the documents would have to choose.
enum class Class : std::size_t {
  none,
  boolean,
  number,
  text,
  binary,
  time,
  uuid,
  object_id,
  document,
  array
};
constexpr std::string_view class_names[] = {"nothing", "boolean", "number",    "text",     "binary",
                                            "time",    "uuid",    "object id", "document", "array"};

Class class_of(Cell::Kind kind) {
  using Kind = Cell::Kind;
  switch (kind) {
    case Kind::boolean:
      return Class::boolean;
    case Kind::int32:
    case Kind::int64:
    case Kind::uint64:
    case Kind::real:
    case Kind::decimal:
      return Class::number;
    case Kind::text:
      return Class::text;
    case Kind::binary:
      return Class::binary;
    case Kind::instant:
    case Kind::wall_time:
    case Kind::date:
    case Kind::time:
    case Kind::zero_date:
    case Kind::infinite:
      return Class::time;
    case Kind::uuid:
      return Class::uuid;
    case Kind::object_id:
      return Class::object_id;
    case Kind::document:
      return Class::document;
    case Kind::array:
      return Class::array;
    default:
      return Class::none;
  }
}

/// What a column declares; none where any value is as good as another.
Class class_of(ColumnType type) {
  switch (type) {
    case ColumnType::boolean:
      return Class::boolean;
    case ColumnType::int32:
    case ColumnType::int64:
    case ColumnType::uint64:
    case ColumnType::real:
    case ColumnType::decimal:
      return Class::number;
    case ColumnType::text:
    case ColumnType::enumerated:
      return Class::text;
    case ColumnType::binary:
      return Class::binary;
    case ColumnType::instant:
    case ColumnType::wall_time:
    case ColumnType::date:
    case ColumnType::time:
      return Class::time;
    case ColumnType::uuid:
      return Class::uuid;
    default:
      return Class::none;
  }
}

/// Of one finding, by ColumnTally::Kind.
struct Told {
  std::string_view kind;
  std::string_view text;
};
constexpr Told told[] = {
    {"bad_utf8", "text that is not UTF-8: `bad_text` says what becomes of it"},
    {"zero_byte", "text with a zero byte in it"},
    {"zero_date", "zero dates: `zero_date` says what becomes of them"},
    {"infinite_date", "dates at infinity: `infinite` says what becomes of them"},
    {"not_finite", "numbers that are NaN or infinite"},
    {"beyond_double", "whole numbers beyond 2^53, which doubles and JavaScript round"},
    {"beyond_int64", "whole numbers beyond int64: `unsigned64` says what becomes of them"},
    {"beyond_decimal128", "numbers of more than 34 digits, which decimal128 cannot hold"},
    {"empty_key", "empty text in a key"},
    {"null_key", "null in a key"},
    {"untrimmed_key", "text with spaces around it in a key"},
    {"unreadable", "values that cannot be read"}};

bool blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::size_t digits_of(std::string_view text) {
  std::size_t from = text.find_first_of("123456789");
  if (from == text.npos) return 1;
  text.remove_prefix(from);
  if (text.find('.') != text.npos || from > 0)  // zeros at the end of a fraction count for nothing
    while (text.find('.') != text.npos && text.ends_with('0')) text.remove_suffix(1);
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }));
}

}  // namespace

void ColumnTally::note(Seen& seen, const Cell& cell, FunctionRef<std::string()> key) const {
  ++seen.rows;
  if (seen.examples.size() >= most_) return;
  const std::string quote = cell.kind == Cell::Kind::text ? "\"" : "";  // so that spaces are seen
  seen.examples.push_back(key() + ": " + quote + display(cell, 60) + quote);
}

void ColumnTally::add(const Cell& cell, FunctionRef<std::string()> key) {
  using K = Cell::Kind;
  if (cell.kind == K::absent) ++absent_;
  if (cell.kind == K::null) ++nulls_;
  if (cell.is_null()) {
    if (in_key_) found(null_key, cell, key);
    return;
  }
  ++by_kind_[static_cast<std::size_t>(cell.kind)];
  if (const Class kind = class_of(cell.kind); kind != Class::none)
    note(by_class_[static_cast<std::size_t>(kind)], cell, key);
  switch (cell.kind) {
    case K::text:
      look_at_text(cell, key);
      break;
    case K::binary:
      longest_ = std::max(longest_, static_cast<std::int64_t>(cell.text.size()));
      break;
    case K::int64:
    case K::uint64:
    case K::real:
    case K::decimal:
      look_at_number(cell, key);
      break;
    case K::zero_date:
      found(zero_date, cell, key);
      break;
    case K::infinite:
      found(infinite_date, cell, key);
      break;
    case K::unreadable:
      found(unreadable, cell, key);
      break;
    default:
      break;
  }
}

void ColumnTally::look_at_text(const Cell& cell, FunctionRef<std::string()> key) {
  const std::string_view text = cell.text;
  longest_ = std::max(longest_, static_cast<std::int64_t>(text.size()));
  if (!bson::is_utf8(text)) found(bad_utf8, cell, key);
  if (text.find('\0') != text.npos) found(zero_byte, cell, key);
  if (!in_key_ && !refers_) return;
  if (text.empty())
    found(empty_key, cell, key);
  else if (blank(text.front()) || blank(text.back()))
    found(untrimmed_key, cell, key);
}

void ColumnTally::look_at_number(const Cell& cell, FunctionRef<std::string()> key) {
  using K = Cell::Kind;
  constexpr std::int64_t exact = std::int64_t{1} << 53;
  switch (cell.kind) {
    case K::int64:
      if (cell.integer > exact || cell.integer < -exact) found(beyond_double, cell, key);
      return;
    case K::uint64:
      if (cell.unsigned_integer > static_cast<std::uint64_t>(INT64_MAX))
        found(beyond_int64, cell, key);
      else if (cell.unsigned_integer > static_cast<std::uint64_t>(exact))
        found(beyond_double, cell, key);
      return;
    case K::real:
      if (!std::isfinite(cell.real)) found(not_finite, cell, key);
      return;
    default:
      if (cell.text.find_first_of("0123456789") == cell.text.npos)
        found(not_finite, cell, key);
      else if (digits_of(cell.text) > 34)
        found(beyond_decimal128, cell, key);
  }
}

void ColumnTally::finish_types(std::vector<AuditFinding>& findings) const {
  const Class declared = class_of(column_.type);
  std::size_t usual = static_cast<std::size_t>(declared);
  std::size_t different = 0;
  for (std::size_t i = 1; i < classes; ++i) {
    if (by_class_[i].rows > 0) ++different;
    if (declared == Class::none && by_class_[i].rows > by_class_[usual].rows) usual = i;
  }
  if (declared == Class::none && different < 2) return;
  for (std::size_t i = 1; i < classes; ++i) {
    if (i == usual || by_class_[i].rows == 0) continue;
    const std::string text =
        declared == Class::none
            ? fmt::format("{} where most are {}", class_names[i], class_names[usual])
            : fmt::format(
                  "{} in a column of {}", class_names[i],
                  column_.declared.empty() ? std::string(class_names[usual]) : column_.declared);
    findings.push_back({declared == Class::none ? "mixed_types" : "other_type", column_.name,
                        by_class_[i].rows, text, by_class_[i].examples});
  }
}

void ColumnTally::finish(AuditColumn& out, std::vector<AuditFinding>& findings) const {
  out.name = column_.name;
  out.declared = column_.declared;
  out.type = column_.type;
  out.nullable = column_.nullable;
  out.nulls = nulls_;
  out.absent = absent_;
  out.longest = longest_;
  for (std::size_t i = 0; i < by_kind_.size(); ++i) {
    if (by_kind_[i] > 0) out.kinds.emplace_back(to_string(static_cast<Cell::Kind>(i)), by_kind_[i]);
  }
  for (std::size_t i = 0; i < kinds; ++i) {
    if (findings_[i].rows > 0)
      findings.push_back({std::string(told[i].kind), column_.name, findings_[i].rows,
                          std::string(told[i].text), findings_[i].examples});
  }
  finish_types(findings);
}

}  // namespace quire::importer
