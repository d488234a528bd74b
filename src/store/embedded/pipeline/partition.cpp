#include "store/embedded/pipeline/partition.hpp"

#include "quire/core/error.hpp"

namespace quire::store::embedded {

Partition::~Partition() {
  insert_ = Statement();
  read_ = Statement();
  sqlite3_close_v2(file_);
}

void Partition::clear() {
  documents_.clear();
  size_ = bytes_ = 0;
  if (file_ == nullptr) return;
  if (read_) read_.reset();
  if (sqlite3_exec(file_, "DELETE FROM p", nullptr, nullptr, nullptr) != SQLITE_OK)
    fail_sqlite(file_, sqlite3_errcode(file_), "cannot clear a temporary file");
}

void Partition::add(bson::View document) {
  const bool in_file = size_ != documents_.size();  // then all that follow are, too
  if (in_file || bytes_ + document.size() > memory_limit_) {
    spill(document);
  } else {
    documents_.emplace_back(document);
    bytes_ += document.size() + sizeof(bson::Document);
  }
  ++size_;
}

void Partition::spill(bson::View document) {
  if (!may_spill_)
    throw StoreError(ErrorCode::command_failed,
                     "a partition of $setWindowFields exceeded the memory limit of " +
                         std::to_string(memory_limit_) +
                         " bytes, and disk use was not allowed; pass allowDiskUse: true",
                     5643011);
  if (file_ == nullptr) {
    open_temporary(file_, "CREATE TABLE p(i INTEGER PRIMARY KEY, document BLOB NOT NULL); BEGIN",
                   "a partition");
    insert_ = Statement(file_, "INSERT INTO p VALUES(?1,?2)");
    read_ = Statement(file_, "SELECT document FROM p WHERE i=?1");
  }
  insert_.bind(1, static_cast<std::int64_t>(size_)).bind(2, bytes_of(document)).run();
}

bson::View Partition::at(std::size_t i) {
  if (i < documents_.size()) return documents_[i].view();
  read_.reset();
  read_.bind(1, static_cast<std::int64_t>(i));
  if (!read_.step()) fail_body(0);
  return read_.document(0);
}

}  // namespace quire::store::embedded
