#include <algorithm>
#include <array>
#include <limits>
#include <random>

#include "store/embedded/engine/numbers.hpp"
#include "store/embedded/engine/sort.hpp"
#include "store/embedded/pipeline/sort.hpp"
#include "store/embedded/pipeline/spool.hpp"

/// $sort, $sample.
namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;
using bson::View;

namespace {

/// Bytes that a sort holds before it goes to disk. That costs little, and a program over a large
/// file stays small; a limit that was asked for is kept to.
std::size_t memory_of_sort(const Run& run) {
  constexpr std::size_t spills_at = 32U << 20U;
  return run.allow_disk_use && run.memory_limit == Run::default_memory_limit ? spills_at
                                                                             : run.memory_limit;
}

class SortStage final : public Stage {
 public:
  SortStage(const Sorter& sorter, std::size_t keep, StagePtr source, Run& run)
      : sorter_(sorter),
        source_(std::move(source)),
        run_(run),
        spool_("$sort", memory_of_sort(run), run.allow_disk_use, keep) {}
  std::optional<View> next() override {
    if (source_ != nullptr) {
      while (const auto document = source_->next()) {
        run_.check();
        key_.clear();
        sorter_.append_sort_key(*document, key_);
        spool_.add(key_, *document);
      }
      source_.reset();
      spool_.rewind();
    }
    return spool_.next();
  }

 private:
  const Sorter& sorter_;
  StagePtr source_;
  Run run_;
  Spool spool_;
  std::string key_;
};

StageSpecPtr parse_sort(ValueView given, PipelineContext&) {
  if (!given.is_document()) fail_expression(15973, "the $sort key specification must be an object");
  const View keys = given.as_document();
  for (const auto& key : keys) {
    if (key.value.is_number()) (void)parse_field_path(key.key);
  }
  if (keys.empty()) fail_expression(15976, "$sort stage must have at least one sort key");
  return std::make_shared<SortSpec>(keys, 0);
}

/// Reservoir sampling (algorithm R), then a shuffle.
class SampleStage final : public Stage {
 public:
  SampleStage(std::size_t size, StagePtr source, Run& run)
      : size_(size), source_(std::move(source)), run_(run) {}
  std::optional<View> next() override {
    if (source_ != nullptr) fill();
    if (at_ == kept_.size()) return std::nullopt;
    return kept_[at_++].view();
  }

 private:
  void fill() {
    std::mt19937_64 random(std::random_device{}());
    std::size_t bytes = 0;
    for (std::uint64_t seen = 0;;) {
      const auto document = source_->next();
      if (!document) break;
      run_.check();
      ++seen;
      if (kept_.size() < size_) {
        kept_.emplace_back(*document);
        bytes += document->size();
      } else {
        const auto place = std::uniform_int_distribution<std::uint64_t>(0, seen - 1)(random);
        if (place < size_) kept_[place] = bson::Document(*document);
      }
      if (bytes > 4 * run_.memory_limit) fail_memory("$sample", 4 * run_.memory_limit);
    }
    std::shuffle(kept_.begin(), kept_.end(), random);
    source_.reset();
  }
  std::size_t size_;
  StagePtr source_;
  Run run_;
  std::vector<bson::Document> kept_;
  std::size_t at_ = 0;
};

class SampleSpec final : public StageSpec {
 public:
  SampleSpec(ValueView given, std::size_t size) : StageSpec("$sample", given), size_(size) {}
  StagePtr open(StagePtr source, Run& run) const override {
    return std::make_unique<SampleStage>(size_, std::move(source), run);
  }
  void add_needs(FieldNeeds& needs) const override { needs.held = true; }

 private:
  std::size_t size_;
};

StageSpecPtr parse_sample(ValueView given, PipelineContext&) {
  if (!given.is_document())
    fail_expression(28745, "the $sample stage specification must be an object");
  std::optional<std::int64_t> size;
  for (const auto& field : given.as_document()) {
    if (field.key != "size")
      fail_expression(28748, "unrecognized option to $sample: " + std::string(field.key));
    if (!field.value.is_number())
      fail_expression(28746, "size argument to $sample must be a number");
    const double number = to_double(field.value);
    if (!(number > 0))
      fail_expression(28747, "size argument to $sample must be a positive integer");
    const auto part = integer_part(field.value);
    size = part ? part->value : std::numeric_limits<std::int64_t>::max();
    if (*size <= 0) fail_expression(28747, "size argument to $sample must be a positive integer");
  }
  if (!size) fail_expression(28749, "$sample stage must specify a size");
  return std::make_shared<SampleSpec>(given, static_cast<std::size_t>(*size));
}

constexpr auto table = std::to_array<StageKind>({
    {"$sort", parse_sort},
    {"$sample", parse_sample},
});

}  // namespace

SortSpec::SortSpec(View keys, std::int64_t limit)
    : StageSpec("$sort", {Type::document, keys.data(), keys.size()}),
      keys_(keys),
      sorter_(keys_.view()),
      limit_(limit) {
  if (limit == 0) return;
  bson::Writer out;
  out.begin_document("$sort").append("sortKey", keys).append("limit", limit).end();
  shown_ = out.finish();
}

StagePtr SortSpec::open(StagePtr source, Run& run) const {
  return std::make_unique<SortStage>(sorter_, static_cast<std::size_t>(limit_), std::move(source),
                                     run);
}

std::span<const StageKind> sort_stages() noexcept { return table; }

}  // namespace quire::store::embedded
