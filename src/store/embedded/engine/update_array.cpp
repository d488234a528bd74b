#include <algorithm>
#include <charconv>

#include "quire/bson/writer.hpp"
#include "store/embedded/engine/compare.hpp"
#include "store/embedded/engine/update_tree.hpp"

namespace quire::store::embedded::update {

using bson::Type;
using bson::ValueView;
using bson::View;

namespace {


std::vector<ValueView> elements_of(View array) {
  std::vector<ValueView> out;
  for (const auto& [key, value] : array) out.push_back(value);
  return out;
}

void append_elements(const std::vector<ValueView>& values, bson::Buffer& out) {
  char digits[12];
  std::uint32_t index = 0;
  for (const auto& value : values) {
    const auto* end = std::to_chars(digits, digits + sizeof digits, index++).ptr;
    const auto size = static_cast<std::size_t>(end - digits);
    auto* at = out.reserve(size + 2 + value.size());
    *at++ = static_cast<std::uint8_t>(value.type());
    std::memcpy(at, digits, size);
    at += size;
    *at++ = 0;
    if (value.size() != 0) std::memcpy(at, value.data(), value.size());
    out.set_end(at + value.size());
  }
}

// ---- $push

ValueView at_steps(ValueView value, const std::vector<std::string>& steps) {
  for (const auto& step : steps) {
    if (!value.is_document() && !value.is_array()) return {};
    const auto next = value.as_nested().find(step);
    if (!next) return {};
    value = *next;
  }
  return value;
}

/// Stable; std::stable_sort of libstdc++ 12 trips over its own deprecations under clang.
template <class Less>
void sort_stably(std::vector<ValueView>& values, const Less& less) {
  std::vector<std::pair<ValueView, std::size_t>> numbered;
  numbered.reserve(values.size());
  for (const auto& value : values) numbered.emplace_back(value, numbered.size());
  std::sort(numbered.begin(), numbered.end(), [&](const auto& a, const auto& b) {
    if (less(a.first, b.first)) return true;
    return a.second < b.second && !less(b.first, a.first);
  });
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = numbered[i].first;
}

void sort_elements(std::vector<ValueView>& values, const PushModifiers& push) {
  if (push.sort_fields.empty()) {
    sort_stably(values, [&](ValueView a, ValueView b) {
      return push.sort_whole_descending ? compare(b, a) < 0 : compare(a, b) < 0;
    });
    return;
  }
  // A value that is no document counts as one without the fields.
  const auto key = [](ValueView value, const SortField& field) {
    return value.is_document() ? at_steps(value, field.steps) : ValueView{};
  };
  sort_stably(values, [&](ValueView a, ValueView b) {
    for (const auto& field : push.sort_fields) {
      const int order = compare(key(a, field), key(b, field));
      if (order != 0) return field.descending ? order > 0 : order < 0;
    }
    return false;
  });
}

void slice_elements(std::vector<ValueView>& values, std::int64_t slice) {
  const auto size = static_cast<std::int64_t>(values.size());
  if (slice >= 0) {
    if (slice < size) values.resize(static_cast<std::size_t>(slice));
  } else if (slice > -size) {
    values.erase(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(size + slice));
  }
}

std::vector<ValueView> pushed(const Leaf& leaf, std::vector<ValueView> values) {
  const auto size = static_cast<std::int64_t>(values.size());
  auto position = leaf.push.position.value_or(size);
  if (position < 0) position = position < -size ? 0 : size + position;
  position = std::min(position, size);
  const auto added = elements_of(leaf.operand.view().as_array());
  values.insert(values.begin() + static_cast<std::ptrdiff_t>(position), added.begin(), added.end());
  if (leaf.push.sorts) sort_elements(values, leaf.push);
  if (leaf.push.slice) slice_elements(values, *leaf.push.slice);
  return values;
}

// ---- $addToSet, $pull, $pullAll

std::vector<ValueView> united(const Leaf& leaf, std::vector<ValueView> values) {
  for (const auto& [key, value] : leaf.operand.view().as_array()) {
    const auto same = [added = value](ValueView one) { return equal(one, added); };
    if (std::none_of(values.begin(), values.end(), same)) values.push_back(value);
  }
  return values;
}

bool is_pulled(const Leaf& leaf, ValueView value) {
  switch (leaf.pull->kind) {
    case PullCondition::Kind::equal:
      return equal(value, leaf.operand);
    case PullCondition::Kind::document:
      return value.is_document() && leaf.pull->matcher.matches(value.as_document());
    case PullCondition::Kind::element: {
      bson::Writer writer;
      writer.append("v", value);
      return leaf.pull->matcher.matches(writer.finish_view());
    }
  }
  return false;
}

bool is_listed(const Leaf& leaf, ValueView value) {
  for (const auto& [key, one] : leaf.operand.view().as_array()) {
    if (equal(one, value)) return true;
  }
  return false;
}

}  // namespace

bool apply_to_array(const Leaf& leaf, std::optional<View> existing, bson::Buffer& out) {
  auto values = existing ? elements_of(*existing) : std::vector<ValueView>{};
  const auto before = values.size();
  switch (leaf.op) {
    case Op::push:
      append_elements(pushed(leaf, std::move(values)), out);
      return true;
    case Op::add_to_set: {
      values = united(leaf, std::move(values));
      if (existing && values.size() == before) return false;
      break;
    }
    case Op::pop:
      if (values.empty()) return false;
      values.erase(leaf.pop_first ? values.begin() : values.end() - 1);
      break;
    case Op::pull:
      std::erase_if(values, [&](ValueView value) { return is_pulled(leaf, value); });
      if (values.size() == before) return false;
      break;
    case Op::pull_all:
      std::erase_if(values, [&](ValueView value) { return is_listed(leaf, value); });
      if (values.size() == before) return false;
      break;
    default:
      return false;
  }
  append_elements(values, out);
  return true;
}

}  // namespace quire::store::embedded::update
