#include "quire/model/json_schema.hpp"

#include "model/schema_node.hpp"
#include "quire/bson/writer.hpp"

namespace quire {

using model_detail::SchemaNode;
using Form = TypeInfo::Form;

bson::Document JsonSchema::validator() const { return bson::make_document("$jsonSchema", schema); }

namespace {

class Maker {
 public:
  explicit Maker(const SchemaOptions& options) : options_(options) {}

  SchemaNode whole(const ModelInfo& model) {
    SchemaNode node;
    node.types = {"object"};
    bool open = false;
    stack_.push_back(model.list_fields);
    add_fields(node, model.fields(), open);
    stack_.pop_back();
    // Marks of the program and of migrations, whatever the members are.
    if (model.version != 0 || !options_.additional) {
      if (node.find("_v") == nullptr) node.add("_v").types = {options_.as_read ? "number" : "int"};
    }
    if (!options_.additional) {
      for (const char* name : {"_id", "_q"}) {
        if (node.find(name) == nullptr) (void)node.add(name);
      }
      close(node, open);
    }
    return node;
  }

  std::vector<UnsaidCheck> notes;

 private:
  void close(SchemaNode& node, bool open) {
    node.closed = !open;
    if (open)
      notes.push_back({path_, "no additional properties", "a member keeps fields of any name"});
  }

  void add_fields(SchemaNode& node, const std::vector<FieldInfo>& fields, bool& open) {
    for (const auto& field : fields) {
      const TypeInfo type = field.value_type();
      if (type.form == Form::extra) {
        open = true;
        continue;
      }
      if (field.flattened && field.nested != nullptr) {
        add_fields(node, field.nested(), open);
        continue;
      }
      const std::size_t before = path_.size();
      path_ += (path_.empty() ? "" : ".") + field.stored;
      SchemaNode value = of(type, field.numbers);
      path_.resize(before);
      if (field.null_reads && options_.as_read) value.allow_null();
      for (const auto& alias : field.aliases) {
        if (node.find(alias) == nullptr) node.add(alias) = value;
      }
      if (node.find(field.stored) != nullptr) continue;  // another member's former name
      node.add(field.stored) = std::move(value);
      if (options_.required && field.always_written && field.aliases.empty())
        node.required.push_back(field.stored);
    }
  }

  SchemaNode of(const TypeInfo& type, Numbers numbers) {
    SchemaNode node = without_null(type, numbers);
    if (type.nullable) node.allow_null();
    return node;
  }

  SchemaNode without_null(const TypeInfo& type, Numbers numbers) {
    SchemaNode node;
    switch (type.form) {
      case Form::any:
      case Form::extra:
        break;
      case Form::plain:
        node.types = {type.bson_type};
        for (const auto name : type.names) node.values.emplace_back(name);
        break;
      case Form::integer:
      case Form::floating:
      case Form::decimal:
      case Form::boolean:
        node.types = number_types(type, numbers);
        break;
      case Form::list:
        node.types = {"array"};
        node.items.push_back(of(type.parts.front(), numbers));
        node.least_items = node.most_items = type.length;
        break;
      case Form::tuple:
        node.types = {"array"};
        for (const auto& part : type.parts) node.tuple.push_back(of(part, numbers));
        node.least_items = node.most_items = type.length;
        break;
      case Form::map:
        node.types = {"object"};
        node.additional.push_back(of(type.parts.front(), numbers));
        break;
      case Form::structure:
        return structure(type);
      case Form::variant:
        return variant(type, numbers);
    }
    return node;
  }

  std::vector<std::string> number_types(const TypeInfo& type, Numbers numbers) const {
    if (!options_.as_read) return {type.bson_type};
    const bool lossy = numbers == Numbers::lossy;
    if (type.form == Form::boolean)
      return lossy ? std::vector<std::string>{"bool", "number"} : std::vector<std::string>{"bool"};
    if (numbers != Numbers::strict) {
      if (lossy && type.form != Form::decimal) return {"number", "bool"};
      return {"number"};
    }
    if (type.form == Form::decimal) return {"decimal", "int", "long"};
    if (type.bson_type == "int") return {"int"};
    return {type.bson_type, "int"};
  }

  SchemaNode structure(const TypeInfo& type) {
    SchemaNode node;
    node.types = {"object"};
    for (const auto open : stack_) {
      if (open == type.nested) return node;  // it contains itself
    }
    stack_.push_back(type.nested);
    bool open = false;
    if (!type.tag_field.empty()) {
      node.add(type.tag_field).values.emplace_back(type.tag);
      node.properties.back().types = {"string"};
    }
    add_fields(node, type.nested(), open);
    stack_.pop_back();
    if (!options_.additional) {
      // The marks of the migration runner are no unknown fields at any level.
      for (const char* name : {"_v", "_q"}) {
        if (node.find(name) == nullptr) (void)node.add(name);
      }
      close(node, open);
    }
    return node;
  }

  SchemaNode variant(const TypeInfo& type, Numbers numbers) {
    SchemaNode node;
    std::size_t structures = 0;
    for (const auto& part : type.parts) structures += part.form == Form::structure;
    bool simple = true;
    for (const auto& part : type.parts) {
      SchemaNode one = of(part, numbers);
      if (one.accepts_anything()) return {};
      // One struct is told from other alternatives without its tag.
      if (part.form == Form::structure && structures > 1)
        one.required.insert(one.required.begin(), std::string(part.tag_field));
      simple = simple && one.only_types();
      node.any_of.push_back(std::move(one));
    }
    if (simple) {
      for (const auto& one : node.any_of) {
        for (const auto& name : one.types) node.add_type(name);
      }
      node.any_of.clear();
    }
    return node;
  }

  SchemaOptions options_;
  std::string path_;
  std::vector<const std::vector<FieldInfo>& (*)()> stack_;
};

}  // namespace

JsonSchema json_schema(const ModelInfo& model, const SchemaOptions& options) {
  Maker maker(options);
  SchemaNode node = maker.whole(model);
  JsonSchema result;
  for (const auto& check : model.checks) {
    std::string reason;
    if (check.path.empty() || check.kind() == "custom")
      reason = "it is a function";
    else
      reason = apply_check(node, check.path, *check.rule);
    if (!reason.empty()) result.unsaid.push_back({check.path, check.text(), std::move(reason)});
  }
  for (auto& note : maker.notes) result.unsaid.push_back(std::move(note));
  bson::Writer writer;
  node.write(writer);
  result.schema = writer.finish();
  return result;
}

}  // namespace quire
