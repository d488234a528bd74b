#include <algorithm>

#include "importer/convert.hpp"
#include "importer/enum_names.hpp"
#include "importer/target_layout.hpp"
#include "importer/validate.hpp"

namespace quire::importer {
namespace {

/// Whether some value of such a column becomes that.
bool can_become(ColumnType type, Convert as) {
  if (as == Convert::as_is || as == Convert::string || as == Convert::json) return true;
  const bool number = as == Convert::int32 || as == Convert::int64 || as == Convert::real ||
                      as == Convert::decimal128;
  const bool time = as == Convert::date_time || as == Convert::date_time_ms;
  switch (type) {
    case ColumnType::boolean:
      return as == Convert::boolean || (number && as != Convert::decimal128);
    case ColumnType::int32:
    case ColumnType::int64:
    case ColumnType::uint64:
    case ColumnType::real:
    case ColumnType::decimal:
      return number || time || as == Convert::boolean;
    case ColumnType::binary:
      return as == Convert::boolean || as == Convert::object_id || as == Convert::uuid ||
             as == Convert::binary;
    case ColumnType::instant:
    case ColumnType::wall_time:
    case ColumnType::date:
      return time;
    case ColumnType::time:
    case ColumnType::interval:
    case ColumnType::array:
    case ColumnType::composite:
      return false;
    case ColumnType::uuid:
      return as == Convert::uuid || as == Convert::binary;
    case ColumnType::json:
      return number || as == Convert::boolean || as == Convert::binary;
    default:  // text, and what each row tells
      return true;
  }
}

/// Whether a value after `as` may be this one.
bool may_be(Convert as, const bson::Value& value) {
  const bson::Type type = value.type();
  if (type == bson::Type::null) return true;
  switch (as) {
    case Convert::string:
      return type == bson::Type::string;
    case Convert::int32:
    case Convert::int64:
    case Convert::real:
    case Convert::decimal128:
      return value.view().is_number();
    case Convert::boolean:
      return type == bson::Type::boolean;
    case Convert::date_time:
    case Convert::date_time_ms:
      return type == bson::Type::date_time;
    case Convert::object_id:
      return type == bson::Type::object_id;
    case Convert::uuid:
    case Convert::binary:
      return type == bson::Type::binary;
    default:
      return true;
  }
}

int sources_of(const FieldRule& rule) {
  return (rule.from.empty() ? 0 : 1) + (rule.constant ? 1 : 0) + (rule.format.empty() ? 0 : 1) +
         (rule.hash_of ? 1 : 0) + (rule.compute ? 1 : 0) + (rule.time_of_import ? 1 : 0);
}

void check_values(const Problems& problems, const FieldRule& rule) {
  const bool needs = rule.null == NullPolicy::fallback ||
                     (!rule.values.empty() && rule.other == OtherValue::fallback);
  if (needs && !rule.fallback) problems.add("`fallback` is named and not given");
  if (!needs && rule.fallback)
    problems.add("`fallback` is given and nothing uses it: `null` or `other` would");
  for (const ValuePair& pair : rule.values) {
    if (!may_be(rule.as, pair.from))
      problems.add("`values` has a `from` that is a " +
                   std::string(bson::type_name(pair.from.type())) + ", which `as` " +
                   in_quotes(to_string(rule.as)) + " never makes");
  }
}

void check_source(const Problems& problems, const RowShape& shape, const FieldRule& rule,
                  const RuleScope& scope) {
  if (sources_of(rule) != 1) {
    problems.add(sources_of(rule) == 0
                     ? "says not where it comes from: `from`, `constant`, `format`, `hash_of`, a "
                       "computed value or `time_of_import`"
                     : "says more than once where it comes from; one of `from`, `constant`, "
                       "`format`, `hash_of`, a computed value and `time_of_import` is possible");
    return;
  }
  if (!rule.from.empty()) {
    if (!shape.has(rule.from)) {
      problems.add("the table " + in_quotes(shape.table().name) + " has no column " +
                   in_quotes(rule.from) + near_names(rule.from, shape.names()));
    } else if (const Column* column = shape.column(rule.from);
               column != nullptr && !can_become(column->type, rule.as)) {
      problems.add("the column " + in_quotes(rule.from) + " is " +
                   std::string(to_string(column->type)) + ", which cannot become " +
                   in_quotes(to_string(rule.as)));
    }
    return;
  }
  if (!rule.format.empty()) {
    check_format(problems, shape, rule.format);
    return;
  }
  const bool converted = rule.as != Convert::as_is || rule.lower || rule.upper || rule.trim;
  if (converted) problems.add("`as`, `lower`, `upper` and `trim` are for `from` and `format`");
  if (rule.hash_of) {
    if (!rule.values.empty()) problems.add("`values` says nothing of a hash");
    check_hash_of(problems.in("hash_of"), shape, *rule.hash_of, scope);
    return;
  }
  if (!rule.compute && !rule.values.empty())
    problems.add("`values` says nothing of a value that is always the same");
}

}  // namespace

void Problems::expect_column(const Table& table, const std::string& name,
                             const std::string& what) const {
  if (has_column(table, name)) return;
  std::vector<std::string> names;
  for (const Column& column : table.columns) names.push_back(column.name);
  add(what + ": the table " + in_quotes(table.name) + " has no column " + in_quotes(name) +
      near_names(name, names));
}

void Problems::expect_policy(const TypePolicy& types) const {
  cctz::time_zone zone;
  if (!find_zone(types.zone, zone))
    add("there is no zone " + in_quotes(types.zone) +
        "; zones are written \"UTC\", \"Europe/Berlin\" or \"+02:00\"");
  if (types.bad_text == TypePolicy::BadText::convert && !knows_encoding(types.encoding))
    add("there is no encoding " + in_quotes(types.encoding) + "; \"windows-1252\" is one");
}

bool is_field_name(std::string_view name) noexcept {
  return !name.empty() && name.front() != '$' && name.find('\0') == name.npos;
}

void Targets::add(const std::string& path, const std::string& whose) {
  if (path.empty()) {
    problems_.add(whose + " has no `to`");
    return;
  }
  Target target{path_parts(path), whose, path};
  for (const std::string& part : target.parts) {
    if (!is_field_name(part)) {
      problems_.add(whose + ": " + in_quotes(path) +
                    " is no path of a field: names between dots are not empty and do not begin "
                    "with $");
      return;
    }
  }
  add_parts(std::move(target));
}

void Targets::add_name(const std::string& name) {
  const std::string whose = "the column " + in_quotes(name) + ", which comes under its own name,";
  if (!is_field_name(name)) {
    problems_.add(whose + (name.empty() ? " has none: `skip` leaves it out"
                                        : " begins with $, which queries and updates take for an "
                                          "operator: a field's `to` gives it another name, "
                                          "`skip` leaves it out"));
    return;
  }
  add_parts({{name}, whose, name});
}

void Targets::add_parts(Target target) {
  for (const Target& other : targets_) {
    const bool same = target.path == other.path;
    const std::string& outer = target.path.size() < other.path.size() ? target.path : other.path;
    const std::string& inner = target.path.size() < other.path.size() ? other.path : target.path;
    if (!same && !inner.starts_with(outer + ".")) continue;
    // Names that stand as they are may have dots: "a" and "a.b" are then two fields.
    const bool named = target.parts.size() == 1 && other.parts.size() == 1;
    if (named && !same) continue;
    std::string what = same ? " write the same field" : " write a field and one inside of it";
    if (target.parts.size() != other.parts.size() && same) what = " are found by the same path";
    const bool column =
        target.whose.starts_with("the column") || other.whose.starts_with("the column");
    problems_.add(
        target.whose + " and " + other.whose + what +
        (column ? "; `skip` leaves the column out, a field's `to` gives it another name" : ""));
    return;
  }
  targets_.push_back(std::move(target));
}

void check_format(const Problems& problems, const RowShape& shape, const std::string& format) {
  std::string why;
  const auto pieces = parse_template(format, why);
  if (!pieces) {
    problems.add("`format` has " + why);
    return;
  }
  for (const Template::Piece& piece : pieces->pieces) {
    if (!piece.column.empty() && !shape.has(piece.column))
      problems.add("`format`: the table " + in_quotes(shape.table().name) + " has no column " +
                   in_quotes(piece.column) + near_names(piece.column, shape.names()));
  }
}

void check_fields(const Problems& problems, Targets& targets, const RowShape& shape,
                  const std::vector<FieldRule>& fields, bool is_child, const RuleScope& scope) {
  for (const FieldRule& rule : fields) {
    const std::string name = "field " + in_quotes(rule.to);
    const Problems own = problems.in(name);
    if (!is_child && (rule.to == "_id" || rule.to.starts_with("_id.")))
      own.add("what the _id is says `id`");
    else
      targets.add(rule.to, name);
    check_source(own, shape, rule, scope);
    check_values(own, rule);
    if (rule.lower && rule.upper) own.add("`lower` and `upper` exclude each other");
    if (rule.types) own.expect_policy(*rule.types);
  }
}

void check_skip(const Problems& problems, const RowShape& shape,
                const std::vector<std::string>& skip, const std::vector<FieldRule>& fields) {
  for (const std::string& name : skip) {
    if (!shape.has(name)) {
      problems.add("`skip`: the table " + in_quotes(shape.table().name) + " has no column " +
                   in_quotes(name) + near_names(name, shape.names()));
      continue;
    }
    for (const FieldRule& rule : fields) {
      if (rule.from == name)
        problems.add("`skip` names the column " + in_quotes(name) + ", which the field " +
                     in_quotes(rule.to) + " comes from");
    }
  }
}

}  // namespace quire::importer
