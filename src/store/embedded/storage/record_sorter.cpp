#include "store/embedded/storage/record_sorter.hpp"

#include <algorithm>
#include <cstring>

namespace quire::store::embedded {

namespace {

constexpr std::size_t block_size = 1U << 20;
constexpr std::size_t write_size = 1U << 20;
/// So many runs are merged at once; as many of one level become one of the next.
constexpr std::size_t fan_in = 64;
constexpr std::size_t least_buffer = 16U << 10;
constexpr std::size_t largest_buffer = 1U << 20;

}  // namespace

/// Reads a run in pieces.
class RecordSorter::Reader {
 public:
  Reader(TemporaryFile& file, const Run& run, std::size_t room)
      : file_(file), next_(run.begin), end_(run.end), buffer_(room) {}

  /// The next record, which stays until the next call; null at the end.
  const std::uint8_t* next() {
    at_ += size_;
    size_ = 0;
    if (at_ == filled_ && next_ == end_) return nullptr;
    need(sizeof(Head));
    size_ = size_of(head_of(buffer_.data() + at_));
    need(size_);
    return buffer_.data() + at_;
  }

 private:
  /// Sees to it that the next `n` bytes are in the buffer.
  void need(std::size_t n) {
    const std::size_t there = filled_ - at_;
    if (there >= n) return;
    if (n > buffer_.size()) {
      std::vector<std::uint8_t> larger(n);
      std::memcpy(larger.data(), buffer_.data() + at_, there);
      buffer_.swap(larger);
    } else {
      std::memmove(buffer_.data(), buffer_.data() + at_, there);
    }
    at_ = 0;
    const auto part =
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer_.size() - there, end_ - next_));
    file_.read(next_, buffer_.data() + there, part);
    next_ += part;
    filled_ = there + part;
  }

  TemporaryFile& file_;
  std::uint64_t next_, end_;
  std::vector<std::uint8_t> buffer_;
  std::size_t at_ = 0, filled_ = 0, size_ = 0;
};

RecordSorter::RecordSorter(std::string_view purpose, std::size_t memory_limit, std::size_t keep,
                           bool may_spill)
    : purpose_(purpose),
      memory_limit_(memory_limit),
      keep_(keep),
      may_spill_(may_spill),
      most_bytes_(memory_limit) {}

RecordSorter::~RecordSorter() = default;

RecordSorter::Head RecordSorter::head_of(const std::uint8_t* record) noexcept {
  Head head;
  std::memcpy(&head, record, sizeof head);
  return head;
}

RecordSorter::Item RecordSorter::item_of(const std::uint8_t* record) noexcept {
  const Head head = head_of(record);
  std::uint64_t prefix = 0;
  const std::size_t n = std::min<std::size_t>(head.key_size, 8);
  for (std::size_t i = 0; i < n; ++i)
    prefix |= std::uint64_t{record[sizeof(Head) + i]} << (56 - 8 * i);
  return {prefix, record};
}

bool RecordSorter::is_before(const Item& a, const Item& b) noexcept {
  if (a.prefix != b.prefix) return a.prefix < b.prefix;
  const Head first = head_of(a.record);
  const Head second = head_of(b.record);
  const std::size_t common = std::min(first.key_size, second.key_size);
  if (common != 0) {
    const int order = std::memcmp(a.record + sizeof(Head), b.record + sizeof(Head), common);
    if (order != 0) return order < 0;
  }
  if (first.key_size != second.key_size) return first.key_size < second.key_size;
  return first.number < second.number;
}

std::uint8_t* RecordSorter::allocate(std::size_t n) {
  while (block_ < blocks_.size() && blocks_[block_].size - used_ < n) {
    ++block_;
    used_ = 0;
  }
  if (block_ == blocks_.size()) {
    const std::size_t size = std::max(n, block_size);
    blocks_.push_back({std::make_unique_for_overwrite<std::uint8_t[]>(size), size});
  }
  std::uint8_t* out = blocks_[block_].bytes.get() + used_;
  used_ += n;
  return out;
}

void RecordSorter::release() noexcept {
  items_.clear();
  bytes_ = block_ = used_ = 0;
  ordered_ = true;
}

void RecordSorter::add(std::string_view key, std::string_view body, std::uint64_t number) {
  ++added_;
  if (bound_ && key > *bound_) return;
  const Head head{static_cast<std::uint32_t>(key.size()), static_cast<std::uint32_t>(body.size()),
                  number};
  const std::size_t size = size_of(head);
  std::uint8_t* record = allocate(size);
  std::memcpy(record, &head, sizeof head);
  if (!key.empty()) std::memcpy(record + sizeof head, key.data(), key.size());
  if (!body.empty()) std::memcpy(record + sizeof head + key.size(), body.data(), body.size());
  const Item item = item_of(record);
  if (ordered_ && !items_.empty() && item < items_.back()) ordered_ = false;
  items_.push_back(item);
  bytes_ += size + sizeof(Item);
  const bool full = bytes_ > most_bytes_;
  // At twice as many, so that each is looked at a few times only.
  if (keep_ != 0 && items_.size() > keep_ &&
      (full || items_.size() - keep_ >= std::max<std::size_t>(keep_, 256)))
    keep_the_first();
  if (!full) return;
  if (!may_spill_) {
    check_memory();
    // Room for half as much again, so that memory that is nearly full is not looked through anew
    // for each record.
    most_bytes_ = std::max(memory_limit_, bytes_ + memory_limit_ / 2);
  } else if (bytes_ > memory_limit_ / 2) {
    spill();
  }
}

