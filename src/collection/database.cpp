#include "quire/collection/database.hpp"

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <set>

#include "quire/bson/writer.hpp"
#include "quire/collection/detail/core.hpp"
#include "quire/core/error.hpp"
#include "quire/model/info.hpp"
#include "quire/store/transaction.hpp"

namespace quire {

struct Database::Shared {
  OpenOptions options;
  mutable std::mutex mutex;
  std::atomic<bool> hooked = false;
  std::shared_ptr<DatabaseHooks> hooks;
  std::set<std::string> used;  // "database.collection"
};

Database::Database(std::shared_ptr<store::Store> store, std::string name,
                   const OpenOptions& options)
    : store_(std::move(store)),
      shared_(std::make_shared<Shared>()),
      name_(std::move(name)),
      concerns_(options.concerns) {
  if (store_ == nullptr) throw Error(ErrorCode::invalid_argument, "a Database needs a store");
  shared_->options = options;
}

Database Database::with(Concerns concerns) const {
  Database other(*this);
  if (concerns.read) other.concerns_.read = std::move(concerns.read);
  if (concerns.write) other.concerns_.write = std::move(concerns.write);
  if (concerns.preference) other.concerns_.preference = std::move(concerns.preference);
  return other;
}

Database Database::with_name(std::string name) const {
  Database other(*this);
  other.name_ = std::move(name);
  return other;
}

void Database::set_hooks(std::shared_ptr<DatabaseHooks> hooks) const {
  const std::lock_guard lock(shared_->mutex);
  shared_->hooks = std::move(hooks);
  shared_->hooked = shared_->hooks != nullptr;
}

std::shared_ptr<DatabaseHooks> Database::hooks() const {
  if (!shared_->hooked) return nullptr;  // the usual way takes no lock
  const std::lock_guard lock(shared_->mutex);
  return shared_->hooks;
}

std::vector<std::string> Database::collection_names() const {
  std::vector<std::string> names;
  for (auto& info : store_->list_collections(name_)) names.push_back(std::move(info.name));
  return names;
}

void Database::first_use(std::string_view collection, const ModelInfo& model) const {
  if (!shared_->options.sync_indexes) return;
  {
    const std::lock_guard lock(shared_->mutex);
    if (!shared_->used.insert(name_ + "." + std::string(collection)).second) return;
  }
  try {
    (void)collection_detail::Core(*this, std::string(collection), model).sync_indexes({});
  } catch (...) {
    const std::lock_guard lock(shared_->mutex);
    shared_->used.erase(name_ + "." + std::string(collection));
    throw;
  }
}

void Database::run_transaction(FunctionRef<void(store::Session&)> fn,
                               const TransactionOptions& options) const {
  store::TransactionSettings settings;
  settings.session.causal_consistency = options.causal_consistency;
  settings.start.read_concern = options.read_concern ? options.read_concern : concerns_.read;
  settings.start.write_concern = options.write_concern ? options.write_concern : concerns_.write;
  settings.start.read_preference = options.read_preference;
  settings.start.max_commit_time = options.max_commit_time;
  settings.retry_for = options.retry_for;
  store::run_transaction(*store_, settings, fn);
}

bson::Document Database::run_command(bson::View command, SessionRef session) const {
  return store_->run_command(name_, command, session.pointer);
}

void Database::create_collection(std::string_view name, bson::View collection_options) const {
  store::OperationOptions options;
  if (concerns_.write) options.write_concern = &*concerns_.write;
  store_->create_collection(ns(name), collection_options, options);
}

void Database::create_view(std::string_view name, std::string_view on,
                           const std::vector<bson::Document>& pipeline,
                           bson::View collation) const {
  if (!store_->capabilities().views) {
    throw StoreError(ErrorCode::unsupported,
                     "the " + std::string(store_->kind()) + " store has no views");
  }
  bson::Writer view;
  view.append("viewOn", on).begin_array("pipeline");
  for (const auto& stage : pipeline) view.push(stage);
  view.end();
  if (!collation.empty()) view.append("collation", collation);
  create_collection(name, view.finish());
}

bool Database::drop_collection(std::string_view name) const {
  store::OperationOptions options;
  if (concerns_.write) options.write_concern = &*concerns_.write;
  return store_->drop_collection(ns(name), options);
}

Database open(std::string_view uri, const OpenOptions& options) {
  auto store = store::open(uri);
  auto name = options.database.empty() ? store->default_database() : options.database;
  if (name.empty()) {
    throw StoreError(ErrorCode::invalid_uri,
                     "\"" + store->redacted_uri() +
                         "\" names no database; write mongodb://host/app, or give "
                         "OpenOptions::database");
  }
  return Database(std::move(store), std::move(name), options);
}

Database open_from_environment(const EnvironmentNames& names, OpenOptions options) {
  const auto read = [](const std::string& name) {
    const char* value = name.empty() ? nullptr : std::getenv(name.c_str());
    return std::string(value == nullptr ? "" : value);
  };
  std::string uri = read(names.uri);
  if (uri.empty()) uri = names.fallback_uri;
  if (uri.empty()) {
    throw StoreError(ErrorCode::invalid_uri,
                     "the environment variable " + names.uri +
                         " is not set; it holds the connection string, mongodb://host/app or a "
                         "file's name");
  }
  if (auto database = read(names.database); !database.empty())
    options.database = std::move(database);
  return open(uri, options);
}

}  // namespace quire
