#include "migrate/run_collections.hpp"

#include <algorithm>

#include "migrate/support.hpp"
#include "quire/bson/json.hpp"

namespace quire::migrate {
namespace {

/// Of "users.email": the collection that is there with the longest such name, else up to the dot.
std::string collection_in(const std::string& touch, const std::vector<std::string>& there) {
  std::string best;
  for (const std::string& name : there) {
    if ((touch == name || touch.starts_with(name + ".")) && name.size() > best.size()) best = name;
  }
  return best.empty() ? touch.substr(0, touch.find('.')) : best;
}

}  // namespace

TouchedCollections collections_of(const Database& db, const MigrationPlan& plan) {
  TouchedCollections touched;
  const auto there = db.collection_names();
  for (const PlannedMigration& one : plan.migrations) {
    for (const std::string& text : one.steps) {
      const bson::Document step = bson::from_json(text);
      const std::string op = get_text(step, "op");
      if (op == "run") {
        touched.in_place = false;
        for (const std::string& name : one.touches) {
          if (name == "*") {
            touched.all = true;
          } else {
            touched.names.insert(collection_in(name, there));
          }
        }
        continue;
      }
      touched.names.insert(get_text(step, "collection"));
      if (op == "copy_documents" || op == "move_documents")
        touched.names.insert(get_text(step, "to"));
      if (op == "extract") touched.names.insert(get_text(step, "other"));
      if (op == "copy_documents" || op == "move_documents" || op == "extract" ||
          op == "drop_collection")
        touched.in_place = false;
    }
  }
  if (touched.all) {
    for (const std::string& name : there)
      if (!name.starts_with("_quire") && !name.starts_with("system.")) touched.names.insert(name);
  }
  return touched;
}

std::set<std::string> saved_names(const Database& db, const TouchedCollections& touched) {
  std::set<std::string> names;
  bool any = false;
  for (const std::string& name : db.collection_names()) {
    const bool wanted = touched.names.contains(name);
    any = any || wanted;
    if (wanted || name == history_collection || name == events_collection ||
        name == jobs_collection || name == undo_collection)
      names.insert(name);
  }
  return any ? names : std::set<std::string>();
}

}  // namespace quire::migrate
