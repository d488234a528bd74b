#include "store/embedded/pipeline/spool.hpp"

#include <algorithm>

#include "store/embedded/pipeline/stage.hpp"

namespace quire::store::embedded {

Spool::Spool(std::string_view stage, std::size_t memory_limit, bool may_spill, std::size_t keep)
    : stage_(stage), memory_limit_(memory_limit), may_spill_(may_spill), keep_(keep) {}

Spool::~Spool() {
  insert_ = Statement();
  read_ = Statement();
  sqlite3_close_v2(file_);
}

void Spool::add(std::string&& key, bson::View document) {
  if (keep_ != 0 && entries_.size() == keep_ && file_ == nullptr) {
    // Equal keys: the one that came first stays.
    if (key.compare(entries_.front().key) >= 0) {
      ++next_number_;
      return;
    }
    std::pop_heap(entries_.begin(), entries_.end());
    bytes_ -= cost(entries_.back());
    entries_.pop_back();
    --count_;
  }
  if (ordered_so_far_ && !entries_.empty() && key < entries_.back().key) ordered_so_far_ = false;
  entries_.push_back({std::move(key), next_number_++, bson::Document(document)});
  bytes_ += cost(entries_.back());
  ++count_;
  if (keep_ != 0 && file_ == nullptr) std::push_heap(entries_.begin(), entries_.end());
  if (bytes_ > memory_limit_) spill();
}

void Spool::spill() {
  if (!may_spill_) fail_memory(stage_, memory_limit_);
  if (file_ == nullptr) {
    open_temporary(file_,
                   "CREATE TABLE s(key BLOB NOT NULL, number INTEGER NOT NULL, "
                   "document BLOB NOT NULL); BEGIN",
                   stage_);
    insert_ = Statement(file_, "INSERT INTO s VALUES(?1,?2,?3)");
  }
  for (const auto& entry : entries_) {
    const bson::View body = entry.document.view();
    insert_.bind(1, std::string_view(entry.key))
        .bind(2, static_cast<std::int64_t>(entry.number))
        .bind(3, std::string_view(reinterpret_cast<const char*>(body.data()), body.size()))
        .run();
  }
  entries_.clear();
  bytes_ = 0;
}

void Spool::rewind() {
  at_ = 0;
  if (file_ != nullptr) {
    if (!entries_.empty()) spill();
    read_ = Statement(file_, "SELECT document,key FROM s ORDER BY key,number");
    return;
  }
  if (sorted_) return;
  sorted_ = true;
  if (keep_ != 0) {
    std::sort_heap(entries_.begin(), entries_.end());
  } else if (!ordered_so_far_) {
    std::sort(entries_.begin(), entries_.end());
  }
}

std::optional<bson::View> Spool::next() {
  if (file_ == nullptr) {
    if (at_ == entries_.size()) return std::nullopt;
    const Entry& entry = entries_[at_++];
    key_ = entry.key;
    return entry.document.view();
  }
  if (!read_ || !read_.step()) {
    read_ = Statement();
    return std::nullopt;
  }
  key_ = read_.blob(1);
  return read_.document(0);
}

}  // namespace quire::store::embedded
