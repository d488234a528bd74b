#include "bson/report_fields.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/migrate/drift.hpp"

namespace quire::migrate {
namespace {

using bson::Type;
using bson::View;
using bson::Writer;

std::string number_of(std::int64_t n, std::string_view what) {
  return std::to_string(n) + " " + std::string(what) + (n == 1 ? "" : "s");
}
std::string id_text(const bson::Value& id) {
  return bson::to_json(id.view(), bson::JsonMode::shell);
}

std::string in_documents(std::int64_t documents, const bson::Value& example) {
  return " in " + number_of(documents, "document") + ", one is " + id_text(example);
}

std::string list(const std::vector<std::string>& all, std::string_view between) {
  std::string text;
  for (const auto& one : all) text.append(text.empty() ? "" : between).append(one);
  return text;
}

/// {"email": 1} unique expireAfterSeconds=60
std::string index_text(View index) {
  std::string text;
  if (const auto keys = index.find("key"); keys && keys->is_document())
    text = bson::to_json(keys->as_document());
  for (const auto& [key, value] : index) {
    if (key == "key" || key == "name" || key == "v" || key == "ns") continue;
    text.append(" ").append(key);
    if (value.type() != Type::boolean || !value.as_bool()) text += "=" + bson::to_json(value);
  }
  return text;
}

std::string_view name_of(IndexDrift::Kind kind) {
  switch (kind) {
    case IndexDrift::Kind::undeclared:
      return "undeclared";
    case IndexDrift::Kind::differs:
      return "differs";
    case IndexDrift::Kind::missing:
      break;
  }
  return "missing";
}

void add_line(std::string& text, std::string_view what, const std::string& rest) {
  text.append("  ").append(what);
  text.append(what.size() < 10 ? 10 - what.size() : 0, ' ');
  text.append("  ").append(rest).append("\n");
}

void add_structure(std::string& text, const CollectionDrift& one) {
  for (const auto& index : one.indexes) {
    const bool gone = index.kind == IndexDrift::Kind::undeclared;
    std::string line(name_of(index.kind));
    line += ": " + index.name + " " + index_text(gone ? index.present : index.wanted);
    if (!index.reason.empty()) line += ", where " + index.reason + " differs";
    add_line(text, "index", line);
  }
  for (const auto& option : one.options) {
    const auto value = [](const std::optional<bson::Value>& v) {
      return v ? bson::to_json(v->view()) : std::string("nothing");
    };
    add_line(text, "option",
             option.name + ": declared is " + value(option.wanted) + ", there is " +
                 value(option.present));
  }
  if (one.validator) {
    const bool none = one.validator->present.empty();
    add_line(text, "validator",
             none ? std::string("missing")
                  : std::string(one.validator->foreign ? "not made from a model; " : "") +
                        "differs at " + list(one.validator->differences, ", "));
  }
}

void add_documents(std::string& text, const CollectionDrift& one) {
  for (const auto& type : one.types) {
    add_line(text, "type",
             type.path + " is " + type.found + in_documents(type.documents, type.example) +
                 "; read is " + type.wanted);
  }
  for (const auto& field : one.unknown)
    add_line(text, "unknown", field.path + in_documents(field.documents, field.example));
  for (const auto& field : one.absent) {
    add_line(
        text, "absent",
        field.path + in_documents(field.documents, field.example) + "; wanted is " + field.type);
  }
  for (const auto& version : one.versions) {
    add_line(text, "version",
             (version.version ? std::to_string(*version.version) : std::string("none")) +
                 in_documents(version.documents, version.example) + "; the model's is " +
                 std::to_string(one.model_version));
  }
  if (one.not_listed > 0)
    add_line(text, "…", number_of(one.not_listed, "further finding") + " not listed");
}

std::string what_was_read(const CollectionDrift& one) {
  if (!one.exists) return "no such collection";
  if (one.all_read) return number_of(one.read, "document") + ", all read";
  if (one.read == 0) return "about " + number_of(one.documents, "document") + ", none read";
  return "about " + number_of(one.documents, "document") + ", a sample of " +
         std::to_string(one.read) + " read";
}

void append_optional(Writer& w, std::string_view key, const std::optional<bson::Value>& value) {
  if (value)
    w.append(key, *value);
  else
    w.append_null(key);
}

void append_fields(Writer& w, std::string_view key, const std::vector<FieldDrift>& fields) {
  w.begin_array(key);
  for (const auto& field : fields) {
    w.push_document_begin()
        .append("path", field.path)
        .append("type", field.type)
        .append("documents", field.documents)
        .append("example", field.example);
    if (field.empty_value) w.append("empty_value", *field.empty_value);
    w.end();
  }
  w.end();
}

void append_validator(Writer& w, const std::optional<SchemaPlan>& plan) {
  if (!plan) {
    w.append_null("validator");
    return;
  }
  w.begin_document("validator")
      .append("wanted", plan->wanted)
      .append("present", plan->present)
      .append("foreign", plan->foreign);
  bson::append_texts(w, "differences", plan->differences);
  w.end();
}

void append_collection(Writer& w, const CollectionDrift& one) {
  w.push_document_begin().append("collection", one.collection);
  bson::append_texts(w, "models", one.models);
  w.append("exists", one.exists)
      .append("capped", one.capped)
      .append("differences", static_cast<std::int64_t>(one.differences()))
      .append("documents", one.documents)
      .append("read", one.read)
      .append("all_read", one.all_read)
      .append("not_listed", one.not_listed)
      .append("model_version", one.model_version);
  w.begin_array("indexes");
  for (const auto& index : one.indexes) {
    w.push_document_begin()
        .append("kind", name_of(index.kind))
        .append("name", index.name)
        .append("wanted", index.wanted)
        .append("present", index.present)
        .append("reason", index.reason)
        .end();
  }
  w.end().begin_array("options");
  for (const auto& option : one.options) {
    w.push_document_begin().append("name", option.name);
    append_optional(w, "wanted", option.wanted);
    append_optional(w, "present", option.present);
    w.end();
  }
  w.end();
  append_validator(w, one.validator);
  w.begin_array("types");
  for (const auto& type : one.types) {
    w.push_document_begin()
        .append("path", type.path)
        .append("found", type.found)
        .append("wanted", type.wanted)
        .append("documents", type.documents)
        .append("example", type.example)
        .end();
  }
  w.end();
  append_fields(w, "unknown", one.unknown);
  append_fields(w, "absent", one.absent);
  w.begin_array("versions");
  for (const auto& version : one.versions) {
    w.push_document_begin();
    if (version.version)
      w.append("version", *version.version);
    else
      w.append_null("version");
    w.append("documents", version.documents).append("example", version.example).end();
  }
  w.end().end();
}

}  // namespace

std::string ModelDrift::str() const {
  const auto total = static_cast<std::int64_t>(differences());
  std::string text = "database " + database + ": " +
                     (total == 0 ? "no differences" : number_of(total, "difference")) + "\n";
  for (const auto& one : collections) {
    text += one.collection + " (" + list(one.models, ", ") + "): " + what_was_read(one) + "\n";
    add_structure(text, one);
    add_documents(text, one);
  }
  for (const auto& name : without_model) text += name + ": no model\n";
  for (const auto& [name, reason] : left_alone) text += name + ": left alone, " + reason + "\n";
  for (const auto& note : notes) text += "note: " + note + "\n";
  return text;
}

std::string ModelDrift::json() const {
  Writer w;
  w.append("schema", "quire.drift/1")
      .append("database", database)
      .append("differences", static_cast<std::int64_t>(differences()))
      .begin_array("collections");
  for (const auto& one : collections) append_collection(w, one);
  w.end();
  bson::append_texts(w, "without_model", without_model);
  w.begin_array("left_alone");
  for (const auto& [name, reason] : left_alone)
    w.push_document_begin().append("name", name).append("reason", reason).end();
  w.end();
  bson::append_texts(w, "notes", notes);
  return bson::to_json(w.finish());
}

}  // namespace quire::migrate
