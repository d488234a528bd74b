// What a step says by itself.
#include <algorithm>

#include "migrate/linter.hpp"
#include "migrate/support.hpp"

namespace quire::migrate {
namespace {

std::vector<std::string> texts_of(bson::View spec, std::string_view key) {
  std::vector<std::string> out;
  const auto list = spec.find(key);
  if (!list || !list->is_array()) return out;
  for (const auto& one : list->as_array()) out.emplace_back(one.value.as_string());
  return out;
}

bool is_below(std::string_view path, std::string_view parent) {
  return path.size() > parent.size() && path.starts_with(parent) && path[parent.size()] == '.';
}

const FieldInfo* mapped_field(const std::vector<FieldInfo>& fields, std::string_view path) {
  for (const FieldInfo& field : fields) {
    if (field.flattened && field.nested != nullptr) {
      if (const FieldInfo* found = mapped_field(field.nested(), path)) return found;
      continue;
    }
    if (field.stored == path || is_below(field.stored, path)) return &field;
    if (!is_below(path, field.stored)) continue;
    if (field.nested == nullptr) return &field;
    return mapped_field(field.nested(), path.substr(field.stored.size() + 1));
  }
  return nullptr;
}

}  // namespace

std::string field_of(std::string_view collection, std::string_view field) {
  return std::string(collection) + "." + std::string(field);
}

std::string op_of(const Step& step) { return get_text(step.spec(), "op"); }

std::vector<std::string> fields_gone(const Step& step) {
  const bson::View spec = step.spec();
  const std::string op = op_of(step);
  if (op == "unset_field" || op == "embed") return {get_text(spec, "field")};
  if (op == "extract") return {get_text(spec, "as")};
  if (op == "rename_field") return {get_text(spec, "from")};
  if (op != "split_field" && op != "merge_fields") return {};
  auto gone = texts_of(spec, "from");
  const auto stays = texts_of(spec, "to");
  std::erase_if(gone, [&](const std::string& field) {
    return std::ranges::find(stays, field) != stays.end();
  });
  return gone;
}

std::string mapped_by(const std::vector<const ModelInfo*>& models, std::string_view collection,
                      std::string_view path) {
  for (const ModelInfo* model : models) {
    if (model == nullptr || model->collection != collection) continue;
    if (const FieldInfo* field = mapped_field(model->fields(), path))
      return model->type + "::" + field->name;
  }
  return {};
}

std::optional<bool> narrows(std::string_view from, std::string_view to) {
  if (to == "string" || from == to) return false;
  if (from.empty()) return std::nullopt;
  const auto one_of = [&](std::initializer_list<std::string_view> wide) {
    return std::ranges::find(wide, from) != wide.end();
  };
  if (to == "int") return !one_of({"bool"});
  if (to == "long") return !one_of({"bool", "int", "date"});
  if (to == "double") return !one_of({"bool", "int", "date"});
  if (to == "decimal") return !one_of({"bool", "int", "long", "double", "date"});
  if (to == "date") return !one_of({"long"});
  return true;  // bool, objectId
}

void Linter::look_at_step(const Step& step) {
  const std::string op = op_of(step);
  if (op == "drop_collection") drop_collection(step);
  if (op == "create_index") {
    unique_index(step);
    index_build(step);
  }
  if (op == "set_validator") validator(step);
  if (op == "convert_field") narrowing(step);
  mapped_fields(step);
  moved_fields(step);
  one_transaction(step);
  unindexed_filter(step);
  opaque(step);
}

void Linter::drop_collection(const Step& step) {
  const std::string& name = step.data().collection;
  std::string text = "drops the collection";
  if (db_ != nullptr && now_->pending) {
    const std::int64_t documents = sizes_->estimate(name);
    text += documents == 0 ? ", which has no documents now"
                           : " with its " + std::to_string(documents) +
                                 (documents == 1 ? " document" : " documents");
  }
  add({"Q101", Severity::danger, name, std::move(text),
       "write a backup, see that no program reads it, then say so with assured()"});
}

void Linter::mapped_fields(const Step& step) {
  for (const std::string& field : fields_gone(step)) {
    const std::string by = mapped_by(options_.models, step.data().collection, field);
    if (by.empty()) continue;
    add({"Q102", Severity::danger, field_of(step.data().collection, field),
         "takes away what " + by + " of this program stores",
         "take the member out of the model first, or give it the new name"});
  }
}

void Linter::moved_fields(const Step& step) {
  if (info().kind == MigrationKind::contract) return;
  const std::string op = op_of(step);
  const std::string& collection = step.data().collection;
  const char* next =
      "add the new beside the old, let programs write both, and take the old away in a later "
      "migration of kind contract";
  if (op == "move_documents") {
    add({"Q301", Severity::danger, collection,
         "programs of the release before look for the documents here", next});
    return;
  }
  if (const auto* rows = detail::work_as<detail::RowWork>(step.data());
      rows != nullptr && rows->fill && !rows->versioned) {
    add({"Q301", Severity::warning, collection,
         "documents change their shape, and carry no version by which programs could tell",
         "give the models a version(n): documents are then upgraded when they are read"});
    return;
  }
  const auto gone = fields_gone(step);
  for (const std::string& field : gone) {
    add({"Q301", op == "unset_field" ? Severity::warning : Severity::danger,
         field_of(collection, field),
         "programs of the release before read this field until the last of them is gone", next});
  }
}

void Linter::narrowing(const Step& step) {
  const std::string to = get_text(step.spec(), "to");
  std::string from;
  if (step.data().inverse != nullptr) from = get_text(step.data().inverse->spec, "to");
  const auto answer = narrows(from, to);
  if (answer && !*answer) return;
  const std::string where = field_of(step.data().collection, get_text(step.spec(), "field"));
  if (with_data() && can_.aggregation && converted_values(step, where, to)) return;
  add({"Q202", answer ? Severity::danger : Severity::warning, where,
       from.empty() ? "values become " + to + ", which may not hold them"
                    : "values of type " + from + " become " + to + ", which may not hold them",
       "look at the values first, and convert those that do not fit by a rule of their own"});
}

void Linter::opaque(const Step& step) {
  const auto& data = step.data();
  const auto* code = detail::work_as<detail::CodeWork>(data);
  const auto* rows = detail::work_as<detail::RowWork>(data);
  const std::string op = op_of(step);
  // An import's spec covers its mapping, but for what is C++ in it.
  const bool told = op.starts_with("import") && !step.spec().contains("computed");
  const bool own =
      (code != nullptr && !told) || (rows != nullptr && (op == "each" || op == "transform"));
  if (own && info().revision == 0) {
    add({"Q601", Severity::warning, data.collection,
         "the checksum does not cover its code: nobody sees when it is changed later",
         "set .revision = 1, and raise it whenever the code changes its meaning"});
  }
  if (code == nullptr) return;
  if (code->atomicity == Atomicity::manual) {
    add({"Q602", Severity::warning, "",
         "after a crash in this code the migration waits for a person (state attention)",
         "make the code idempotent, or do it in a transaction, and declare it so"});
  }
  if (info().touches.empty() && data.touches.empty()) {
    add({"Q603", Severity::warning, "",
         "its code may touch anything, so that no migration from before it can run any more",
         "set .touches"});
  }
}

}  // namespace quire::migrate
