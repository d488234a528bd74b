#include <deque>
#include <map>
#include <string>

#include "store/embedded/expression/accumulator.hpp"
#include "store/embedded/expression/held_value.hpp"
#include "store/embedded/pipeline/window_function.hpp"

/// The accumulators of windows that slide and are not numbers: $min, $push, $topN ….
namespace quire::store::embedded {

using bson::ValueView;

namespace {

ValueView or_null(ValueView value) { return is_missing(value) ? null_value : value; }

/// $min (sign 1) and $max (-1): the values that can still become the result, in order.
class Extreme final : public WindowState {
 public:
  explicit Extreme(int sign) : sign_(sign) {}
  void add(ValueView value, Evaluation&) override {
    ++added_;
    if (is_nullish(value)) return;
    while (!values_.empty() && compare_values(values_.back().held.view(), value) * sign_ > 0)
      values_.pop_back();
    values_.push_back({added_, HeldValue(value)});
  }
  void remove(ValueView, Evaluation&) override {
    ++removed_;
    if (!values_.empty() && values_.front().number == removed_) values_.pop_front();
  }
  ValueView result(Evaluation&) override {
    return values_.empty() ? null_value : values_.front().held.view();
  }

 private:
  struct Entry {
    std::uint64_t number;
    HeldValue held;
  };
  int sign_;
  std::uint64_t added_ = 0;
  std::uint64_t removed_ = 0;
  std::deque<Entry> values_;
};

/// $push, $concatArrays.
class List final : public WindowState {
 public:
  List(std::string_view name, bool elements) : name_(name), elements_(elements) {}
  void add(ValueView value, Evaluation&) override {
    const auto take = [&](ValueView one) {
      values_.emplace_back(one);
      bytes_ += values_.back().bytes() + sizeof(HeldValue);
    };
    if (elements_) {
      for_each_element(value, name_, take);
    } else if (!is_missing(value)) {
      take(value);
    }
    check_accumulator_memory(bytes_, name_);
  }
  void remove(ValueView value, Evaluation&) override {
    const auto drop = [&](ValueView) {
      bytes_ -= values_.front().bytes() + sizeof(HeldValue);
      values_.pop_front();
    };
    if (elements_) {
      for_each_element(value, name_, drop);
    } else if (!is_missing(value)) {
      drop(value);
    }
  }
  ValueView result(Evaluation& e) override {
    Evaluation::Builder out(e);
    for (const auto& held : values_) out->push(held.view());
    return out.array();
  }

 private:
  std::string_view name_;
  bool elements_;
  std::size_t bytes_ = 0;
  std::deque<HeldValue> values_;
};

/// $addToSet, $setUnion.
class Set final : public WindowState {
 public:
  Set(std::string_view name, bool elements) : name_(name), elements_(elements) {}
  void add(ValueView value, Evaluation&) override {
    const auto take = [&](ValueView one) {
      auto& entry = entries_[key_of(one)];
      if (entry.count++ != 0) return;
      entry.held.set(one);
      bytes_ += key_.size() + entry.held.bytes() + node;
    };
    if (elements_) {
      for_each_element(value, name_, take);
    } else if (!is_missing(value)) {
      take(value);
    }
    check_accumulator_memory(bytes_, name_);
  }
  void remove(ValueView value, Evaluation&) override {
    const auto drop = [&](ValueView one) {
      const auto it = entries_.find(key_of(one));
      if (--it->second.count != 0) return;
      bytes_ -= key_.size() + it->second.held.bytes() + node;
      entries_.erase(it);
    };
    if (elements_) {
      for_each_element(value, name_, drop);
    } else if (!is_missing(value)) {
      drop(value);
    }
  }
  ValueView result(Evaluation& e) override {
    Evaluation::Builder out(e);
    for (const auto& entry : entries_) out->push(entry.second.held.view());
    return out.array();
  }

