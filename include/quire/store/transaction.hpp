#pragma once

#include <chrono>

#include "quire/store/store.hpp"

namespace quire::store {

struct TransactionSettings {
  SessionOptions session = {};
  StartOptions start = {};
  /// After a transient error the function runs again, until so long after the first start.
  std::chrono::milliseconds retry_for = std::chrono::seconds(120);
  bool retry_busy = false;  ///< also when the embedded store's writer was not to be had
  Session* on = nullptr;    ///< instead of a session of its own; `session` is not looked at then
};

/// Runs `work` in a transaction on a session of its own and commits; the one loop of its kind.
/// - An error labelled TransientTransactionError, or a write conflict, aborts and runs `work`
///   again, after a wait that doubles and is spread at random.
/// - A commit labelled UnknownTransactionCommitResult is asked for again, with write concern
///   majority: a server commits it once.
/// - Any other exception of `work` aborts and passes through.
/// Throws StoreError unsupported before anything is done where the store has no transactions,
/// transaction_state inside of another one on the same store in this thread.
/// Source: MongoDB specification "Convenient API for Transactions".
void run_transaction(Store& store, const TransactionSettings& settings,
                     FunctionRef<void(Session&)> work);

}  // namespace quire::store
