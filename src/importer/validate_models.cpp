// A mapping against the models of its collections.
#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "importer/row_shape.hpp"
#include "importer/target_layout.hpp"
#include "quire/importer/checks.hpp"
#include "quire/model/json_schema.hpp"

namespace quire::importer {
namespace {

using Texts = std::vector<std::string>;

std::string alias_of(ColumnType type, const TypePolicy& types) {
  const bool times_are_text = types.fraction == TypePolicy::Fraction::string;
  switch (type) {
    case ColumnType::boolean:
      return "bool";
    case ColumnType::int32:
      return "int";
    case ColumnType::int64:
      return "long";
    case ColumnType::uint64:
      return types.unsigned64 == TypePolicy::Unsigned::int64 ? "long" : "decimal";
    case ColumnType::real:
      return "double";
    case ColumnType::decimal:
      return types.numeric == TypePolicy::Numeric::real     ? "double"
             : types.numeric == TypePolicy::Numeric::string ? "string"
                                                            : "decimal";
    case ColumnType::text:
    case ColumnType::enumerated:
    case ColumnType::interval:
    case ColumnType::other:
      return "string";
    case ColumnType::binary:
      return "binData";
    case ColumnType::instant:
    case ColumnType::wall_time:
      return times_are_text ? "string" : "date";
    case ColumnType::date:
      return types.date == TypePolicy::Date::string ? "string" : "date";
    case ColumnType::time:
      return types.time == TypePolicy::Time::milliseconds ? "long" : "string";
    case ColumnType::uuid:
      return types.uuid == TypePolicy::UuidAs::string ? "string" : "binData";
    default:
      return {};  // told by each row
  }
}

std::string alias_of(Convert as) {
  switch (as) {
    case Convert::string:
      return "string";
    case Convert::int32:
      return "int";
    case Convert::int64:
      return "long";
    case Convert::real:
      return "double";
    case Convert::decimal128:
      return "decimal";
    case Convert::boolean:
      return "bool";
    case Convert::date_time:
    case Convert::date_time_ms:
      return "date";
    case Convert::object_id:
      return "objectId";
    case Convert::uuid:
    case Convert::binary:
      return "binData";
    default:
      return {};
  }
}

std::string alias_of(const bson::Value& value) {
  return std::string(bson::type_name(value.type()));
}

/// What a mapping writes at one place.
struct Written {
  std::string name;
  std::string type = {};  ///< MongoDB's alias; empty: told by each row
  bool null = false;      ///< may come
  bool left_out = false;  ///< may be
  bool open = false;      ///< other fields may come beside those that are known
  bool list = false;      ///< of what is described here
  std::deque<Written> fields = {};

  Written& at(const std::string& field) {
    for (Written& one : fields)
      if (one.name == field) return one;
    return fields.emplace_back(Written{.name = field});
  }
  [[nodiscard]] const Written* find(std::string_view field) const {
    for (const Written& one : fields)
      if (one.name == field) return &one;
    return nullptr;
  }
};

Written& place_of(Written& whole, std::string_view path) {
  Written* at = &whole;
  for (const std::string& name : path_parts(path)) {
    if (at != &whole && at->type.empty()) {
      at->type = "object";
      at->left_out = true;  // where nothing is in it
    }
    at = &at->at(name);
  }
  return *at;
}

void set_type(Written& out, const RowShape& row, const FieldRule& rule, const TypePolicy& outer) {
  const TypePolicy& types = rule.types ? *rule.types : outer;
  if (rule.constant) {
    out.type = alias_of(*rule.constant);
  } else if (rule.time_of_import) {
    out.type = "date";
  } else if (rule.hash_of) {
    const bool nullable = hash_may_be_null(row, rule);
    out.type = "objectId";
    out.null = nullable && rule.null == NullPolicy::keep;
    out.left_out = nullable && rule.null == NullPolicy::omit;
  } else if (!rule.format.empty()) {
    out.type = rule.as == Convert::as_is ? "string" : alias_of(rule.as);
  } else if (!rule.from.empty()) {
    const Column* column = row.column(rule.from);
    const ColumnType own = column == nullptr ? ColumnType::int64 : column->type;
    out.type = rule.as == Convert::as_is ? alias_of(own, types) : alias_of(rule.as);
    const bool nullable = column != nullptr && column->nullable;
    out.null = nullable && rule.null == NullPolicy::keep;
    out.left_out = nullable && rule.null == NullPolicy::omit;
  }
  if (rule.values.empty()) return;
  out.null = out.null || rule.other == OtherValue::null;
  const std::string first = alias_of(rule.values[0].to);
  const bool one = std::all_of(rule.values.begin(), rule.values.end(),
                               [&](const ValuePair& pair) { return alias_of(pair.to) == first; });
  out.type = one && rule.other != OtherValue::keep ? first : std::string();
}

class Writes {
 public:
  explicit Writes(const Schema& schema) : schema_(schema) {}

