// Whether the user of the connection may do what migrations do.
#include <unistd.h>

#include <algorithm>
#include <map>

#include "migrate/linter.hpp"
#include "migrate/operations_left.hpp"
#include "migrate/preflight_checks.hpp"
#include "migrate/support.hpp"
#include "quire/bson/json.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {
namespace {

using Needed = std::map<std::string, std::set<std::string>>;  // collection -> actions

Needed needed_by(const std::vector<Surveyed>& migrations) {
  Needed needed;
  const std::set<std::string> documents = {"find", "insert", "update", "remove"};
  for (const auto name :
       {history_collection, events_collection, jobs_collection, lock_collection}) {
    needed[std::string(name)] = documents;
    needed[std::string(name)].insert("createCollection");
  }
  for (const Surveyed& one : migrations) {
    if (!one.pending) continue;
    for (const Step& step : one.compiled.steps) {
      if (step.data().collection.empty()) continue;
      auto& actions = needed[step.data().collection];
      const std::string op = op_of(step);
      if (op == "create_index") {
        actions.insert({"createIndex", "createCollection"});
      } else if (op == "drop_index") {
        actions.insert("dropIndex");
      } else if (op == "create_collection") {
        actions.insert("createCollection");
      } else if (op == "drop_collection") {
        actions.insert("dropCollection");
      } else if (op == "set_validator") {
        actions.insert({"collMod", "createCollection"});
        needed[std::string(undo_collection)] = documents;
      } else if (op == "copy_documents" || op == "move_documents") {
        actions.insert("find");
        if (op == "move_documents") actions.insert("remove");
        needed[get_text(step.spec(), "to")].insert({"find", "insert", "remove"});
      } else if (op == "embed" || op == "extract") {
        actions.insert({"find", "update"});
        auto& other = needed[get_text(step.spec(), "other")];
        other.insert("find");
        if (op == "extract") other.insert("insert");
      } else {
        actions.insert({"find", "update"});
        if (op == "transform") actions.insert("remove");
      }
    }
  }
  return needed;
}

bool covers(bson::View resource, std::string_view database, const std::string& collection) {
  if (get_flag(resource, "anyResource")) return true;
  const auto of = resource.find("db");
  const auto in = resource.find("collection");
  if (!of || !in || !of->is_string() || !in->is_string()) return false;
  return (of->as_string().empty() || of->as_string() == database) &&
         (in->as_string().empty() || in->as_string() == collection);
}

}  // namespace

std::optional<std::vector<std::string>> missing_rights(bson::View status, std::string_view database,
                                                       const std::vector<Surveyed>& migrations) {
  const auto info = status.find("authInfo");
  if (!info || !info->is_document()) return std::nullopt;
  const auto list = info->as_document().find("authenticatedUserPrivileges");
  if (!list || !list->is_array() || list->as_array().empty()) return std::nullopt;
  std::vector<std::string> missing;
  for (const auto& [collection, actions] : needed_by(migrations)) {
    for (const std::string& action : actions) {
      bool may = false;
      for (const auto& one : list->as_array()) {
        if (!one.value.is_document()) continue;
        const bson::View privilege = one.value.as_document();
        const auto resource = privilege.find("resource");
        const auto allowed = privilege.find("actions");
        if (!resource || !resource->is_document() || !allowed || !allowed->is_array()) continue;
        if (!covers(resource->as_document(), database, collection)) continue;
        for (const auto& name : allowed->as_array()) {
          may = may || (name.value.is_string() && (name.value.as_string() == action ||
                                                   name.value.as_string() == "anyAction"));
        }
      }
      if (!may) missing.push_back(action + " on " + collection);
    }
  }
  return missing;
}

void Preflight::rights_of_file() {
  const std::string path = db_.store().redacted_uri();
  const auto folder = std::filesystem::absolute(path).parent_path();
  if (path == ":memory:" ||
      (::access(path.c_str(), W_OK) == 0 && ::access(folder.c_str(), W_OK) == 0)) {
    add({"P103", Severity::ok, "", "the database may be written", "", "", ""});
    return;
  }
  add({"P103", Severity::danger, path, "this user may not write the file and its folder",
       "give the user the right to write both", "", ""});
}

std::optional<std::string> Preflight::refused_write() {
  // Some servers make a collection that an update names.
  std::string there;
  for (const auto& one : db_.store().list_collections(db_.name()))
    if (there.empty() && one.type == "collection" && !one.name.starts_with("system."))
      there = one.name;
  if (there.empty()) return std::nullopt;
  const bson::Document nothing = bson::from_json(R"({"_id": {"$in": []}})");
  const bson::Document change = bson::from_json(R"({"$set": {"x": 1}})");
  try {
    (void)db_.store().update(db_.ns(there), nothing, {change.view()}, store::UpdateOptions());
    return "";
  } catch (const StoreError& error) {
    return error.detail();
  }
}

void Preflight::drain() {
  const std::string why = drain_hindrance(db_);
  if (why.empty()) {
    add({"P112", Severity::ok, "",
         db_.store().kind() == "embedded" ? "nothing goes on when a process of the file dies"
                                          : "who takes over finds it and may end it",
         "", "", ""});
    return;
  }
  add({"P112", Severity::warning, "",
       "who takes over cannot find or end it (" + why +
           "); stamps, versions and fences keep off what it writes late where steps have them",
       "let the user run $currentOp and killOp on admin, where the server has them; else see that "
       "nothing of a dead process runs any more before the next run",
       "", ""});
}

void Preflight::rights() {
  if (db_.store().kind() == "embedded") {
    rights_of_file();
    return;
  }
  const std::string next = "give the user the role readWrite and, for validators, dbAdmin";
  const bson::Document command =
      bson::make_document("connectionStatus", std::int32_t{1}, "showPrivileges", true);
  std::optional<std::vector<std::string>> missing;
  bool has_user = false;
  try {
    const bson::Document status = db_.store().run_command("admin", command, nullptr);
    missing = missing_rights(status, db_.name(), all_);
    if (const auto info = status.find("authInfo"); info && info->is_document()) {
      const auto users = info->as_document().find("authenticatedUsers");
      has_user = users && users->is_array() && !users->as_array().empty();
    }
  } catch (const StoreError&) {  // then only trying tells
  }
  if (missing && missing->empty()) {
    add({"P103", Severity::ok, "", "the user may do what migrations do", "", "", ""});
  } else if (missing) {
    std::string list;
    for (const std::string& one : *missing) list += list.empty() ? one : ", " + one;
    add({"P103", Severity::danger, "", "the user may not: " + list, next, "", ""});
  } else {
    const auto why = refused_write();
    if (why && !why->empty()) {
      add({"P103", Severity::danger, "", "a write that changes nothing is refused: " + *why, next,
           "", ""});
      return;
    }
    add({"P103", Severity::warning, "",
         std::string(has_user ? "the server does not tell what the user may do"
                              : "the connection has no user") +
             (why ? "; a write that changes nothing is allowed, more could not be found out"
                  : "; there is no collection to try a write on, so it could not be found out"),
         "", "", ""});
  }
}

}  // namespace quire::migrate
