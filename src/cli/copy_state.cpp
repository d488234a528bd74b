#include "cli/copy_state.hpp"

#include <chrono>

#include "migrate/support.hpp"
#include "quire/bson/writer.hpp"

namespace quire::cli {
namespace {

constexpr std::string_view prefix = "collection:";

std::string_view to_text(CollectionState::Phase phase) {
  switch (phase) {
    case CollectionState::Phase::fresh:
      return "fresh";
    case CollectionState::Phase::copying:
      return "copying";
    case CollectionState::Phase::copied:
      return "copied";
  }
  return "fresh";
}

bool is_true(bson::View document, std::string_view key) {
  const auto value = document.find(key);
  return value && value->type() == bson::Type::boolean && value->as_bool();
}

}  // namespace

bool CopyState::load() {
  bool found = false;
  collections_.clear();
  const auto cursor = to_.store().find(to_.ns(copy_collection), {}, {});
  while (const auto document = cursor->next()) {
    const std::string id = migrate::get_text(*document, "_id");
    if (id == "copy") {
      found = true;
      run_ = migrate::get_text(*document, "run");
      source_ = migrate::get_text(*document, "source");
      source_database_ = migrate::get_text(*document, "database");
    } else if (id.starts_with(prefix)) {
      CollectionState state;
      const std::string phase = migrate::get_text(*document, "phase");
      if (phase == "copying") state.phase = CollectionState::Phase::copying;
      if (phase == "copied") state.phase = CollectionState::Phase::copied;
      state.created = is_true(*document, "created");
      state.merged = is_true(*document, "merged");
      if (const auto last = document->find("last")) state.last.emplace(*last);
      collections_[id.substr(prefix.size())] = std::move(state);
    }
  }
  return found;
}

const CollectionState* CopyState::find(const std::string& collection) const {
  const auto found = collections_.find(collection);
  return found == collections_.end() ? nullptr : &found->second;
}

void CopyState::begin(const std::string& source, const std::string& database) {
  (void)to_.store().drop_collection(to_.ns(copy_collection), {});
  collections_.clear();
  run_ = Uuid::generate().str();
  source_ = source;
  source_database_ = database;
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const bson::Document document =
      bson::make_document("_id", "copy", "run", run_, "source", source, "database", database,
                          "started", bson::DateTime{now.time_since_epoch()});
  const bson::View view = document;
  const auto result = to_.store().insert(to_.ns(copy_collection), {&view, 1}, {});
  if (result.errors.empty()) return;
  const Error& error = result.errors.front().error;
  if (error.code() == ErrorCode::duplicate_key)
    throw StoreError(ErrorCode::busy, "another copy to this target begins at the same time");
  throw StoreError(error.code(), error.detail(), error.backend_code());
}

void CopyState::save(const std::string& collection, const CollectionState& state) {
  const std::string id = std::string(prefix) + collection;
  bson::Writer document;
  document.append("_id", id)
      .append("phase", to_text(state.phase))
      .append("created", state.created)
      .append("merged", state.merged);
  if (state.last) document.append("last", *state.last);
  const bson::Document body = document.finish();
  store::UpdateOptions options;
  options.upsert = true;
  (void)to_.store().update(to_.ns(copy_collection), bson::make_document("_id", id), {body.view()},
                           options);
  collections_[collection] = state;
}

bool CopyState::lies_in(const Database& other) const {
  Database db = other;
  const auto found =
      migrate::find_document(db, copy_collection, bson::make_document("_id", "copy"));
  return found && migrate::get_text(*found, "run") == run_;
}

void CopyState::remove() { (void)to_.store().drop_collection(to_.ns(copy_collection), {}); }

}  // namespace quire::cli
