// Steps that change fields in place: each one update, by operators or by a pipeline.
#include <algorithm>
#include <array>

#include "migrate/step_make.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "quire/migrate/steps.hpp"

namespace quire::migrate {
namespace {

using bson::Type;
using bson::Value;
using bson::Writer;
using detail::FieldWork;

bson::Document operators(std::string_view op, std::string_view field, bson::ValueView value) {
  Writer update;
  update.begin_document(op).append(field, value).end();
  return update.finish();
}

void exists(Writer& filter, std::string_view field, bool yes) {
  filter.begin_document(field).append("$exists", yes).end();
}

bson::Document one_exists(std::string_view field, bool yes) {
  Writer filter;
  exists(filter, field, yes);
  return filter.finish();
}

Value expression(std::string_view op, std::initializer_list<Value> arguments) {
  Writer list;
  for (const Value& one : arguments) list.push(one);
  return Value(Writer().append(op, Value::array(list.finish())).finish());
}
Value path(std::string_view field) { return Value("$" + std::string(field)); }
Value literal(const Value& value) { return Value(bson::make_document("$literal", value)); }

/// {$set: {…}} and {$unset: […]} as the stages of an update.
class Stages {
 public:
  Stages& set(std::initializer_list<std::pair<std::string_view, Value>> fields) {
    Writer stage;
    stage.begin_document("$set");
    for (const auto& [field, value] : fields) stage.append(field, value);
    stage.end();
    stages_.push(stage.finish());
    return *this;
  }
  Stages& unset(const std::vector<std::string>& fields) {
    if (fields.empty()) return *this;
    Writer stage;
    stage.begin_array("$unset");
    for (const auto& field : fields) stage.push(field);
    stage.end();
    stages_.push(stage.finish());
    return *this;
  }
  [[nodiscard]] bson::Document finish() { return stages_.finish(); }

