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

namespace quire {

template <class T>
class Collection;
struct ModelInfo;

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
};

struct TransactionOptions {
  /// After write conflicts the function runs again, until so long after the first start.
  std::chrono::milliseconds retry_for = std::chrono::seconds(30);
};

/// A cheap handle on a shared, thread-safe store and the name of one of its databases.
/// Copies share the store and the hooks. Threads: safe.
class Database {
 public:
  Database(std::shared_ptr<store::Store> store, std::string name, OpenOptions options = {});

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
  /// (the exception passes through). Operations take part by {.session = s}. After a write conflict
  /// it runs again, so it should have no other effects. Gives what fn gives.
  /// Throws StoreError transaction_state when called inside of another one on the same store,
  /// unsupported where the store has none.
  template <class F>
  auto transaction(F&& fn, const TransactionOptions& options = {}) const {
    using Result = std::invoke_result_t<F&, store::Session&>;
    if constexpr (std::is_void_v<Result>) {
      run_transaction([&](store::Session& session) { fn(session); }, options);
    } else {
      std::optional<Result> result;
      run_transaction([&](store::Session& session) { result.emplace(fn(session)); }, options);
      return Result(std::move(*result));
    }
  }

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
};

/// Opens a store by URI and gives its default database: "app.quire", ":memory:",
/// "quire:app.quire?durability=normal", "mongodb://host/app". Throws as store::open.
[[nodiscard]] Database open(std::string_view uri, OpenOptions options = {});

}  // namespace quire
