#include <memory>
#include <set>

#include "store/embedded/engine/change_description.hpp"
#include "store/embedded/engine/description_writer.hpp"

// The comparison of a server's log entries ($v: 2): field by field in the order of both documents,
// given up where the difference has more bytes than what it describes.
namespace quire::store::embedded {
namespace {

using bson::ValueView;
using bson::View;
using description::Collector;
using description::same;

struct Difference;
using DifferencePtr = std::unique_ptr<Difference>;

struct Entry {
  std::string_view name;
  ValueView value;      // where `inner` is null
  DifferencePtr inner;  // else of a document or array
};

struct Difference {
  bool is_array = false;
  std::size_t bytes = 5;  // that the server's log would take
  std::set<std::string_view> removed;
  std::vector<Entry> updated, added, nested;  // of documents
  std::vector<Entry> elements;                // of arrays
  std::optional<std::size_t> new_size;

  void count(std::size_t name, std::size_t value, bool opens_section) {
    bytes += name + 2 + value + (opens_section ? 8 : 0);
  }
};

DifferencePtr difference(ValueView before, ValueView after);

bool both_nested(ValueView a, ValueView b) {
  return (a.is_document() && b.is_document()) || (a.is_array() && b.is_array());
}

Entry entry(std::string_view name, ValueView before, ValueView after) {
  Entry out{name, after, nullptr};
  if (both_nested(before, after)) out.inner = difference(before, after);
  return out;
}

DifferencePtr array_difference(View before, View after) {
  auto out = std::make_unique<Difference>();
  out->is_array = true;
  out->bytes += 4;
  auto old = before.begin();
  std::size_t size = 0;
  for (const auto& field : after) {
    if (after.size() < out->bytes) return nullptr;
    ++size;
    if (old != before.end()) {
      const ValueView was = old->value;
      ++old;
      if (same(was, field.value)) continue;
      out->elements.push_back(entry(field.key, was, field.value));
    } else {
      out->elements.push_back({field.key, field.value, nullptr});
    }
    const auto& last = out->elements.back();
    out->count(field.key.size() + 1, last.inner ? last.inner->bytes : field.value.size(), false);
  }
  if (old != before.end()) {
    out->new_size = size;
    out->bytes += 7;
  }
  return after.size() > out->bytes ? std::move(out) : nullptr;
}

DifferencePtr document_difference(View before, View after) {
  auto out = std::make_unique<Difference>();
  auto old = before.begin();
  auto now = after.begin();
  while (old != before.end() && now != after.end()) {
    if (after.size() < out->bytes) return nullptr;
    if (old->key != now->key) {
      out->removed.insert(old->key);
      ++old;
      continue;
    }
    if (!same(old->value, now->value)) {
      auto one = entry(now->key, old->value, now->value);
      if (one.inner) {
        out->count(now->key.size() + 1, one.inner->bytes, false);
        out->nested.push_back(std::move(one));
      } else {
        out->count(now->key.size(), now->value.size(), out->updated.empty());
        out->updated.push_back(std::move(one));
      }
    }
    ++old;
    ++now;
  }
  for (; now != after.end(); ++now) {
    out->removed.erase(now->key);
    out->count(now->key.size(), now->value.size(), out->added.empty());
    out->added.push_back({now->key, now->value, nullptr});
  }
  for (; old != before.end(); ++old) out->removed.insert(old->key);
  bool first = true;
  for (const auto name : out->removed) {
    out->count(name.size(), 1, first);
    first = false;
  }
  return after.size() > out->bytes ? std::move(out) : nullptr;
}

DifferencePtr difference(ValueView before, ValueView after) {
  return after.is_array() ? array_difference(before.as_array(), after.as_array())
                          : document_difference(before.as_document(), after.as_document());
}

void tell(const Difference& what, Collector& out);

void tell(const Entry& what, bool in_array, Collector& out) {
  const Collector::Step step(out, what.name, in_array);
  if (what.inner) {
    tell(*what.inner, out);
  } else {
    out.updated(what.value);
  }
}

void tell(const Difference& what, Collector& out) {
  if (what.new_size) out.truncated(*what.new_size);
  for (const auto& one : what.elements) tell(one, true, out);
  for (const auto& one : what.updated) tell(one, false, out);
  for (const auto& one : what.added) tell(one, false, out);
  for (const auto name : what.removed) {
    const Collector::Step step(out, name, false);
    out.removed();
  }
  for (const auto& one : what.nested) tell(one, false, out);
}

}  // namespace

std::optional<bson::Document> describe_difference(View before, View after) {
  const auto found = document_difference(before, after);
  if (found == nullptr) return std::nullopt;
  Collector out;
  tell(*found, out);
  return out.finish();
}

}  // namespace quire::store::embedded
