// What pending migrations would meet in the documents.
#include <algorithm>

#include "migrate/linter.hpp"
#include "migrate/preflight_checks.hpp"
#include "migrate/support.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "quire/migrate/duplicates.hpp"
#include "quire/migrate/type_report.hpp"

namespace quire::migrate {
namespace {

/// From here on a document has little room to grow in: the limit is 16 MiB.
constexpr std::int32_t nearly_too_large = 15 * 1024 * 1024;

std::string documents(std::int64_t n) {
  return std::to_string(n) + (n == 1 ? " document" : " documents");
}

/// The path of the first name that operators cannot address; empty: all can be.
std::string bad_name(bson::View document, bool names, int depth = 0) {
  if (depth > 200) return {};
  for (const auto& field : document) {
    if (names && (field.key.empty() || field.key.front() == '$' ||
                  field.key.find('.') != std::string_view::npos))
      return "\"" + std::string(field.key) + "\"";
    if (!field.value.is_document() && !field.value.is_array()) continue;
    const std::string below =
        bad_name(field.value.as_nested(), field.value.is_document(), depth + 1);
    if (!below.empty()) return std::string(field.key) + "." + below;
  }
  return {};
}

bool is_bad_path(std::string_view path) {
  while (true) {
    const auto dot = path.find('.');
    const auto part = path.substr(0, dot);
    if (part.empty() || part.front() == '$') return true;
    if (dot == std::string_view::npos) return false;
    path.remove_prefix(dot + 1);
  }
}

/// Fields that a declared step names.
std::vector<std::string> paths_of(const Step& step) {
  std::vector<std::string> paths;
  for (const std::string_view key : {"field", "from", "to", "as"}) {
    const auto value = step.spec().find(key);
    if (!value) continue;
    if (value->is_string()) paths.emplace_back(value->as_string());
    if (!value->is_array()) continue;
    for (const auto& one : value->as_array())
      if (one.value.is_string()) paths.emplace_back(one.value.as_string());
  }
  return paths;
}

/// Collections that a declared step reads or writes.
std::vector<std::string> collections_of(const Step& step) {
  std::vector<std::string> names{step.data().collection};
  const bool copies = detail::work_as<detail::CopyWork>(step.data()) != nullptr;
  const auto other = step.spec().find(copies ? "to" : "other");
  if (other && other->is_string()) names.emplace_back(other->as_string());
  return names;
}

/// Why a store refuses a collection of this name; empty: it does not.
std::string refused_name(std::string_view database, std::string_view name) {
  constexpr std::size_t most_bytes = 255;  // of the name with the database's in front
  if (name.empty()) return "a collection's name is not empty";
  if (name.find('$') != std::string_view::npos) return "a collection's name has no $ in it";
  if (name.find('\0') != std::string_view::npos)
    return "a collection's name has no zero byte in it";
  if (name.starts_with("system.")) return "names that begin with system. are the store's own";
  const std::size_t bytes = database.size() + 1 + name.size();
  if (bytes <= most_bytes) return {};
  return "is " + std::to_string(bytes) +
         " bytes long with the database's name in front; a server "
         "takes " +
         std::to_string(most_bytes);
}

}  // namespace

std::set<std::string> Preflight::touched() const {
  std::set<std::string> names;
  for (const Surveyed& one : all_) {
    if (!one.pending) continue;
    for (const Step& step : one.compiled.steps)
      if (!step.data().collection.empty()) names.insert(step.data().collection);
  }
  return names;
}

void Preflight::duplicates() {
  std::size_t before = report_.findings.size();
  LintOptions look;
  for (Finding& found : lint(db_, migrations_, look).findings) {
    if (found.code != "Q201") continue;
    found.code = "P107";
    report_.findings.push_back(std::move(found));
  }
  for (const ModelInfo* model : options_.models) {
    if (model == nullptr || model->collection.empty()) continue;
    const auto there = db_.store().list_indexes(db_.ns(model->collection));
    for (const IndexInfo& index : model->indexes) {
      if (!index.unique || std::ranges::any_of(there, [&](const bson::Document& one) {
            return get_text(one, "name") == index.name;
          }))
        continue;
      DuplicateOptions options;
      options.most = 1;
      options.most_ids = 3;
      options.sparse = index.sparse;
      options.partial_filter = index.partial;
      const std::string where = model->collection + " (" + index.name + ")";
      // A migration makes it, and lint has looked.
      if (std::ranges::any_of(report_.findings, [&](const Finding& found) {
            return found.code == "P107" && found.where == where;
          }))
        continue;
      const std::string next = "look with find_duplicates(), resolve with resolve_duplicates()";
      try {
        const auto found = find_duplicates(db_, model->collection, index.keys, options);
        if (found.empty()) continue;
        const std::int64_t n =
            found.groups.empty() ? found.parallel_lists : found.groups.front().documents;
        add({"P107", Severity::danger, where,
             "model " + model->type + " wants this unique index, and " + documents(n) +
                 " have the same key",
             next, model->collection, "", index.keys});
      } catch (const Error& error) {
        add({"P107", Severity::warning, where, "could not be found out: " + error.detail(), next,
             model->collection, "", index.keys});
      }
    }
  }
  if (report_.findings.size() == before)
    add({"P107", Severity::ok, "", "no unique index to come meets duplicates", "", "", ""});
}

void Preflight::types() {
  if (options_.models.empty()) {
    add({"P108", Severity::ok, "", "no models are given to compare with", "", "", ""});
    return;
  }
  bool any = false;
  for (const ModelInfo* model : options_.models) {
    if (model == nullptr || model->collection.empty()) continue;
    TypeReportOptions options;
    options.sample = options_.sample;
    options.examples = 1;
    const auto report = type_report(db_, *model, options);
    for (const TypeFinding& found : report.findings) {
      any = true;
      add({"P108", Severity::warning, field_of(report.collection, found.path),
           documents(found.documents) + (report.all_read ? "" : " of the sample") + " with " +
               found.found + ", which model " + report.model + " does not read as " + found.wanted,
           "look with type_report(), convert with convert_types()", report.collection, ""});
    }
  }
  if (!any) add({"P108", Severity::ok, "", "the models read all stored types", "", "", ""});
}

void Preflight::sizes() {
  bool any = false;
  const bson::Document body = bson::from_json(
      R"({"p": [{"$match": {"$expr": {"$gte": [{"$bsonSize": "$$ROOT"}, )" +
      std::to_string(nearly_too_large) +
      R"(]}}}, {"$group": {"_id": null, "n": {"$sum": 1}, "id": {"$max": "$_id"}}}]})");
  for (const std::string& name : touched()) {
    try {
      const auto cursor = db_.store().aggregate(db_.ns(name), bson::View(body)["p"].as_array(),
                                                safe<store::AggregateOptions>());
      const auto sums = cursor->next();
      if (!sums) continue;
      any = true;
      const std::int64_t n = get_int(*sums, "n");
      add({"P109", Severity::warning, name,
           documents(n) + " (_id " + bson::to_json((*sums)["id"]) + (n == 1 ? ") is" : ") are") +
               " larger than 15 MiB; at 16 MiB a change is refused",
           "make them smaller before something is added to them", name, ""});
    } catch (const StoreError& error) {
      any = true;
      add({"P109", Severity::warning, name, "could not be found out: " + error.detail(), "", name,
           ""});
    }
  }
  if (!any)
    add({"P109", Severity::ok, "", "no document of the touched collections is near it", "", "",
         ""});
}

void Preflight::names() {
  const std::size_t before = report_.findings.size();
  for (const Surveyed& one : all_) {
    if (!one.pending) continue;
    for (const Step& step : one.compiled.steps) {
      if (detail::is_code(step.data())) continue;
      for (const std::string& name : collections_of(step)) {
        if (const std::string why = refused_name(db_.name(), name); !why.empty())
          add({"P110", Severity::danger, name, why, "correct the name", name, one.compiled.id()});
      }
      if (detail::work_as<detail::CopyWork>(step.data()) != nullptr) continue;
      for (const std::string& path : paths_of(step)) {
        if (is_bad_path(path))
          add({"P110", Severity::danger, field_of(step.data().collection, path),
               "is no path of a field: a part of it is empty or begins with $", "correct the path",
               step.data().collection, one.compiled.id()});
      }
    }
  }
  for (const std::string& name : touched()) {
    std::int64_t bad = 0, read = 0;
    std::string example;
    auto options = safe<store::FindOptions>();
    options.limit = options_.sample;
    const auto cursor = db_.store().find(db_.ns(name), {}, options);
    while (const auto document = cursor->next()) {
      ++read;
      const std::string path = bad_name(*document, true);
      if (path.empty()) continue;
      ++bad;
      if (example.empty()) example = path + " in _id " + bson::to_json((*document)["_id"]);
    }
    if (bad == 0) continue;
    add({"P110", Severity::warning, name,
         documents(bad) + " of " + std::to_string(read) +
             " have field names with dots, with $ in front or without a letter (" + example +
             "), which steps cannot address",
         "rename them with $setField in code of your own", name, ""});
  }
  if (report_.findings.size() == before)
    add({"P110", Severity::ok, "", "steps and documents have names that can be addressed", "", "",
         ""});
}

}  // namespace quire::migrate
