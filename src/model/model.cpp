#include <set>

#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "quire/model/detail/build.hpp"

namespace quire {

using bson::Document;
using bson::Type;
using bson::ValueView;
using bson::View;
using bson::Writer;

Document IndexInfo::spec() const {
  Writer writer;
  writer.append("key", keys).append("name", name);
  if (unique) writer.append("unique", true);
  if (sparse) writer.append("sparse", true);
  if (!partial.empty()) writer.append("partialFilterExpression", partial);
  if (expire_after) {
    // A server takes int32 here; longer times are cut to its maximum, 68 years.
    const auto seconds = std::min<std::int64_t>(expire_after->count(), INT32_MAX);
    writer.append("expireAfterSeconds", static_cast<std::int32_t>(seconds));
  }
  writer.append_all(extra);
  return writer.finish();
}

namespace {

[[noreturn]] void fail_check(std::string path, const model_detail::Rule& rule) {
  throw MappingError(ErrorCode::check_failed, FieldPath(std::move(path)),
                     "the model wants: " + rule.text());
}

void check_value(const model_detail::Rule& rule, ValueView value, const std::string& path) {
  if (value.is_null()) return;
  if (value.is_array() && rule.per_element()) {
    std::size_t i = 0;
    for (const auto& one : value.as_array()) {
      if (!one.value.is_null() && !rule.accepts(one.value))
        fail_check(path + "[" + std::to_string(i) + "]", rule);
      ++i;
    }
  } else if (!rule.accepts(value)) {
    fail_check(path, rule);
  }
}

/// Walks `rest` of a path from `value` on, through every element of the lists in between.
void check_path(const model_detail::Rule& rule, ValueView value, std::string_view rest,
                const std::string& path) {
  if (rest.empty()) return check_value(rule, value, path);
  if (value.is_array()) {
    std::size_t i = 0;
    for (const auto& one : value.as_array())
      check_path(rule, one.value, rest, path + "[" + std::to_string(i++) + "]");
    return;
  }
  if (!value.is_document()) return;
  const auto dot = rest.find('.');
  const auto name = rest.substr(0, dot);
  const auto below = dot == std::string_view::npos ? std::string_view{} : rest.substr(dot + 1);
  if (const auto found = value.as_document().find(name)) {
    check_path(rule, *found, below,
               path.empty() ? std::string(name) : path + "." + std::string(name));
  }
}

void write_fields(Writer& writer, const std::vector<FieldInfo>& fields, int depth) {
  writer.begin_array("fields");
  for (const auto& field : fields) {
    writer.push_document_begin();
    writer.append("name", field.name).append("stored", field.stored);
    writer.append("cpp_type", field.cpp_type).append("bson_type", field.bson_type);
    if (field.optional) writer.append("optional", true);
    if (field.flattened) writer.append("flattened", true);
    if (!field.aliases.empty()) {
      writer.begin_array("aliases");
      for (const auto& alias : field.aliases) writer.push(alias);
      writer.end();
    }
    // A recursive type's fields lead back to themselves: eight levels tell enough.
    if (field.nested != nullptr && depth < 8) write_fields(writer, field.nested(), depth + 1);
    writer.end();
  }
  writer.end();
}

}  // namespace

void ModelInfo::check(View document, const void* object) const {
  for (const auto& check : checks) {
    if (!check.rule->accepts_object(object)) fail_check(check.path, *check.rule);
    if (check.path.empty()) continue;
    const ValueView whole(Type::document, document.data(), document.size());
    if (check.rule->kind() != "custom") check_path(*check.rule, whole, check.path, {});
  }
}

namespace {

bool is_position(std::string_view step) {
  return step.starts_with('$') ||
         (!step.empty() && step.find_first_not_of("0123456789") == std::string_view::npos);
}

/// What a value given for `target` means to a rule about `path`.
struct Reach {
  bool reached = false;
  bool element = false;   ///< the value is one element of the list that the rule is about
  std::string_view rest;  ///< the steps of `path` below the value
};
Reach reach(std::string_view target, std::string_view path) {
  bool position = false;
  while (!target.empty()) {
    const auto dot = target.find('.');
    const auto step = target.substr(0, dot);
    target = dot == std::string_view::npos ? std::string_view{} : target.substr(dot + 1);
    const auto path_dot = path.find('.');
    if (!path.empty() && path.substr(0, path_dot) == step) {
      path = path_dot == std::string_view::npos ? std::string_view{} : path.substr(path_dot + 1);
      position = false;
    } else if (is_position(step)) {
      position = true;
    } else {
      return {};
    }
  }
  return {true, position && path.empty(), path};
}

void check_given(const CheckInfo& check, std::string_view target, ValueView value, bool pushed) {
  if (check.path.empty() || check.rule->kind() == "custom") return;
  const auto found = reach(target, check.path);
  if (!found.reached) return;
  const bool element = found.element || (pushed && found.rest.empty());
  if (element && !check.rule->per_element()) return;
  check_path(*check.rule, value, found.rest, std::string(target));
}

}  // namespace

void ModelInfo::check_update(View update) const {
  for (const auto& op : update) {
    const bool sets = op.key == "$set" || op.key == "$setOnInsert";
    const bool pushes = op.key == "$push" || op.key == "$addToSet";
    if ((!sets && !pushes) || !op.value.is_document()) continue;
    for (const auto& given : op.value.as_document()) {
      for (const auto& check : checks) {
        const auto each = pushes && given.value.is_document()
                              ? given.value.as_document().find("$each")
                              : std::nullopt;
        if (each && each->is_array()) {
          for (const auto& one : each->as_array()) check_given(check, given.key, one.value, true);
        } else {
          check_given(check, given.key, given.value, pushes);
        }
      }
    }
  }
}

Document ModelInfo::describe() const {
  Writer writer;
  writer.append("collection", collection).append("type", type);
  if (version != 0) writer.append("version", version);
  write_fields(writer, fields(), 1);
  writer.begin_array("indexes");
  for (const auto& index : indexes) writer.push(index.spec());
  writer.end().begin_array("checks");
  for (const auto& check : checks) {
    writer.push_document_begin();
    writer.append("path", check.path).append("kind", check.kind()).append("text", check.text());
    if (const auto arguments = check.arguments(); !arguments.empty())
      writer.append("arguments", arguments);
    writer.end();
  }
  writer.end();
  if (!shard_key.empty()) writer.append("shard_key", shard_key);
  return writer.finish();
}

namespace model_detail {

void add_keys(IndexInfo& index, View keys) {
  Writer writer;
  writer.append_all(index.keys);
  for (const auto& key : keys) {
    if (index.keys.contains(key.key)) {
      throw ModelError(ErrorCode::invalid_model, FieldPath(std::string(key.key)),
                       "one index names this field twice");
    }
    writer.append(key.key, key.value);
  }
  index.keys = writer.finish();
}

void add_shard_key(Document& shard_key, View keys) {
  Writer writer;
  writer.append_all(shard_key);
  for (const auto& key : keys) {
    const auto fail = [&](const char* why) {
      throw ModelError(ErrorCode::invalid_model, FieldPath(std::string(key.key)), why);
    };
    if (shard_key.contains(key.key)) fail("the shard key names this field twice");
    const bool hashed = key.value.is_string() && key.value.as_string() == "hashed";
    const bool ascending = key.value.type() == Type::int32 && key.value.as_int32() == 1;
    if (!hashed && !ascending)
      fail("a shard key is made of field<…>.asc() and field<…>.hashed(), nothing else");
    for (const auto& other : shard_key) {
      if (hashed && other.value.is_string()) fail("at most one field of a shard key is hashed");
    }
    writer.append(key.key, key.value);
  }
  shard_key = writer.finish();
}

void add_field(Document& document, std::string_view name, const bson::Value& value) {
  Writer writer;
  writer.append_all(document).append(name, value);
  document = writer.finish();
}

ModelInfo finish(ModelData data) {
  ModelInfo info;
  info.collection = std::move(data.collection);
  info.version = data.version;
  info.indexes = std::move(data.indexes);
  info.checks = std::move(data.checks);
  info.collection_options = std::move(data.collection_options);
  info.shard_key = std::move(data.shard_key);
  if (data.version < 0) throw ModelError(ErrorCode::invalid_model, "version(n) takes 1 or more");
  if (info.collection.find('$') != std::string::npos ||
      info.collection.find('\0') != std::string::npos) {
    throw ModelError(ErrorCode::invalid_model,
                     "the collection name \"" + info.collection + "\" holds '$' or a zero byte");
  }
  std::set<std::string> names;
  for (auto& index : info.indexes) {
    if (index.keys.empty()) {
      throw ModelError(ErrorCode::invalid_model,
                       "an index without keys; give field<…>.asc() or .desc()");
    }
    if (index.name.empty()) {
      for (const auto& key : index.keys) {
        if (!index.name.empty()) index.name += '_';
        index.name += key.key;
        index.name += '_';
        index.name +=
            key.value.is_string()
                ? std::string(key.value.as_string())
                : std::to_string(key.value.type() == Type::int32 ? key.value.as_int32() : 1);
      }
    }
    if (!names.insert(index.name).second) {
      throw ModelError(ErrorCode::invalid_model,
                       "two indexes have the name \"" + index.name + "\"; add named(\"…\") to one");
    }
    if (index.expire_after && index.keys.view().count() != 1) {
      throw ModelError(ErrorCode::invalid_model,
                       "expire_after is for an index of one field: \"" + index.name + "\"");
    }
    if (index.sparse && !index.partial.empty()) {
      throw ModelError(ErrorCode::invalid_model,
                       "an index is sparse or partial, not both: \"" + index.name + "\"");
    }
  }
  return info;
}

std::string bson_type_text(Kind kind, std::uint8_t wire, std::string_view inner) {
  switch (kind) {
    case Kind::optional:
      return std::string(inner);
    case Kind::sequence:
    case Kind::set:
    case Kind::array:
      return "array of " + std::string(inner);
    case Kind::map:
      return "object of " + std::string(inner);
    default:
      return wire == 0 ? "any" : std::string(bson::type_name(static_cast<Type>(wire)));
  }
}

TypeInfo plain_type(TypeInfo::Form form, std::uint8_t wire) {
  TypeInfo type;
  type.form = form;
  if (wire != 0) type.bson_type = bson::type_name(static_cast<Type>(wire));
  return type;
}
TypeInfo nullable_type(TypeInfo inner) {
  inner.nullable = true;
  return inner;
}
TypeInfo type_of_parts(TypeInfo::Form form, std::vector<TypeInfo> parts) {
  TypeInfo type;
  type.form = form;
  if (form == TypeInfo::Form::map) type.bson_type = "object";
  if (form == TypeInfo::Form::list || form == TypeInfo::Form::tuple) type.bson_type = "array";
  if (form == TypeInfo::Form::tuple) type.length = static_cast<std::int64_t>(parts.size());
  type.parts = std::move(parts);
  return type;
}

std::string clean_type(std::string_view name) {
  std::string text(name);
  const auto replace = [&](std::string_view from, std::string_view to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
      text.replace(at, from.size(), to);
  };
  for (const char* space : {"std::__cxx11::", "std::__1::", "std::_V2::", "std::chrono::", "std::",
                            "quire::bson::", "quire::"})
    replace(space, "");
  replace("(anonymous namespace)::", "");
  replace("{anonymous}::", "");
  replace("basic_string<char>", "string");
  replace("time_point<system_clock, duration<long int, ratio<1, 1000> > >", "DateTime");
  replace("time_point<system_clock, duration<long, ratio<1, 1000>>>", "DateTime");
  replace("chrono::", "");
  replace(" >", ">");
  return text;
}

void add_aliases(std::vector<FieldInfo>& fields, const reflect::MappingNames& names,
                 const std::string_view* members) {
  for (const auto& alias : names.aliases) {
    for (auto& field : fields) {
      if (field.name == members[alias.field]) field.aliases.push_back(alias.name);
    }
  }
}

}  // namespace model_detail
}  // namespace quire