  [[nodiscard]] Written of(const Mapping& mapping, const TableMapping& part) const {
    const TypePolicy& types = part.types ? *part.types : mapping.types;
    Written whole{.name = {}, .type = "object"};
    RowShape row(schema_.at(part.table));
    add_id(whole, row, part, types);
    if (part.unpivot || part.pivot) {
      whole.open = true;  // columns that only the rows name
      for (const FieldRule& rule : part.fields) place_of(whole, rule.to).left_out = false;
      for (const ChildRule& child : part.children) add_child(whole, child, types);
      return whole;
    }
    add(whole, row, part.fields, part.children, part.skip, part.others, types);
    return whole;
  }

 private:
  static void add_id(Written& whole, RowShape& row, const TableMapping& part,
                     const TypePolicy& types) {
    Written& id = whole.at("_id");
    const Texts& columns = !part.id.columns.empty() ? part.id.columns
                           : !part.key.empty()      ? part.key
                                                    : row.table().key;
    if (part.id.kind == IdKind::hash)
      id.type = "objectId";
    else if (part.id.kind == IdKind::format)
      id.type = part.id.as == Convert::as_is ? "string" : alias_of(part.id.as);
    else if (columns.size() != 1)
      id.type = "object", id.open = true;
    else
      set_type(id, row,
               {.to = "_id", .from = columns[0], .as = part.id.as, .null = NullPolicy::reject},
               types);
    if (part.id.kind == IdKind::key || part.id.kind == IdKind::columns)
      for (const std::string& one : columns) row.take(one);
  }

  void add(Written& whole, RowShape& row, const std::vector<FieldRule>& fields,
           const std::vector<ChildRule>& children, const Texts& skip, bool others,
           const TypePolicy& types) const {
    for (const FieldRule& rule : fields) set_type(place_of(whole, rule.to), row, rule, types);
    row.take_rules(fields, skip);
    if (others)
      for (const std::string& name : row.others(types))
        set_type(whole.at(name), row, {.to = name, .from = name}, types);
    for (const ChildRule& child : children) add_child(whole, child, types);
  }

  void add_child(Written& whole, const ChildRule& child, const TypePolicy& types) const {
    Written& out = place_of(whole, child.to);
    out.list = child.many;
    out.null = !child.many && child.or_null;
    out.left_out = !child.many && !child.or_null;
    RowShape row(schema_.at(child.table));
    if (!child.link.empty())
      row.set_link(schema_.at(child.link), child.link_taken);
    else
      for (const std::string& one : child.columns) row.take(one);
    out.type = "object";
    if (child.value.empty()) {
      add(out, row, child.fields, child.children, child.skip, child.others, types);
      return;
    }
    FieldRule only{.to = child.value, .from = child.value};
    for (const FieldRule& rule : child.fields)
      if (rule.to == child.value) only = rule;
    out.type = {};
    Written value{.name = child.value};
    set_type(value, row, only, types);
    out.type = value.type;
  }

