#include "store/embedded/storage/scope.hpp"

#include "quire/core/error.hpp"
#include "store/embedded/observed.hpp"

namespace quire::store::embedded {

// ---------------------------------------------------------------- EmbeddedSession

namespace {

/// A server runs the commands that end transactions on this database. One that did nothing yet ends
/// without a command.
constexpr Namespace transactions{"admin", {}};

}  // namespace

EmbeddedSession::~EmbeddedSession() { abort(); }

void EmbeddedSession::abort() {
  if (!begun_) return finish();
  observed(*observers_, {"abortTransaction", transactions}, [&] { finish(); });
}

void EmbeddedSession::finish() noexcept {
  open_ = false;
  if (!begun_) return;
  begun_ = false;
  if (file_->is_inherited()) return;
  Connection& connection = file_->writer();
  connection.rollback();
  connection.catalog = nullptr;  // it may know of what was rolled back
  connection.forget_statements();
  file_->unlock_writer();
}

void check_concern(const WriteConcern* concern) {
  if (concern == nullptr || concern->w.empty() || concern->w == "majority" || concern->w == "0" ||
      concern->w == "1")
    return;
  throw StoreError(ErrorCode::unsupported, FieldPath("writeConcern.w"),
                   "the embedded store is one member; w: " + concern->w +
                       " can never be reached, give \"majority\" or 1");
}

void EmbeddedSession::start_transaction(const StartOptions& options) {
  check_concern(options.write_concern ? &*options.write_concern : nullptr);
  file_->check_usable();
  if (open_)
    throw StoreError(ErrorCode::transaction_state,
                     "transaction already in progress on this session");
  if (options.write_concern && is_unacknowledged(&*options.write_concern))
    throw StoreError(ErrorCode::transaction_state,
                     "transactions do not support unacknowledged write concern");
  open_ = true;
  end_ = End::none;
  ++named_.number;
}

Connection& EmbeddedSession::connection() {
  file_->check_usable();
  if (snapshot_ != nullptr) return *snapshot_;
  if (begun_) {
    Connection& connection = file_->writer();
    if (!connection.in_transaction())
      throw StoreError(ErrorCode::transaction_state,
                       "an earlier error rolled this transaction back; abort it and run it again");
    file_->adopt_writer();
    return connection;
  }
  file_->lock_writer(true);
  Connection& connection = file_->writer();
  try {
    connection.begin_write();
    file_->change_log().begin(&named_);
    file_->refresh_catalog(connection);
  } catch (...) {
    connection.rollback();
    file_->unlock_writer();
    throw;
  }
  begun_ = true;
  return connection;
}

void EmbeddedSession::commit_transaction() {
  if (!open_) {
    // Asked again, as after an answer that got lost: it is committed already.
    if (end_ == End::committed) return file_->check_usable();
    throw StoreError(ErrorCode::transaction_state,
                     end_ == End::aborted
                         ? "cannot call commitTransaction after calling abortTransaction"
                         : "no transaction started on this session");
  }
  if (!begun_) {
    open_ = false;
    file_->check_usable();
    end_ = End::committed;
    return;
  }
  observed(*observers_, {"commitTransaction", transactions}, [&] { commit(); });
  end_ = End::committed;
}

void EmbeddedSession::commit() {
  try {
    Connection& writer = connection();
    file_->change_log().before_commit(writer);
    writer.commit();
    file_->publish_catalog(writer);
    file_->change_log().committed();
  } catch (...) {
    finish();
    throw;
  }
  open_ = false;
  begun_ = false;
  file_->unlock_writer();
}

void EmbeddedSession::abort_transaction() {
  if (!open_) {
    throw StoreError(ErrorCode::transaction_state,
                     end_ == End::committed
                         ? "cannot call abortTransaction after calling commitTransaction"
                     : end_ == End::aborted ? "cannot call abortTransaction twice"
                                            : "no transaction started on this session");
  }
  end_ = End::aborted;
  abort();
}

void EmbeddedSession::set_name(bson::View lsid, std::int64_t number) {
  if (named_.lsid.view() != lsid) named_.lsid = bson::Document(lsid);
  named_.number = number;
}

void EmbeddedSession::forget_catalog() {
  Connection& connection = file_->writer();
  if (connection.in_transaction()) file_->reload_catalog(connection);
}

EmbeddedSession* own_session(const StorageFile& file, Session* session) {
  if (session == nullptr) return nullptr;
  auto* own = dynamic_cast<EmbeddedSession*>(session);
  if (own == nullptr || &own->file() != &file)
    throw StoreError(ErrorCode::transaction_state, "the session belongs to another store");
  if (own->in_transaction()) return own;
  own->forget_end();
  return nullptr;
}

// ---------------------------------------------------------------- ReadScope

ReadScope::ReadScope(const std::shared_ptr<StorageFile>& file, Session* session) : file_(file) {
  if (auto* own = own_session(*file, session); own != nullptr) {
    connection_ = &own->connection();
    return;
  }
  if (file->options().memory) {
    file->lock_writer(false);
    locked_ = true;
    connection_ = &file->writer();
  } else {
    reader_ = file->take_reader();
    connection_ = reader_.get();
  }
  try {
    connection_->begin_read();
    file->refresh_catalog(*connection_);
  } catch (...) {
    connection_->rollback();
    if (locked_) file->unlock_writer();
    throw;
  }
}

ReadScope::~ReadScope() {
  if (reader_ == nullptr && !locked_) return;
  connection_->rollback();  // nothing was written; cheaper than to think
  if (locked_) {
    file_->unlock_writer();
  } else {
    file_->give_reader(std::move(reader_));
  }
}

// ---------------------------------------------------------------- WriteScope

WriteScope::WriteScope(const std::shared_ptr<StorageFile>& file, Session* session,
                       bool all_or_nothing)
    : file_(file) {
  file->check_usable();
  if (file->read_only())
    throw StoreError(ErrorCode::read_only,
                     "the file cannot be written: it is open read-only or has no write permission");
  session_ = own_session(*file, session);
  if (session_ != nullptr && session_->reads_snapshot())
    throw StoreError(ErrorCode::transaction_state, "a snapshot is read, not written");
  if (session_ != nullptr) {
    connection_ = &session_->connection();
    if (all_or_nothing) {
      connection_->savepoint();
      savepoint_ = true;
    }
    return;
  }
  file->lock_writer(false);
  connection_ = &file->writer();
  try {
    connection_->begin_write();
    file->change_log().begin(nullptr);
    file->refresh_catalog(*connection_);
  } catch (...) {
    connection_->rollback();
    file->unlock_writer();
    throw;
  }
}

void WriteScope::commit() {
  if (session_ != nullptr) {
    if (savepoint_) connection_->release_savepoint();
    CommandTime::wrote(file_->clock().tick(), false);
    done_ = true;
    return;
  }
  file_->change_log().before_commit(*connection_);
  connection_->commit();
  if (changed_) file_->publish_catalog(*connection_);
  file_->change_log().committed();
  done_ = true;
}

WriteScope::~WriteScope() {
  if (session_ != nullptr) {
    if (!done_ && savepoint_) {
      connection_->rollback_to_savepoint();
      if (changed_) {
        try {
          session_->forget_catalog();
        } catch (...) {
          connection_->rollback();  // then the session tells it at its next use
        }
      }
    }
    return;
  }
  if (!done_) {
    connection_->rollback();
    if (changed_) {
      connection_->forget_statements();
      connection_->catalog = nullptr;
    }
  }
  file_->unlock_writer();
}

void refuse_view(const CollectionMeta& view) {
  throw StoreError(ErrorCode::command_failed,
                   "Namespace " + view.full_name() + " is a view, not a collection", 166);
}

const std::shared_ptr<const CollectionMeta>& WriteScope::target(Namespace ns) const {
  const auto& found = find(ns);
  if (found == nullptr) return found;
  if (found->traits.view) refuse_view(*found);
  if (found->traits.capped && session_ != nullptr && session_->is_user_transaction())
    throw StoreError(ErrorCode::command_failed,
                     "Collection '" + found->full_name() +
                         "' is a capped collection. Writes in transactions are not allowed on "
                         "capped collections.",
                     263);
  return found;
}

std::shared_ptr<const CollectionMeta> WriteScope::find_or_create(Namespace ns, bson::View options) {
  if (const auto& found = target(ns); found != nullptr) return found;
  (void)add_collection(*connection_, ns, options);
  if (logs_changes())
    changes().created(ns, options.contains("viewOn") ? "view" : "collection", options);
  catalog_changed();
  return find(ns);
}

void WriteScope::catalog_changed() {
  changed_ = true;
  file_->reload_catalog(*connection_);
}

}  // namespace quire::store::embedded
