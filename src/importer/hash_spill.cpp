#include "importer/hash_spill.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <queue>
#include <string>
#include <tuple>

#include "quire/core/error.hpp"

namespace quire::importer {
namespace {

using migrate::Hash128;

[[noreturn]] void fail() {
  const int why = errno;
  throw StoreError(why == ENOSPC ? ErrorCode::disk_full : ErrorCode::io_error,
                   std::string("a temporary file of the search for duplicates: ") +
                       std::strerror(why) + "; make room in the folder for temporary files",
                   why);
}

bool less(const Hash128& a, const Hash128& b) {
  return std::tie(a.high, a.low) < std::tie(b.high, b.low);
}

/// The smallest of several sorted runs' hashes first.
struct Head {
  Hash128 hash;
  std::size_t run;
  friend bool operator>(const Head& a, const Head& b) { return less(b.hash, a.hash); }
};

/// Calls with equal hashes that follow each other.
class Counter {
 public:
  explicit Counter(FunctionRef<void(Hash128, std::int64_t)> fn) : fn_(fn) {}
  void add(Hash128 hash) {
    if (count_ > 0 && hash == hash_) {
      ++count_;
      return;
    }
    finish();
    hash_ = hash;
    count_ = 1;
  }
  void finish() {
    if (count_ > 1) fn_(hash_, count_);
    count_ = 0;
  }

 private:
  FunctionRef<void(Hash128, std::int64_t)> fn_;
  Hash128 hash_;
  std::int64_t count_ = 0;
};

}  // namespace

void HashSpill::add(Hash128 hash) {
  hashes_.push_back(hash);
  if (hashes_.size() >= most_) spill();
}

void HashSpill::sort() { std::sort(hashes_.begin(), hashes_.end(), less); }

void HashSpill::spill() {
  sort();
  Run run(std::tmpfile());
  if (!run) fail();
  if (std::fwrite(hashes_.data(), sizeof(Hash128), hashes_.size(), run.get()) != hashes_.size() ||
      std::fflush(run.get()) != 0)
    fail();
  std::rewind(run.get());
  runs_.push_back(std::move(run));
  hashes_.clear();
}

void HashSpill::each_repeated(FunctionRef<void(Hash128, std::int64_t)> fn) {
  Counter counter(fn);
  if (runs_.empty()) {
    sort();
    for (const Hash128& hash : hashes_) counter.add(hash);
    counter.finish();
    return;
  }
  if (!hashes_.empty()) spill();
  std::priority_queue<Head, std::vector<Head>, std::greater<>> heads;
  const auto pull = [&](std::size_t run) {
    Hash128 hash;
    if (std::fread(&hash, sizeof hash, 1, runs_[run].get()) == 1)
      heads.push({hash, run});
    else if (std::ferror(runs_[run].get()) != 0)
      fail();
  };
  for (std::size_t i = 0; i < runs_.size(); ++i) pull(i);
  while (!heads.empty()) {
    const Head head = heads.top();
    heads.pop();
    counter.add(head.hash);
    pull(head.run);
  }
  counter.finish();
}

}  // namespace quire::importer
