#include <unordered_map>

#include "store/embedded/engine/numbers.hpp"
#include "store/embedded/expression/held_value.hpp"
#include "store/embedded/expression/numeric.hpp"
#include "store/embedded/pipeline/densify.hpp"
#include "store/embedded/pipeline/spool.hpp"
#include "store/embedded/pipeline/value_math.hpp"

/// $densify: documents for the values that a field skips.
namespace quire::store::embedded {

using bson::Type;
using bson::Value;
using bson::ValueView;
using bson::View;

namespace {

constexpr std::int64_t most_generated = 500000;  // as on a server

using Range = DensifyRange;

}  // namespace

class DensifyStage final : public EvaluatingStage {
 public:
  DensifyStage(const DensifySpec& spec, StagePtr source, Run& run)
      : EvaluatingStage(std::move(source), run),
        spec_(spec),
        spool_("$densify", run.memory_limit, run.allow_disk_use) {
    run_.prepare(inner_);
  }

  std::optional<View> next() override {
    for (;;) {
      run_.check();
      if (is_filling_) {
        if (const auto made = generate()) return made;
        is_filling_ = false;
      }
      if (has_pending_) return release();
      if (ended_) {
        if (!finish_next()) return std::nullopt;
        continue;
      }
      const auto document = read();
      if (!document) {
        ended_ = true;
        continue;
      }
      if (!take(*document)) return document;
    }
  }

 private:
  /// The values of one partition that are still to be made.
  struct Part {
    bson::Document fields;
    HeldValue next;
  };

  std::optional<View> read() {
    if (source_ != nullptr) {
      while (const auto document = source_->next()) {
        run_.check();
        std::string key;
        spec_.sort_.append_sort_key(*document, key);
        spool_.add(key, *document);
      }
      source_.reset();
      spool_.rewind();
    }
    return spool_.next();
  }

  /// The field's value, checked; missing for null.
  ValueView value_of(View document) const {
    ValueView value{Type::document, document.data(), document.size()};
    for (const auto& step : spec_.steps_) {
      if (!value.is_document()) return missing;
      value = value.as_document().find(step).value_or(missing);
    }
    if (is_nullish(value)) return missing;
    const bool date = value.type() == Type::date_time;
    if (!date && !is_number(value))
      fail_expression(5733201, "Densify field type must be numeric or a date, found " +
                                   std::string(value_type_name(value)));
    if (!date && spec_.range_.unit)
      fail_expression(6053600,
                      "Encountered numeric densify value in collection when step has a date unit.");
    if (date && !spec_.range_.unit)
      fail_expression(6053601,
                      "Encountered date densify value in collection when step does not have a date "
                      "unit.");
    return value;
  }

  /// Where a document belongs; false for one that passes as it is.
  bool take(View document) {
    const ValueView value = value_of(document);
    if (is_missing(value)) return false;
    pending_ = bson::Document(document);
    has_pending_ = true;
    value_.set(value);
    const bool is_first = parts_.empty();
    part_ = part_of(pending_.view());
    const bool is_new = is_missing(parts_[part_].next.view());
    const Range& range = spec_.range_;
    if (is_new) {
      if (range.kind == Range::Kind::between) {
        parts_[part_].next.set(range.lower.view());
      } else if (range.kind == Range::Kind::partition || is_first) {
        parts_[part_].next.set(value_.view());  // itself: nothing is made in front
      } else {
        parts_[part_].next.set(least_.view());
      }
    }
    if (is_first) least_.set(value_.view());
    greatest_.set(value_.view());
    bound_.set(range.kind == Range::Kind::between &&
                       compare_values(range.upper.view(), value_.view()) < 0
                   ? range.upper.view()
                   : value_.view());
    is_inclusive_ = false;
    is_filling_ = true;
    return true;
  }

  std::size_t part_of(View document) {
    std::string key;
    inner_.begin(document);
    for (std::size_t i = 0; i < spec_.partition_values_.size(); ++i) {
      const ValueView value = spec_.partition_values_[i]->evaluate(inner_);
      append_group_key(key, value);
      e_.set_slot(spec_.partition_slots_[i], value);
    }
    const auto [it, is_new] = places_.emplace(std::move(key), parts_.size());
    if (!is_new) return it->second;
    bson::Writer fields;
    if (!spec_.partition_values_.empty()) spec_.with_partition_.apply(View(), e_, fields);
    parts_.push_back({fields.finish(), {}});
    check_place(parts_.back().fields.view());
    return it->second;
  }

