#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "quire/core/function_ref.hpp"
#include "quire/store/store.hpp"

namespace quire::query {
class Raw;
}

namespace quire {

template <class T>
class ChangeStream;
template <class T>
class Collection;
struct ModelInfo;
struct WatchOptions;

/// What a database asks on the way of typed documents; filled by migrations. Thread-safe.
class DatabaseHooks {
 public:
  virtual ~DatabaseHooks() = default;
  /// Before each write through a collection; an exception refuses it (maintenance mode).
  virtual void before_write(store::Namespace) {}
  /// A document as read: the same in the shape that the program expects, or nothing when it is so
  /// already.
  virtual std::optional<bson::Document> upgrade(store::Namespace, bson::View) {
    return std::nullopt;
  }

 protected:
  DatabaseHooks() = default;
  DatabaseHooks(const DatabaseHooks&) = default;
  DatabaseHooks& operator=(const DatabaseHooks&) = default;
};

struct OpenOptions {
  /// Create what the models declare when a collection is first used.
  bool sync_indexes = false;
  std::string database = {};  ///< instead of the one that the URI names
  Concerns concerns = {};     ///< of all calls that do not say otherwise; nothing = the URI's
};

struct TransactionOptions {
  /// After transient errors the function runs again, until so long after the first start.
  std::chrono::milliseconds retry_for = std::chrono::seconds(120);
  std::optional<ReadConcern> read_concern = std::nullopt;
  std::optional<WriteConcern> write_concern = std::nullopt;
  std::optional<ReadPreference> read_preference = std::nullopt;
  std::chrono::milliseconds max_commit_time{0};  ///< 0 = none
  bool causal_consistency = true;
};

/// A transaction's handle, as Database::transaction gives it, or one of Database::session.
using Session = store::Session;

/// Takes a Session& where an option is optional: {.session = s}.
struct SessionRef {
  SessionRef() noexcept = default;
  SessionRef(Session& session) noexcept : pointer(&session) {}  // NOLINT: {.session = s}
  SessionRef(Session* session) noexcept : pointer(session) {}   // NOLINT
  Session* pointer = nullptr;
};

/// A cheap handle on a shared, thread-safe store and the name of one of its databases.
/// Copies share the store and the hooks. Threads: safe.
class Database {
 public:
  Database(std::shared_ptr<store::Store> store, std::string name, const OpenOptions& options = {});

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] store::Store& store() const noexcept { return *store_; }
  [[nodiscard]] const std::shared_ptr<store::Store>& shared_store() const noexcept {
    return store_;
  }
  [[nodiscard]] store::Namespace ns(std::string_view collection) const noexcept {
    return {name_, collection};
  }

  /// The collection that T's model names.
  template <class T>
  [[nodiscard]] Collection<T> collection() const;
  /// A collection of another name, or of a type without a model.
  template <class T>
  [[nodiscard]] Collection<T> collection(std::string_view name) const;

  /// Runs `fn(Session&)` in a transaction: committed when it returns, rolled back when it throws
  /// (the exception passes through). Operations take part by {.session = s}. After a write
  /// conflict, a broken connection or a change of primary it runs again, so it should have no other
  /// effects; a commit whose outcome is not known is asked for again. Gives what fn gives. Throws
  /// StoreError transaction_state when called inside of another one on the same store, unsupported,
  /// before fn runs, where the deployment has no transactions.
  template <class F>
  auto transaction(F&& fn, const TransactionOptions& options = {}) const {
    using Result = std::invoke_result_t<F&, store::Session&>;
    if constexpr (std::is_void_v<Result>) {
      run_transaction([&](store::Session& session) { fn(session); }, options);
    } else {
      std::optional<Result> result;
      run_transaction(
          [&](store::Session& session) {
            result.reset();
            result.emplace(fn(session));
          },
          options);
      return Result(std::move(*result));
    }
  }

  /// A session for reads that see its own writes on any member, or one moment of the data.
  /// Throws StoreError unsupported where the deployment has none.
  [[nodiscard]] std::unique_ptr<Session> session(const store::SessionOptions& options = {}) const {
    return store_->start_session(options);
  }
  /// The same database with other concerns for the calls of this handle and its collections.
  [[nodiscard]] Database with(Concerns concerns) const;
  [[nodiscard]] const Concerns& concerns() const noexcept { return concerns_; }
  /// What the deployment can do; asked once.
  [[nodiscard]] store::Capabilities capabilities() const { return store_->capabilities(); }
  /// Whether it answers, within about `limit`. Never throws.
  [[nodiscard]] store::Health health(
      std::chrono::milliseconds limit = std::chrono::seconds(2)) const noexcept {
    return store_->health(limit);
  }
  /// The server's own reply; ok: 0 becomes an exception. See docs/commands.md.
  bson::Document run_command(bson::View command, SessionRef session = {}) const;

  /// With options as MongoDB names them: capped, timeseries, validator, collation …
  /// Throws StoreError namespace_exists, unsupported for what the store has not.
  void create_collection(std::string_view name, bson::View collection_options = {}) const;
  /// A view: what the pipeline makes of another collection, read only.
  void create_view(std::string_view name, std::string_view on,
                   const std::vector<bson::Document>& pipeline, bson::View collation = {}) const;
  /// True when it was there.
  bool drop_collection(std::string_view name) const;

  /// The changes of all its collections from now on, as raw documents: quire/collection/watch.hpp.
  /// Throws StoreError unsupported where the deployment has no change streams.
  [[nodiscard]] ChangeStream<bson::Document> watch() const;
  [[nodiscard]] ChangeStream<bson::Document> watch(const std::vector<query::Raw>& pipeline) const;
  [[nodiscard]] ChangeStream<bson::Document> watch(const std::vector<query::Raw>& pipeline,
                                                   const WatchOptions& options) const;

  /// Another database of the same store: a tenant.
  [[nodiscard]] Database with_name(std::string name) const;
  /// For migrations; null takes them away. Shared by all copies.
  void set_hooks(std::shared_ptr<DatabaseHooks> hooks) const;
  [[nodiscard]] std::shared_ptr<DatabaseHooks> hooks() const;

  /// Names of the collections that exist.
  [[nodiscard]] std::vector<std::string> collection_names() const;
  /// Closes the store for all handles.
  void close() const { store_->close(); }

  /// When opened with sync_indexes: makes what the model declares, once a collection.
  void first_use(std::string_view collection, const ModelInfo& model) const;

 private:
  struct Shared;
  void run_transaction(FunctionRef<void(store::Session&)> fn,
                       const TransactionOptions& options) const;
  std::shared_ptr<store::Store> store_;
  std::shared_ptr<Shared> shared_;
  std::string name_;
  Concerns concerns_;
};

/// Opens a store by URI and gives its default database: "app.quire", ":memory:",
/// "quire:app.quire?durability=normal", "mongodb://host/app". Throws as store::open.
/// Throws StoreError invalid_uri also where neither the URI nor the options name a database.
[[nodiscard]] Database open(std::string_view uri, const OpenOptions& options = {});

/// Names of environment variables, as services are configured.
struct EnvironmentNames {
  std::string uri = "MONGODB_URI";
  std::string database = "MONGODB_DATABASE";  ///< may be unset: then the URI names it
  std::string fallback_uri = {};              ///< where `uri` is not set: a file for development
};
/// Opens what the environment says. Throws StoreError invalid_uri that names the variable which is
/// not set; its value is not repeated.
[[nodiscard]] Database open_from_environment(const EnvironmentNames& names = {},
                                             OpenOptions options = {});

}  // namespace quire