 private:
  Writer stages_;
};

void check_fields(std::string_view collection, const std::vector<std::string>& fields,
                  const char* step) {
  check_step_name(collection, "collection");
  for (const auto& field : fields) check_step_name(field, "field");
  for (std::size_t i = 0; i < fields.size(); ++i) {
    for (std::size_t j = 0; j < fields.size(); ++j) {
      const bool below =
          fields[j].starts_with(fields[i]) &&
          (fields[j].size() == fields[i].size() || fields[j][fields[i].size()] == '.');
      if (i != j && below) {
        throw MigrationError(ErrorCode::invalid_migration, FieldPath(fields[j]),
                             std::string(step) + " names a field twice, or one within another");
      }
    }
  }
}

MutableStep one_field(const char* op, std::string_view collection, std::string_view field,
                      const Value* value, FieldWork work) {
  check_step_name(collection, "collection");
  check_step_name(field, "field");
  Writer spec;
  spec.append("op", op).append("collection", collection).append("field", field);
  if (value != nullptr) spec.append("value", *value);
  auto step = make_step(collection, spec.finish(), std::move(work));
  step->touches = {touch(collection, field)};
  return step;
}

bson::Document still_is(std::string_view field, const Value& value) {
  Writer filter;
  filter.begin_document(field);
  if (value.type() == Type::null) {
    filter.append("$type", std::int32_t{10});
  } else {
    filter.append("$eq", value);
  }
  filter.end();
  return filter.finish();
}

MutableStep rename(std::string_view collection, std::string_view from, std::string_view to) {
  FieldWork work;
  work.filter = one_exists(from, true);
  work.update = operators("$rename", from, Value(to).view());
  Writer both;
  exists(both, from, true);
  exists(both, to, true);
  work.clash = both.finish();
  work.clash_text = "the document has both \"" + std::string(from) + "\" and \"" + std::string(to) +
                    "\"; renaming would overwrite the second";
  auto step = make_step(
      collection,
      bson::make_document("op", "rename_field", "collection", collection, "from", from, "to", to),
      std::move(work));
  step->touches = {touch(collection, from), touch(collection, to)};
  return step;
}

bson::Document list_spec(const char* op, std::string_view collection,
                         const std::vector<std::string>& from, const std::vector<std::string>& to,
                         std::string_view separator) {
  Writer spec;
  spec.append("op", op).append("collection", collection);
  for (const auto& [key, list] : {std::pair("from", &from), std::pair("to", &to)}) {
    spec.begin_array(key);
    for (const auto& field : *list) spec.push(field);
    spec.end();
  }
  spec.append("separator", separator);
  return spec.finish();
}

std::vector<std::string> without(const std::vector<std::string>& fields, std::string_view one) {
  std::vector<std::string> rest;
  std::ranges::copy_if(fields, std::back_inserter(rest),
                       [&](const std::string& field) { return field != one; });
  return rest;
}

/// {a: …, $or: [{b: {$exists: true}}, …]}
void any_exists(Writer& filter, const std::vector<std::string>& fields) {
  filter.begin_array("$or");
  for (const auto& field : fields) filter.push(one_exists(field, true));
  filter.end();
}

MutableStep split(std::string_view collection, const std::string& from,
                  const std::vector<std::string>& to, const std::string& separator) {
  const auto others = without(to, from);
  FieldWork work;
  work.pipeline = true;
  Writer filter;
  filter.begin_document(from).append("$type", "string").end();
  for (const auto& field : others) exists(filter, field, false);
  work.filter = filter.finish();
  // The k-th stage parts what the one before left in field k.
  Stages stages;
  const Value mark = literal(Value(separator));
  for (std::size_t k = 0; k + 1 < to.size(); ++k) {
    const Value text = path(k == 0 ? from : to[k]);
    const Value at = expression("$indexOfCP", {text, mark});
    const Value found = expression("$gte", {at, Value(std::int32_t{0})});
    const Value head = expression("$substrCP", {text, Value(std::int32_t{0}), at});
    const Value behind = expression("$add", {at, Value(bson::make_document("$strLenCP", mark))});
    const Value length = Value(bson::make_document("$strLenCP", text));
    const Value tail = expression("$substrCP", {text, behind, length});
    stages.set({{to[k], expression("$cond", {found, head, text})},
                {to[k + 1], expression("$cond", {found, tail, Value("")})}});
  }
  if (std::ranges::find(to, from) == to.end()) stages.unset({from});
  work.update = stages.finish();
  Writer clash;
  clash.begin_document(from).append("$exists", true).end();
  clash.begin_array("$or");
  Writer other_type;
  other_type.begin_document(from).begin_document("$not").append("$type", "string").end().end();
  clash.push(other_type.finish());
  if (others.size() == to.size())
    for (const auto& field : others) clash.push(one_exists(field, true));
  clash.end();
  work.clash = clash.finish();
  work.clash_text = "\"" + from +
                    "\" is no text, or the document has one of the fields that it is "
                    "to be split into already";
  work.clash_is_apart = true;
  auto step = make_step(collection, list_spec("split_field", collection, {from}, to, separator),
                        std::move(work));
  step->touches = {touch(collection, from)};
  for (const auto& field : others) step->touches.push_back(touch(collection, field));
  return step;
}

MutableStep merge(std::string_view collection, const std::vector<std::string>& from,
                  const std::string& to, const std::string& separator) {
  const auto others = without(from, to);
  FieldWork work;
  work.pipeline = true;
  Writer filter;
  any_exists(filter, others);
  work.filter = filter.finish();
  Writer parts;
  for (const auto& field : from) parts.push(path(field));
  const Value there = expression("$and", {expression("$ne", {Value("$$this"), Value()}),
                                          expression("$ne", {Value("$$this"), Value("")})});
  const Value given(Writer()
                        .begin_document("$filter")
                        .append("input", Value::array(parts.finish()))
                        .append("as", "this")
                        .append("cond", there)
                        .end()
                        .finish());
  const Value joined = expression(
      "$cond",
      {expression("$eq", {Value("$$value"), Value("")}), Value("$$this"),
       expression("$concat", {Value("$$value"), literal(Value(separator)), Value("$$this")})});
  const Value text(Writer()
                       .begin_document("$reduce")
                       .append("input", given)
                       .append("initialValue", "")
                       .append("in", joined)
                       .end()
                       .finish());
  work.update = Stages().set({{to, text}}).unset(others).finish();
  Writer clash;
  clash.begin_array("$or");
  for (const auto& field : from) {
    Writer one;
    one.begin_document(field).append("$exists", true);
    one.begin_document("$not").begin_array("$type").push("string").push("null").end().end();
    one.end();
    clash.push(one.finish());
  }
  if (others.size() == from.size()) {
    Writer both;
    exists(both, to, true);
    any_exists(both, others);
    clash.push(both.finish());
  }
  clash.end();
  work.clash = clash.finish();
  work.clash_text = "one of the fields is no text, or the document has \"" + to + "\" already";
  auto step = make_step(collection, list_spec("merge_fields", collection, from, {to}, separator),
                        std::move(work));
  for (const auto& field : from) step->touches.push_back(touch(collection, field));
  if (others.size() == from.size()) step->touches.push_back(touch(collection, to));
  return step;
}

constexpr std::array convertible = {Type::double_, Type::string,    Type::object_id,
                                    Type::boolean, Type::date_time, Type::int32,
                                    Type::int64,   Type::decimal128};

MutableStep convert(std::string_view collection, std::string_view field, Type to,
                    Unconvertible unconvertible) {
  if (std::ranges::find(convertible, to) == convertible.end()) {
    throw MigrationError(ErrorCode::invalid_migration, FieldPath(std::string(field)),
                         "convert_field takes double, string, objectId, bool, date, int, long or "
                         "decimal, not " +
                             std::string(bson::type_name(to)));
  }
  const auto name = std::string(bson::type_name(to));
  const bool keep = unconvertible == Unconvertible::keep;
  // What $convert gives where it cannot: a document, which it never gives otherwise.
  const Value marker(bson::make_document("unconvertible", true));
  const auto converted = [&](const Value& on_error) {
    return Value(Writer()
                     .begin_document("$convert")
                     .append("input", path(field))
                     .append("to", name)
                     .append("onError", on_error)
                     .end()
                     .finish());
  };
  FieldWork work;
  work.pipeline = true;
  const auto other_type = [&](Writer& filter) {
    filter.begin_document(field).append("$exists", true);
    filter.begin_document("$not").begin_array("$type").push(name).push("null").end().end();
    filter.end();
  };
  Writer filter;
  other_type(filter);
  work.filter = filter.finish();
  work.update = Stages().set({{field, converted(keep ? path(field) : Value())}}).finish();
  const Value could_not = expression("$eq", {converted(literal(marker)), literal(marker)});
  if (keep) {  // what cannot be converted stays, and is not left over
    Writer left;
    other_type(left);
    left.append("$expr", expression("$not", {could_not}));
    work.left = left.finish();
  } else {
    Writer clash;
    other_type(clash);
    clash.append("$expr", could_not);
    work.clash = clash.finish();
    work.clash_text = "\"" + std::string(field) + "\" has a value that cannot become " + name +
                      "; correct it, or convert with Unconvertible::keep";
  }
  auto step =
      make_step(collection,
                bson::make_document("op", "convert_field", "collection", collection, "field", field,
                                    "to", name, "unconvertible", keep ? "keep" : "fail"),
                std::move(work));
  step->touches = {touch(collection, field)};
  step->no_way_back = "the types that " + touch(collection, field) + " had are not kept";
  return step;
}

}  // namespace

Step add_field(std::string_view collection, std::string_view field, const Value& value) {
  FieldWork add;
  add.filter = one_exists(field, false);
  add.update = operators("$set", field, value.view());
  FieldWork back;
  back.filter = still_is(field, value);
  back.update = operators("$unset", field, Value("").view());
  return with_inverse(one_field("add_field", collection, field, &value, std::move(add)),
                      one_field("remove_default", collection, field, &value, std::move(back)));
}

Step rename_field(std::string_view collection, std::string_view from, std::string_view to) {
  check_step_name(collection, "collection");
  check_step_name(from, "field");
  check_step_name(to, "field");
  if (from == to)
    throw MigrationError(ErrorCode::invalid_migration, "rename_field needs two different fields");
  return with_inverse(rename(collection, from, to), rename(collection, to, from));
}

Step unset_field(std::string_view collection, std::string_view field) {
  FieldWork work;
  work.filter = one_exists(field, true);
  work.update = operators("$unset", field, Value("").view());
  auto step = one_field("unset_field", collection, field, nullptr, std::move(work));
  step->no_way_back = "the values of " + touch(collection, field) + " are not kept";
  return Step(std::move(step));
}

Step split_field(std::string_view collection, std::string_view from, std::vector<std::string> to,
                 std::string_view separator) {
  if (to.size() < 2 || separator.empty())
    throw MigrationError(ErrorCode::invalid_migration,
                         "split_field needs two or more fields to split into, and a separator");
  check_fields(collection, to, "split_field");
  check_step_name(from, "field");
  const std::string name(from), mark(separator);
  return with_inverse(split(collection, name, to, mark), merge(collection, to, name, mark));
}

Step merge_fields(std::string_view collection, std::vector<std::string> from, std::string_view to,
                  std::string_view separator) {
  if (from.size() < 2 || separator.empty())
    throw MigrationError(ErrorCode::invalid_migration,
                         "merge_fields needs two or more fields to merge, and a separator");
  check_fields(collection, from, "merge_fields");
  check_step_name(to, "field");
  const std::string name(to), mark(separator);
  return with_inverse(merge(collection, from, name, mark), split(collection, name, from, mark));
}

Step convert_field(std::string_view collection, std::string_view field, bson::Type to,
                   const ConvertOptions& options) {
  check_step_name(collection, "collection");
  check_step_name(field, "field");
  const auto step = convert(collection, field, to, options.unconvertible);
  if (!options.back) return Step(step);
  return with_inverse(step, convert(collection, field, *options.back, options.unconvertible));
}

}  // namespace quire::migrate