  /// Throws unless the field can be written into a partition's document.
  void check_place(View fields) const {
    ValueView value{Type::document, fields.data(), fields.size()};
    for (std::size_t i = 0; i < spec_.steps_.size(); ++i) {
      value = value.as_document().find(spec_.steps_[i]).value_or(missing);
      if (value.is_array())
        fail_expression(5733307, "$densify cannot generate fields nested inside arrays");
      if (value.is_document()) continue;
      if (i + 1 != spec_.steps_.size() && !is_missing(value))
        fail_expression(5733308, "$densify cannot overwrite non-object values with objects");
      return;
    }
  }

  void advance(Part& part) {
    inner_.reset();
    const ValueView step = spec_.range_.step.view();
    const ValueView now = part.next.view();
    const HeldValue next(now.type() == Type::date_time
                             ? inner_.date(add_units(bson::load<std::int64_t>(now.data()),
                                                     *spec_.range_.unit, integer_part(step)->value))
                             : add_values(now, step, inner_));
    if (compare_values(next.view(), now) <= 0)
      fail_expression(5733303, "$densify: the step is too small beside " + show(now));
    part.next = next;
  }

  /// The next value below the bound as a document.
  std::optional<View> generate() {
    Part& part = parts_[part_];
    const int order = compare_values(part.next.view(), bound_.view());
    if (order > 0 || (order == 0 && !is_inclusive_)) return std::nullopt;
    if (++generated_ > most_generated)
      fail_expression(5897900, "Generated " + std::to_string(generated_) +
                                   " documents in $densify, which is over the limit of " +
                                   std::to_string(most_generated));
    const HeldValue value = part.next;
    advance(part);
    e_.set_slot(spec_.value_slot_, value.view());
    out_.reset();
    spec_.with_value_.apply(part.fields.view(), e_, out_);
    return out_.finish_view();
  }

  /// The document that was waited for; one that is on the grid takes that place.
  std::optional<View> release() {
    has_pending_ = false;
    Part& part = parts_[part_];
    const Range& range = spec_.range_;
    const bool inside = range.kind != Range::Kind::between ||
                        compare_values(part.next.view(), range.upper.view()) < 0;
    if (inside && same_value(part.next.view(), value_.view())) advance(part);
    return pending_.view();
  }

  /// What is left of the next partition after the last document.
  bool finish_next() {
    const Range& range = spec_.range_;
    if (range.kind == Range::Kind::partition) return false;
    if (range.kind == Range::Kind::full && spec_.partitions_.empty()) return false;
    if (range.kind == Range::Kind::between && spec_.partitions_.empty() && parts_.empty()) {
      (void)part_of(View());
      parts_[0].next.set(range.lower.view());
    }
    if (finished_ == parts_.size()) return false;
    part_ = finished_++;
    is_inclusive_ = range.kind == Range::Kind::full;
    bound_.set(is_inclusive_ ? greatest_.view() : range.upper.view());
    is_filling_ = true;
    return true;
  }

  const DensifySpec& spec_;
  Evaluation inner_;
  Spool spool_;
  std::unordered_map<std::string, std::size_t> places_;
  std::vector<Part> parts_;
  std::size_t part_ = 0;      // that is being filled
  std::size_t finished_ = 0;  // after the last document
  bson::Document pending_;
  HeldValue value_;  // of pending_
  HeldValue bound_;
  HeldValue least_, greatest_;
  bool has_pending_ = false;
  bool is_filling_ = false;
  bool is_inclusive_ = false;
  bool ended_ = false;
  std::int64_t generated_ = 0;
  bson::Writer out_;
};

StagePtr DensifySpec::open(StagePtr source, Run& run) const {
  return std::make_unique<DensifyStage>(*this, std::move(source), run);
}

}  // namespace quire::store::embedded
