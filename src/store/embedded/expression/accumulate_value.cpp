#include <unordered_set>
#include <vector>

#include "store/embedded/expression/accumulator.hpp"
#include "store/embedded/expression/held_value.hpp"
#include "store/embedded/expression/object_merge.hpp"

namespace quire::store::embedded {
namespace {

using bson::ValueView;

/// $min, $max: `sign` is 1 or -1.
class Extreme final : public Accumulator {
 public:
  explicit Extreme(int sign) : sign_(sign) {}
  void add(ValueView value, Evaluation&) override {
    if (is_nullish(value)) return;
    if (is_missing(best_.view()) || compare_values(value, best_.view()) * sign_ < 0)
      best_.set(value);
  }
  ValueView result(Evaluation&) override {
    return is_missing(best_.view()) ? null_value : best_.view();
  }
  std::size_t bytes() const noexcept override { return sizeof *this + best_.bytes(); }

 private:
  int sign_;
  HeldValue best_;
};

class First final : public Accumulator {
 public:
  void add(ValueView value, Evaluation&) override {
    if (!began_) held_.set(value);
    began_ = true;
  }
  bool takes_more() const noexcept override { return !began_; }
  ValueView result(Evaluation&) override {
    return is_missing(held_.view()) ? null_value : held_.view();
  }
  std::size_t bytes() const noexcept override { return sizeof *this + held_.bytes(); }

 private:
  bool began_ = false;
  HeldValue held_;
};

class Last final : public Accumulator {
 public:
  void add(ValueView value, Evaluation&) override { held_.set(value); }
  ValueView result(Evaluation&) override {
    return is_missing(held_.view()) ? null_value : held_.view();
  }
  std::size_t bytes() const noexcept override { return sizeof *this + held_.bytes(); }

 private:
  HeldValue held_;
};

/// $push, $concatArrays.
class List final : public Accumulator {
 public:
  List(std::string_view name, bool elements) : name_(name), elements_(elements) {}
  void add(ValueView value, Evaluation&) override {
    if (elements_) {
      for_each_element(value, name_, [&](ValueView element) { list_.push(element); });
    } else if (!is_missing(value)) {
      list_.push(value);
    }
    check_accumulator_memory(bytes(), name_);
  }
  ValueView result(Evaluation& e) override { return list_.array(e); }
  std::size_t bytes() const noexcept override { return sizeof *this + list_.bytes(); }

 private:
  std::string_view name_;
  bool elements_;
  ValueList list_;
};

/// $addToSet, $setUnion: in the order of first arrival.
class Set final : public Accumulator {
 public:
  Set(std::string_view name, bool elements) : name_(name), elements_(elements) {}
  void add(ValueView value, Evaluation&) override {
    if (elements_) {
      for_each_element(value, name_, [&](ValueView element) { insert(element); });
    } else if (!is_missing(value)) {
      insert(value);
    }
    check_accumulator_memory(bytes(), name_);
  }
  ValueView result(Evaluation& e) override { return list_.array(e); }
  std::size_t bytes() const noexcept override { return sizeof *this + list_.bytes() + key_bytes_; }

 private:
  void insert(ValueView value) {
    key_.clear();
    append_group_key(key_, value);
    if (!seen_.insert(key_).second) return;
    list_.push(value);
    constexpr std::size_t node = 56;  // of the set, about
    key_bytes_ += key_.size() + node;
  }
  std::string_view name_;
  bool elements_;
  std::unordered_set<std::string> seen_;
  std::string key_;
  std::size_t key_bytes_ = 0;
  ValueList list_;
};

class MergeObjects final : public Accumulator {
 public:
  void add(ValueView value, Evaluation& e) override {
    if (is_nullish(value)) return;
    check_merge_object(value);
    if (is_missing(held_.view())) {
      held_.set(value);
    } else {
      held_.set(merge_objects(held_.view(), value, e));
    }
    check_accumulator_memory(bytes(), "$mergeObjects");
  }
  ValueView result(Evaluation& e) override {
    return is_missing(held_.view()) ? e.document(bson::View()) : held_.view();
  }
  std::size_t bytes() const noexcept override { return sizeof *this + held_.bytes(); }

 private:
  HeldValue held_;
};

}  // namespace

void for_each_element(ValueView value, std::string_view name, FunctionRef<void(ValueView)> take) {
  if (is_missing(value)) return;
  if (!value.is_array())
    fail_expression(14, std::string(name) + " requires array inputs, but input " + show(value) +
                            " is of type " + std::string(value_type_name(value)));
  for (const auto& element : value.as_array()) take(element.value);
}

AccumulatorPtr make_min(const AccumulatorOptions&) { return std::make_unique<Extreme>(1); }
AccumulatorPtr make_max(const AccumulatorOptions&) { return std::make_unique<Extreme>(-1); }
AccumulatorPtr make_first(const AccumulatorOptions&) { return std::make_unique<First>(); }
AccumulatorPtr make_last(const AccumulatorOptions&) { return std::make_unique<Last>(); }
AccumulatorPtr make_push(const AccumulatorOptions& options) {
  return std::make_unique<List>(options.name, false);
}
AccumulatorPtr make_concat_arrays(const AccumulatorOptions& options) {
  return std::make_unique<List>(options.name, true);
}
AccumulatorPtr make_add_to_set(const AccumulatorOptions& options) {
  return std::make_unique<Set>(options.name, false);
}
AccumulatorPtr make_set_union(const AccumulatorOptions& options) {
  return std::make_unique<Set>(options.name, true);
}
AccumulatorPtr make_merge_objects(const AccumulatorOptions&) {
  return std::make_unique<MergeObjects>();
}

}  // namespace quire::store::embedded
