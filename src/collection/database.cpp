#include "quire/collection/database.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "quire/collection/detail/core.hpp"
#include "quire/core/error.hpp"
#include "quire/model/info.hpp"

namespace quire {

struct Database::Shared {
  OpenOptions options;
  mutable std::mutex mutex;
  std::atomic<bool> hooked = false;
  std::shared_ptr<DatabaseHooks> hooks;
  std::set<std::string> used;  // "database.collection"
};

Database::Database(std::shared_ptr<store::Store> store, std::string name, OpenOptions options)
    : store_(std::move(store)), shared_(std::make_shared<Shared>()), name_(std::move(name)) {
  if (store_ == nullptr) throw Error(ErrorCode::invalid_argument, "a Database needs a store");
  shared_->options = options;
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

namespace {
/// Stores with a transaction open in this thread, innermost last.
thread_local std::vector<const store::Store*> open_transactions;

class InTransaction {
 public:
  explicit InTransaction(const store::Store* store) {
    if (std::find(open_transactions.begin(), open_transactions.end(), store) !=
        open_transactions.end()) {
      throw StoreError(ErrorCode::transaction_state,
                       "a transaction inside of another one; pass the outer session on instead");
    }
    open_transactions.push_back(store);
  }
  ~InTransaction() { open_transactions.pop_back(); }
  InTransaction(const InTransaction&) = delete;
  InTransaction& operator=(const InTransaction&) = delete;
};

void abort_quietly(store::Session& session) noexcept {
  try {
    if (session.in_transaction()) session.abort_transaction();
  } catch (...) {  // the first exception tells more; the session rolls back when it goes
  }
}
}  // namespace

void Database::run_transaction(FunctionRef<void(store::Session&)> fn,
                               const TransactionOptions& options) const {
  const InTransaction guard(store_.get());
  const auto start = std::chrono::steady_clock::now();
  std::minstd_rand random(static_cast<unsigned>(start.time_since_epoch().count()));
  auto wait = std::chrono::microseconds(500);
  while (true) {
    const auto session = store_->start_session();
    try {
      session->start_transaction();
      fn(*session);
      // The function may have ended the transaction itself.
      if (session->in_transaction()) session->commit_transaction();
      return;
    } catch (const StoreError& error) {
      abort_quietly(*session);
      const auto spent = std::chrono::steady_clock::now() - start;
      if (error.code() != ErrorCode::write_conflict || spent + wait > options.retry_for) throw;
    } catch (...) {
      abort_quietly(*session);
      throw;
    }
    // Between half and all of the wait, so that two that met do not meet again.
    std::uniform_int_distribution<std::int64_t> spread(wait.count() / 2, wait.count());
    std::this_thread::sleep_for(std::chrono::microseconds(spread(random)));
    wait = std::min(wait * 2, std::chrono::microseconds(100'000));
  }
}

Database open(std::string_view uri, OpenOptions options) {
  auto store = store::open(uri);
  auto name = store->default_database();
  return Database(std::move(store), std::move(name), options);
}

}  // namespace quire
