#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "quire/store/store.hpp"
#include "store/embedded/commands/sessions.hpp"

/// Retryable writes: a write with lsid and txnNumber happens once, however often it is sent. What
/// it answered is kept in the collection config.transactions, as a server does, by the transaction
/// that writes: both are there or neither, after a crash too.
///   {_id: {id: UUID}, txnNum: int64, lastWriteDate: date, state?: "committed", reply?: document}
/// Source: MongoDB manual, "Retryable Writes"; specifications/source/retryable-writes.
namespace quire::store::embedded::commands {

/// Whether a command with txnNumber and without autocommit is a write that may be sent again.
[[nodiscard]] bool is_retryable_command(std::string_view name) noexcept;

/// Throws 72 for a command that drivers must not send again: with multi: true or limit: 0.
void check_retryable_statements(bson::View command);

/// Reads what the file knows of a session that was not used in this process yet.
void load_session(Store& store, NamedSession& named, const std::string& key);

/// Within the session's transaction: the reply of `number`, or that it was committed.
void record_write(Store& store, Session& session, const std::string& key, std::int64_t number,
                  bson::View reply);
void record_commit(Store& store, Session& session, const std::string& key, std::int64_t number);

/// Forgets sessions by their keys, or those last used more than `age` ago. Does nothing for a file
/// that is read-only or knows none.
void forget_records(Store& store, const std::vector<std::string>& keys);
void forget_records(Store& store, std::chrono::minutes age);

}  // namespace quire::store::embedded::commands
