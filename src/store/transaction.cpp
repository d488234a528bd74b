#include "quire/store/transaction.hpp"

#include <algorithm>
#include <random>
#include <thread>
#include <vector>

#include "quire/store/hooked_store.hpp"

namespace quire::store {
namespace {

using Clock = std::chrono::steady_clock;

/// Stores with a transaction open in this thread, innermost last.
thread_local std::vector<const Store*> open_transactions;

class InTransaction {
 public:
  explicit InTransaction(const Store* store) {
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

void abort_quietly(Session& session) noexcept {
  try {
    if (session.in_transaction()) session.abort_transaction();
  } catch (...) {  // the first exception tells more; the session rolls back when it goes
  }
}

/// Waits that double up to half a second, each between half and all of it, so that two that met do
/// not meet again.
class BackOff {
 public:
  explicit BackOff(Clock::time_point start)
      : random_(static_cast<unsigned>(start.time_since_epoch().count())) {}
  [[nodiscard]] std::chrono::microseconds next() const noexcept { return wait_; }
  void wait() {
    std::uniform_int_distribution<std::int64_t> spread(wait_.count() / 2, wait_.count());
    std::this_thread::sleep_for(std::chrono::microseconds(spread(random_)));
    wait_ = std::min(wait_ * 2, std::chrono::microseconds(500'000));
  }

 private:
  std::minstd_rand random_;
  std::chrono::microseconds wait_{500};
};

constexpr int max_time_expired = 50;  // MongoDB's number of MaxTimeMSExpired

}  // namespace

void run_transaction(Store& store, const TransactionSettings& settings,
                     FunctionRef<void(Session&)> work) {
  const InTransaction guard(&HookedStore::behind(store));
  if (!store.capabilities().transactions) {
    throw StoreError(
        ErrorCode::unsupported,
        "this deployment has no transactions (a replica set or a sharded cluster has); "
        "nothing was done");
  }
  const auto start = Clock::now();
  BackOff back_off(start);
  const auto in_time = [&] { return Clock::now() - start + back_off.next() < settings.retry_for; };
  const auto is_transient = [&](const Error& error) {
    return error.has_label(transient_transaction_error) ||
           error.code() == ErrorCode::write_conflict ||
           (settings.retry_busy && error.code() == ErrorCode::busy);
  };
  std::unique_ptr<Session> own;
  if (settings.on == nullptr) own = store.start_session(settings.session);
  Session* const session = settings.on != nullptr ? settings.on : own.get();
  while (true) {
    bool working = true;
    try {
      session->start_transaction(settings.start);
      work(*session);
      working = false;
      // The function may have ended the transaction itself.
      if (!session->in_transaction()) return;
      while (true) {
        try {
          session->commit_transaction();
          return;
        } catch (const Error& error) {
          // MaxTimeMSExpired may also be what the write concern ended in.
          const bool expired =
              error.code() == ErrorCode::timeout || error.backend_code() == max_time_expired;
          if (!error.has_label(unknown_commit_result) || expired || !in_time()) throw;
          back_off.wait();
        }
      }
    } catch (const Error& error) {
      abort_quietly(*session);
      if (!is_transient(error) || !in_time()) throw;
      // A commit that may have been done is no reason to do the work twice.
      if (!working && error.has_label(unknown_commit_result)) throw;
    } catch (...) {
      abort_quietly(*session);
      throw;
    }
    back_off.wait();
  }
}

}  // namespace quire::store
