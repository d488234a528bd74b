#include "store/embedded/storage/sort_run.hpp"

#include <algorithm>

namespace quire::store::embedded {

SortRun::~SortRun() {
  insert_ = Statement();
  read_ = Statement();
  sqlite3_close_v2(spill_);
}

void SortRun::add(std::string&& key, std::int64_t rid) {
  Entry entry{std::move(key), rid};
  if (keep_ != 0 && entries_.size() == keep_ && spill_ == nullptr) {
    if (!(entry < entries_.front())) return;
    std::pop_heap(entries_.begin(), entries_.end());
    bytes_ -= entries_.back().key.size() + sizeof(Entry);
    entries_.pop_back();
  }
  bytes_ += entry.key.size() + sizeof(Entry);
  entries_.push_back(std::move(entry));
  if (keep_ != 0 && spill_ == nullptr) std::push_heap(entries_.begin(), entries_.end());
  if (bytes_ > memory_limit_) spill();
}

void SortRun::spill() {
  if (spill_ == nullptr) {
    open_temporary(spill_, "CREATE TABLE s(key BLOB NOT NULL, rid INTEGER NOT NULL); BEGIN",
                   "a sort");
    insert_ = Statement(spill_, "INSERT INTO s VALUES(?1,?2)");
  }
  for (const auto& entry : entries_)
    insert_.bind(1, std::string_view(entry.key)).bind(2, entry.rid).run();
  entries_.clear();
  bytes_ = 0;
}

void SortRun::finish() {
  if (spill_ == nullptr) {
    if (keep_ != 0) {
      std::sort_heap(entries_.begin(), entries_.end());
    } else {
      std::sort(entries_.begin(), entries_.end());
    }
    return;
  }
  spill();
  read_ = Statement(spill_, "SELECT rid FROM s ORDER BY key,rid");
}

std::optional<std::int64_t> SortRun::next() {
  if (spill_ == nullptr) {
    if (at_ == entries_.size()) return std::nullopt;
    return entries_[at_++].rid;
  }
  if (!read_ || !read_.step()) {
    read_ = Statement();
    return std::nullopt;
  }
  return read_.integer(0);
}

}  // namespace quire::store::embedded