 private:
  static constexpr std::size_t node = 128;  // of the map, about
  struct Entry {
    std::size_t count = 0;
    HeldValue held;
  };
  const std::string& key_of(ValueView value) {
    key_.clear();
    append_group_key(key_, value);
    return key_;
  }
  std::string_view name_;
  bool elements_;
  std::map<std::string, Entry> entries_;  // in the order of their values
  std::string key_;
  std::size_t bytes_ = 0;
};

/// $firstN, $lastN.
class EndN final : public WindowState {
 public:
  EndN(std::int64_t n, bool first) : n_(n), first_(first) {}
  void add(ValueView value, Evaluation&) override { values_.emplace_back(or_null(value)); }
  void remove(ValueView, Evaluation&) override { values_.pop_front(); }
  ValueView result(Evaluation& e) override {
    const auto size = static_cast<std::int64_t>(values_.size());
    const std::int64_t count = std::min(n_, size);
    const std::int64_t begin = first_ ? 0 : size - count;
    Evaluation::Builder out(e);
    for (std::int64_t i = begin; i < begin + count; ++i)
      out->push(values_[static_cast<std::size_t>(i)].view());
    return out.array();
  }

 private:
  std::int64_t n_;
  bool first_;
  std::deque<HeldValue> values_;
};

/// Values by keys, equal keys as they came; at most n of one end are shown.
class Ordered : public WindowState {
 public:
  using Map = std::multimap<std::string, HeldValue>;
  ValueView result(Evaluation& e) override {
    if (one_) {
      if (map_.empty()) return null_value;
      return (from_front_ ? map_.begin() : std::prev(map_.end()))->second.view();
    }
    Evaluation::Builder out(e);
    std::int64_t left = n_;
    if (!reversed_) {
      auto it = map_.begin();
      const auto size = static_cast<std::int64_t>(map_.size());
      if (!from_front_ && size > n_) std::advance(it, size - n_);
      for (; it != map_.end() && left > 0; ++it, --left) out->push(it->second.view());
    } else {
      for (auto it = map_.rbegin(); it != map_.rend() && left > 0; ++it, --left)
        out->push(it->second.view());
    }
    return out.array();
  }

 protected:
  Ordered(std::int64_t n, bool from_front, bool reversed, bool one)
      : n_(n), from_front_(from_front), reversed_(reversed), one_(one) {}
  void insert(std::string key, ValueView value) { map_.emplace(std::move(key), HeldValue(value)); }
  void erase(const std::string& key) { map_.erase(map_.lower_bound(key)); }

 private:
  std::int64_t n_;
  bool from_front_;
  bool reversed_;
  bool one_;
  Map map_;
};

/// $minN, $maxN: the keys are the values.
class ExtremeN final : public Ordered {
 public:
  ExtremeN(std::int64_t n, bool least) : Ordered(n, least, !least, false) {}
  void add(ValueView value, Evaluation&) override {
    if (!is_nullish(value)) insert(key_of(value), value);
  }
  void remove(ValueView value, Evaluation&) override {
    if (!is_nullish(value)) erase(key_of(value));
  }

 private:
  static std::string key_of(ValueView value) {
    std::string key;
    append_group_key(key, value);
    return key;
  }
};

/// $top, $topN, $bottom, $bottomN.
class TopN final : public Ordered {
 public:
  TopN(std::int64_t n, bool top, bool one) : Ordered(n, top, false, one) {}
  void add(ValueView value, Evaluation&) override {
    insert(key_of(value), value.as_array().begin()->value);
  }
  void remove(ValueView value, Evaluation&) override { erase(key_of(value)); }

 private:
  static std::string key_of(ValueView value) {
    const bson::BinaryView key = std::next(value.as_array().begin())->value.as_binary();
    return {reinterpret_cast<const char*>(key.data), key.size};
  }
};

}  // namespace

WindowStatePtr make_window_state(const AccumulatorOptions& options) {
  const auto name = options.name;
  if (name == "$min" || name == "$max") return std::make_unique<Extreme>(name == "$min" ? 1 : -1);
  if (name == "$push" || name == "$concatArrays")
    return std::make_unique<List>(name, name == "$concatArrays");
  if (name == "$addToSet" || name == "$setUnion")
    return std::make_unique<Set>(name, name == "$setUnion");
  if (name == "$firstN" || name == "$lastN")
    return std::make_unique<EndN>(options.n, name == "$firstN");
  if (name == "$minN" || name == "$maxN")
    return std::make_unique<ExtremeN>(options.n, name == "$minN");
  if (name == "$top" || name == "$topN")
    return std::make_unique<TopN>(options.n, true, name == "$top");
  if (name == "$bottom" || name == "$bottomN")
    return std::make_unique<TopN>(options.n, false, name == "$bottom");
  return make_window_number(options);
}

}  // namespace quire::store::embedded