void RecordSorter::keep_the_first() {
  std::nth_element(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(keep_ - 1),
                   items_.end());
  items_.resize(keep_);
  const auto& last = items_.back();
  bound_.emplace(reinterpret_cast<const char*>(last.record) + sizeof(Head),
                 head_of(last.record).key_size);
  std::vector<Item> kept;
  kept.swap(items_);
  std::vector<Block> old;
  old.swap(blocks_);
  release();
  ordered_ = false;
  items_.reserve(kept.size() + std::max<std::size_t>(kept.size(), 256));
  for (const Item& item : kept) {
    const std::size_t size = size_of(head_of(item.record));
    std::uint8_t* record = allocate(size);
    std::memcpy(record, item.record, size);
    items_.push_back({item.prefix, record});
    bytes_ += size + sizeof(Item);
  }
}

void RecordSorter::check_memory() {
  if (keep_ != 0 && items_.size() > keep_) keep_the_first();
  over_limit_ = bytes_ > memory_limit_;
}

void RecordSorter::order() {
  if (!ordered_) std::sort(items_.begin(), items_.end());
  ordered_ = true;
  if (keep_ != 0 && items_.size() > keep_) items_.resize(keep_);
}

void RecordSorter::write(const std::uint8_t* record, std::size_t n) {
  if (out_.size() + n > write_size) flush();
  out_.insert(out_.end(), record, record + n);
}

void RecordSorter::flush() {
  file_->write(end_, out_.data(), out_.size());
  end_ += out_.size();
  out_.clear();
}

void RecordSorter::spill() {
  if (file_ == nullptr) file_ = std::make_unique<TemporaryFile>(purpose_);
  order();
  out_.reserve(write_size);
  const std::uint64_t begin = end_;
  for (const Item& item : items_) write(item.record, size_of(head_of(item.record)));
  flush();
  runs_.push_back({begin, end_, 0});
  release();
  for (;;) {
    const int level = runs_.back().level;
    std::size_t same = 0;
    while (same < runs_.size() && runs_[runs_.size() - 1 - same].level == level) ++same;
    if (same < fan_in) return;
    merge_runs(runs_.size() - same);
  }
}

void RecordSorter::open_readers(std::size_t first_run, std::size_t room) {
  heap_.clear();
  readers_.clear();
  for (std::size_t i = first_run; i < runs_.size(); ++i) {
    readers_.push_back(std::make_unique<Reader>(*file_, runs_[i], room));
    const std::uint8_t* record = readers_.back()->next();
    if (record != nullptr) heap_.push_back({item_of(record), readers_.back().get()});
  }
}

void RecordSorter::merge_runs(std::size_t first_run) {
  at_ = items_.size();
  open_readers(first_run, std::clamp(memory_limit_ / fan_in, least_buffer, largest_buffer));
  std::make_heap(heap_.begin(), heap_.end());
  advance_first_ = false;
  const Run merged{end_, 0, runs_.back().level + 1};
  for (std::size_t n = 0; (keep_ == 0 || n < keep_) && advance(); ++n)
    write(current_, size_of(head_of(current_)));
  flush();
  heap_.clear();
  readers_.clear();
  runs_.resize(first_run);
  runs_.push_back({merged.begin, end_, merged.level});
}

void RecordSorter::rewind() {
  if (!may_spill_) check_memory();
  order();
  at_ = given_ = 0;
  advance_first_ = false;
  if (file_ == nullptr) return;
  // Of the runs and of what is in memory.
  open_readers(0, std::clamp(memory_limit_ / (2 * runs_.size()), least_buffer, largest_buffer));
  if (!items_.empty()) heap_.push_back({items_[at_++], nullptr});
  std::make_heap(heap_.begin(), heap_.end());
}

bool RecordSorter::advance() {
  if (advance_first_) {
    // The record that was given last is at the end of the heap's array.
    Next& last = heap_.back();
    if (last.reader != nullptr) {
      const std::uint8_t* record = last.reader->next();
      if (record != nullptr) last.item = item_of(record);
      advance_first_ = record != nullptr;
    } else {
      advance_first_ = at_ < items_.size();
      if (advance_first_) last.item = items_[at_++];
    }
    if (advance_first_) {
      std::push_heap(heap_.begin(), heap_.end());
    } else {
      heap_.pop_back();
    }
  }
  if (heap_.empty()) return advance_first_ = false;
  std::pop_heap(heap_.begin(), heap_.end());
  current_ = heap_.back().item.record;
  return advance_first_ = true;
}

bool RecordSorter::next() {
  if (keep_ != 0 && given_ == keep_) return false;
  if (file_ == nullptr) {
    if (at_ == items_.size()) return false;
    current_ = items_[at_++].record;
  } else if (!advance()) {
    return false;
  }
  ++given_;
  return true;
}

std::string_view RecordSorter::key() const noexcept {
  return {reinterpret_cast<const char*>(current_) + sizeof(Head), head_of(current_).key_size};
}

std::string_view RecordSorter::body() const noexcept {
  const Head head = head_of(current_);
  return {reinterpret_cast<const char*>(current_) + sizeof(Head) + head.key_size, head.body_size};
}

std::uint64_t RecordSorter::number() const noexcept { return head_of(current_).number; }

}  // namespace quire::store::embedded