  const Schema& schema_;
};

/// The aliases that a schema's node takes; empty: any.
Texts taken_by(bson::View node) {
  Texts out;
  const auto type = node.find("bsonType");
  if (!type) return out;
  if (type->is_string()) out.emplace_back(type->as_string());
  if (type->is_array())
    for (const auto& one : type->as_array())
      if (one.value.is_string()) out.emplace_back(one.value.as_string());
  return out;
}

bool takes(const Texts& taken, const std::string& type) {
  const auto has = [&](std::string_view one) {
    return std::find(taken.begin(), taken.end(), one) != taken.end();
  };
  if (taken.empty() || has(type)) return true;
  return has("number") &&
         (type == "int" || type == "long" || type == "double" || type == "decimal");
}

std::string listed(const Texts& names) {
  std::string out;
  for (const std::string& one : names) out += (out.empty() ? "" : " or ") + one;
  return out;
}

class Comparison {
 public:
  Comparison(std::string part, Texts& out, std::function<bool(const std::string&)> is_set_otherwise)
      : part_(std::move(part)), out_(out), is_set_otherwise_(std::move(is_set_otherwise)) {}

  void fields(bson::View node, const Written& written, const std::string& prefix) {
    const auto required = node.find("required");
    if (required && required->is_array() && !written.open) {
      for (const auto& one : required->as_array())
        missing(std::string(one.value.as_string()), written, prefix);
    }
    const auto properties = node.find("properties");
    if (!properties || !properties->is_document()) return;
    for (const auto& property : properties->as_document()) {
      const Written* found = written.find(property.key);
      if (found == nullptr || !property.value.is_document()) continue;
      field(property.value.as_document(), *found, prefix + std::string(property.key));
    }
  }

 private:
  void missing(const std::string& name, const Written& written, const std::string& prefix) {
    if (name == "_v") return;  // the library's own
    if (is_set_otherwise_(prefix + name)) return;
    const Written* found = written.find(name);
    if (found == nullptr)
      tell(prefix + name, "the model needs it, and no rule sets it");
    else if (found->left_out)
      tell(prefix + name, "the model needs it, and it may be left out");
  }

  void field(bson::View node, const Written& written, const std::string& path) {
    const Texts taken = taken_by(node);
    if (written.list) {
      if (!takes(taken, "array")) tell(path, "a list, where the model reads " + listed(taken));
      const auto items = node.find("items");
      if (!items || !items->is_document()) return;
      Written one = written;
      one.list = false;
      field(items->as_document(), one, path + "[]");
      return;
    }
    if (!written.type.empty() && !takes(taken, written.type)) {
      tell(path,
           fmt::format("the mapping gives {}, the model reads {}", written.type, listed(taken)));
      return;
    }
    if (written.null && !takes(taken, "null"))
      tell(path,
           "null may come, and the model does not read it: `null`, `fallback` or an optional");
    if (written.type == "object") fields(node, written, path + ".");
  }

  void tell(const std::string& path, const std::string& why) {
    out_.push_back(fmt::format("{}, field {}: {}", part_, path, why));
  }

  std::string part_;
  Texts& out_;
  std::function<bool(const std::string&)> is_set_otherwise_;
};

}  // namespace

std::vector<std::string> validate(const Mapping& mapping, const Schema& schema,
                                  std::span<const ModelInfo* const> models,
                                  std::span<const std::string> set_later) {
  Texts out;
  for (const TableMapping& part : mapping.tables) {
    const auto model = std::find_if(models.begin(), models.end(), [&](const ModelInfo* one) {
      return one->collection == part.into;
    });
    if (model == models.end()) continue;
    const Written written = Writes(schema).of(mapping, part);
    const JsonSchema wanted = json_schema(**model);
    const auto is_set_otherwise = [&](const std::string& path) {
      return std::find(set_later.begin(), set_later.end(), part.into + "." + path) !=
             set_later.end();
    };
    Comparison(part.name.empty() ? part.into : part.name, out, is_set_otherwise)
        .fields(wanted.schema, written, "");
  }
  return out;
}

}  // namespace quire::importer
