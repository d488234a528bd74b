#include <algorithm>
#include <map>

#include "core/ascii.hpp"
#include "importer/row_shape.hpp"
#include "importer/target_layout.hpp"
#include "quire/importer/propose.hpp"

namespace quire::importer {
namespace {

using Names = std::vector<std::string>;

constexpr std::string_view keywords[] = {
    "alignas",   "alignof",  "and",       "asm",       "auto",      "bitand",   "bitor",
    "bool",      "break",    "case",      "catch",     "char",      "class",    "compl",
    "concept",   "const",    "consteval", "constexpr", "constinit", "continue", "decltype",
    "default",   "delete",   "do",        "double",    "else",      "enum",     "explicit",
    "export",    "extern",   "false",     "float",     "for",       "friend",   "goto",
    "if",        "inline",   "int",       "long",      "model",     "mutable",  "namespace",
    "new",       "noexcept", "not",       "nullptr",   "operator",  "or",       "private",
    "protected", "public",   "quire",     "register",  "requires",  "return",   "short",
    "signed",    "sizeof",   "static",    "std",       "struct",    "switch",   "template",
    "this",      "throw",    "true",      "try",       "typedef",   "typeid",   "typename",
    "union",     "unsigned", "using",     "virtual",   "void",      "volatile", "while",
    "xor"};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string identifier(const std::string& name) {
  std::string out;
  for (const char c : name) {
    if (is_letter(c) || is_digit(c))
      out += c;
    else if (!out.empty() && out.back() != '_')
      out += '_';
  }
  while (!out.empty() && out.back() == '_') out.pop_back();
  if (out.empty() || is_digit(out[0])) out = "field" + (out.empty() ? "" : "_" + out);
  if (std::find(std::begin(keywords), std::end(keywords), out) != std::end(keywords)) out += '_';
  return out;
}
std::string type_name(const std::string& name) {
  std::string out;
  bool raise = true;
  for (const char c : identifier(name)) {
    if (c == '_') {
      raise = true;
      continue;
    }
    out += raise && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    raise = false;
  }
  return out;
}
std::string text_literal(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      const char octal[] = {'\\', static_cast<char>('0' + (c >> 6)),
                            static_cast<char>('0' + (c >> 3 & 7)),
                            static_cast<char>('0' + (c & 7))};
      out.append(octal, 4);
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string type_of(ColumnType type, const TypePolicy& types) {
  const bool times_are_text = types.fraction == TypePolicy::Fraction::string;
  switch (type) {
    case ColumnType::boolean:
      return "bool";
    case ColumnType::int32:
      return "std::int32_t";
    case ColumnType::int64:
      return "std::int64_t";
    case ColumnType::uint64:
      return types.unsigned64 == TypePolicy::Unsigned::int64 ? "std::int64_t" : "quire::Decimal128";
    case ColumnType::real:
      return "double";
    case ColumnType::decimal:
      return types.numeric == TypePolicy::Numeric::real     ? "double"
             : types.numeric == TypePolicy::Numeric::string ? "std::string"
                                                            : "quire::Decimal128";
    case ColumnType::binary:
      return "std::vector<std::uint8_t>";
    case ColumnType::instant:
    case ColumnType::wall_time:
      return times_are_text ? "std::string" : "quire::DateTime";
    case ColumnType::date:
      return types.date == TypePolicy::Date::string ? "std::string" : "quire::DateTime";
    case ColumnType::time:
      return types.time == TypePolicy::Time::milliseconds ? "std::int64_t" : "std::string";
    case ColumnType::uuid:
      return types.uuid == TypePolicy::UuidAs::string ? "std::string" : "quire::Uuid";
    case ColumnType::json:
      return types.json == TypePolicy::Json::string ? "std::string" : "quire::bson::Value";
    case ColumnType::array:
    case ColumnType::composite:
    case ColumnType::any:
      return "quire::bson::Value";
    default:
      return "std::string";
  }
}
std::string type_of(Convert as) {
  switch (as) {
    case Convert::string:
      return "std::string";
    case Convert::int32:
      return "std::int32_t";
    case Convert::int64:
      return "std::int64_t";
    case Convert::real:
      return "double";
    case Convert::decimal128:
      return "quire::Decimal128";
    case Convert::boolean:
      return "bool";
    case Convert::date_time:
    case Convert::date_time_ms:
      return "quire::DateTime";
    case Convert::object_id:
      return "quire::ObjectId";
    case Convert::uuid:
      return "quire::Uuid";
    case Convert::binary:
      return "std::vector<std::uint8_t>";
    default:
      return "quire::bson::Value";
  }
}
std::string type_of(const bson::Value& value) {
  switch (value.type()) {
    case bson::Type::string:
      return "std::string";
    case bson::Type::int32:
      return "std::int32_t";
    case bson::Type::int64:
      return "std::int64_t";
    case bson::Type::double_:
      return "double";
    case bson::Type::boolean:
      return "bool";
    case bson::Type::date_time:
      return "quire::DateTime";
    case bson::Type::object_id:
      return "quire::ObjectId";
    case bson::Type::decimal128:
      return "quire::Decimal128";
    default:
      return "quire::bson::Value";
  }
}

bool may_be_empty(const std::string& type) { return type == "quire::bson::Value"; }
std::string optional(const std::string& type, bool nullable) {
  return nullable && !may_be_empty(type) ? "std::optional<" + type + ">" : type;
}
/// Numbers and booleans have no value of their own to begin with.
bool needs_value(const std::string& type) {
  return type == "bool" || type == "double" || type.starts_with("std::int");
}

/// A struct that is written: fields by their stored names, nested ones as structs of their own.
struct Shape {
  struct Member {
    std::string name;
    std::string type;       ///< empty: `nested`
    bool optional = false;  ///< of nested
    Shape* shape = nullptr;
  };
  std::vector<Member> members;
  std::vector<std::unique_ptr<Shape>> nested;

  void add(const Names& path, const std::string& type) {
    Shape* at = this;
    for (std::size_t i = 0; i + 1 < path.size(); ++i) at = &at->inside(path[i]);
    at->members.push_back({path.back(), type});
  }
  Shape& inside(const std::string& name) {
    for (const Member& one : members)
      if (one.name == name && one.shape != nullptr) return *one.shape;
    members.push_back({name, {}, true, nested.emplace_back(std::make_unique<Shape>()).get()});
    return *members.back().shape;
  }
};

class StructWriter {
 public:
  StructWriter(const Mapping& mapping, const Schema& schema) : mapping_(mapping), schema_(schema) {}

  std::string run() {
    for (const TableMapping& part : mapping_.tables) write_part(part);
    return "#pragma once\n\n#include <cstdint>\n#include <optional>\n#include <string>\n"
           "#include <vector>\n\n#include \"quire/model/model.hpp\"\n"
           "#include \"quire/query/path.hpp\"\n" +
           out_;
  }

 private:
  void write_part(const TableMapping& part) {
    const Table& table = schema_.at(part.table);
    const TypePolicy types = part.types.value_or(mapping_.types);
    const std::string name = unique_name(type_name(part.into));
    RowShape row(table);
    make_row(row, part);
    Shape shape;
    add_id(shape, row, part, types, name);
    add_fields(shape, row, part.fields, types);
    row.take_rules(part.fields, part.skip);
    if (part.others && !part.pivot)
      for (const std::string& one : row.others(types))
        shape.members.push_back({one, column_type(row, one, types)});
    if (part.others && part.pivot && !part.pivot->to.empty())
      shape.add(path_parts(part.pivot->to), "quire::bson::Document");
    for (const ChildRule& child : part.children) add_child(shape, child, types, name);
    write(shape, name, part.into);
  }

  static void make_row(RowShape& row, const TableMapping& part) {
    const Table& table = row.table();
    if (part.unpivot) {
      for (const UnpivotRule::Part& one : part.unpivot->parts) {
        row.add_made(part.unpivot->value, table.at(one.column));
        row.take(one.column);
        for (const auto& constant : one.constants) row.add_made(constant.first, Column{});
      }
    }
    if (part.pivot)
      for (const FieldRule& rule : part.fields)
        for (const std::string& name : columns_of(rule))
          if (!contains(part.pivot->group, name)) row.add_made(name, table.at(part.pivot->value));
  }

  void add_id(Shape& shape, RowShape& row, const TableMapping& part, const TypePolicy& types,
              const std::string& name) {
    const IdRule& id = part.id;
    if (id.kind == IdKind::hash) {
      shape.members.push_back({"_id", "quire::ObjectId"});
      return;
    }
    if (id.kind == IdKind::format) {
      shape.members.push_back({"_id", id.as == Convert::as_is ? "std::string" : type_of(id.as)});
      return;
    }
    const Names columns = !id.columns.empty() ? id.columns
                          : part.pivot        ? part.pivot->group
                          : !part.key.empty() ? part.key
                                              : row.table().key;
    for (const std::string& one : columns) row.take(one);
    if (columns.size() == 1) {
      const FieldRule rule{
          .to = "_id", .from = columns[0], .as = id.as, .null = NullPolicy::reject};
      shape.members.push_back({"_id", field_type(row, rule, types)});
      return;
    }
    Shape inner;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const FieldRule rule{.to = columns[i], .from = columns[i], .null = NullPolicy::reject};
      inner.members.push_back(
          {id.names.empty() ? columns[i] : id.names[i], field_type(row, rule, types)});
    }
    const std::string own = unique_name(name + "Id");
    write(inner, own, {});
    shape.members.push_back({"_id", own});
  }

  void add_fields(Shape& shape, const RowShape& row, const std::vector<FieldRule>& fields,
                  const TypePolicy& types) {
    for (const FieldRule& rule : fields)
      shape.add(path_parts(rule.to), field_type(row, rule, types));
  }

  void add_child(Shape& shape, const ChildRule& rule, const TypePolicy& types,
                 const std::string& parent) {
    const Table& table = schema_.at(rule.table);
    RowShape row(table);
    if (!rule.link.empty())
      row.set_link(schema_.at(rule.link), rule.link_taken);
    else
      for (const std::string& one : rule.columns) row.take(one);
    std::string type;
    if (!rule.value.empty()) {
      FieldRule only{.to = rule.value, .from = rule.value};
      for (const FieldRule& field : rule.fields)
        if (field.to == rule.value) only = field;
      type = field_type(row, only, types);
    } else {
      Shape inner;
      add_fields(inner, row, rule.fields, types);
      row.take_rules(rule.fields, rule.skip);
      if (rule.others)
        for (const std::string& one : row.others(types))
          inner.members.push_back({one, column_type(row, one, types)});
      type = unique_name(parent + type_name(path_parts(rule.to).back()));
      const std::string own = type;
      for (const ChildRule& child : rule.children) add_child(inner, child, types, own);
      write(inner, own, {});
    }
    shape.add(path_parts(rule.to), rule.many ? "std::vector<" + type + ">" : optional(type, true));
  }

  static std::string column_type(const RowShape& row, const std::string& name,
                                 const TypePolicy& types) {
    return field_type(row, {.to = name, .from = name}, types);
  }

  static std::string field_type(const RowShape& row, const FieldRule& rule,
                                const TypePolicy& outer) {
    const TypePolicy& types = rule.types ? *rule.types : outer;
    if (rule.constant) return type_of(*rule.constant);
    if (rule.time_of_import) return "quire::DateTime";
    if (rule.compute) return "quire::bson::Value";
    std::string type;
    bool nullable = false;
    if (rule.hash_of) {
      type = "quire::ObjectId";
      nullable = hash_may_be_null(row, rule);
    } else if (rule.from.empty()) {
      type = rule.as == Convert::as_is ? "std::string" : type_of(rule.as);
    } else {
      const Column* column = row.column(rule.from);
      // A number that the source gives its rows is no column.
      const ColumnType own = column == nullptr ? ColumnType::int64 : column->type;
      type = rule.as == Convert::as_is ? type_of(own, types) : type_of(rule.as);
      nullable = column != nullptr && column->nullable;
    }
    for (const ValuePair& pair : rule.values)
      if (type_of(pair.to) != type_of(rule.values[0].to) || rule.other == OtherValue::keep)
        return "quire::bson::Value";
    if (!rule.values.empty()) type = type_of(rule.values[0].to);
    if (rule.null == NullPolicy::reject || rule.null == NullPolicy::fallback) nullable = false;
    if (rule.other == OtherValue::null && !rule.values.empty()) nullable = true;
    return optional(type, nullable);
  }

  std::string unique_name(const std::string& wanted) {
    std::string name = wanted;
    for (int n = 2; contains(used_, name); ++n) name = wanted + std::to_string(n);
    used_.push_back(name);
    return name;
  }

  void write(Shape& shape, const std::string& name, const std::string& collection) {
    for (Shape::Member& member : shape.members) {
      if (member.shape == nullptr) continue;
      const std::string own = unique_name(name + type_name(member.name));
      write(*member.shape, own, {});
      member.type = optional(own, member.optional);
    }
    std::string text = "\nstruct " + name + " {\n";
    std::string renamed;
    Names members;
    for (const Shape::Member& member : shape.members) {
      // `id` is what a model stores as _id.
      std::string own = member.name == "_id" ? "id" : identifier(member.name);
      if (member.name == "id") own = "id_field";
      while (contains(members, own)) own += '_';
      members.push_back(own);
      text += "  " + member.type + " " + own + (needs_value(member.type) ? "{}" : "") + ";\n";
      if (own != member.name && member.name != "_id")
        renamed += "\n        .rename(quire::query::field<&" + name + "::" + own + ">, " +
                   text_literal(member.name) + ")";
    }
    if (!collection.empty() || !renamed.empty())
      text += "  static auto model() {\n    return quire::model<" + name + ">(" +
              (collection.empty() ? "" : text_literal(collection)) + ")" + renamed + ";\n  }\n";
    out_ += text + "};\n";
  }

  const Mapping& mapping_;
  const Schema& schema_;
  Names used_;
  std::string out_;
};

}  // namespace

std::string structs(const Mapping& mapping, const Schema& schema) {
  return StructWriter(mapping, schema).run();
}

}  // namespace quire::importer
