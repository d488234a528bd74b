#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/collection/detail/core.hpp"
#include "quire/core/error.hpp"

namespace quire {

using bson::Document;
using bson::Type;
using bson::ValueView;
using bson::View;

namespace {

/// Numbers by value, whatever their type; all else by bytes.
bool same_value(ValueView a, ValueView b) {
  const auto number = [](ValueView v) {
    return v.type() == Type::int32   ? static_cast<double>(v.as_int32())
           : v.type() == Type::int64 ? static_cast<double>(v.as_int64())
                                     : v.as_double();
  };
  if (a.is_number() && b.is_number() && a.type() != Type::decimal128 &&
      b.type() != Type::decimal128) {
    return number(a) == number(b);
  }
  if (a.type() != b.type()) return false;
  if (a.type() == Type::document || a.type() == Type::array) {
    auto left = a.as_nested().begin();
    auto right = b.as_nested().begin();
    for (; left != std::default_sentinel && right != std::default_sentinel; ++left, ++right) {
      if (left->key != right->key || !same_value(left->value, right->value)) return false;
    }
    return left == std::default_sentinel && right == std::default_sentinel;
  }
  return a.size() == b.size() && (a.size() == 0 || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

bool is_false(ValueView v) {
  return v.type() == Type::boolean ? !v.as_bool() : v.type() == Type::null;
}

/// What differs between two index documents; empty when they mean the same.
std::string difference(View wanted, View present) {
  const auto skip = [](std::string_view key) {
    return key == "v" || key == "name" || key == "ns" || key == "background";
  };
  for (const auto& field : wanted) {
    if (skip(field.key)) continue;
    const auto other = present.find(field.key);
    if (!other ? !is_false(field.value) : !same_value(field.value, *other))
      return std::string(field.key);
  }
  for (const auto& field : present) {
    if (!skip(field.key) && !wanted.contains(field.key) && !is_false(field.value))
      return std::string(field.key);
  }
  return {};
}

std::string_view name_of(View index) {
  const auto name = index.find("name");
  return name && name->is_string() ? name->as_string() : std::string_view{};
}

const char* verb(IndexPlan::Action action) {
  switch (action) {
    case IndexPlan::Action::create:
      return "create ";
    case IndexPlan::Action::keep:
      return "keep   ";
    case IndexPlan::Action::replace:
      return "replace";
    case IndexPlan::Action::drop:
      return "drop   ";
    case IndexPlan::Action::leave:
      return "leave  ";
  }
  return "";
}

IndexPlan make_plan(const collection_detail::Core& core, const SyncOptions& options) {
  IndexPlan plan;
  plan.collection = core.name();
  auto present = core.store().list_indexes(core.ns());
  std::vector<bool> declared(present.size());
  for (const auto& index : core.model().indexes) {
    Document spec = index.spec();
    IndexPlan::Item item{IndexPlan::Action::create, index.name, {}, {}, {}};
    for (std::size_t i = 0; i < present.size(); ++i) {
      // The same name or the same keys: a server takes no second one of either.
      const auto key = present[i].find("key");
      const bool same_keys = key && key->is_document() &&
                             same_value(*key, ValueView(Type::document, index.keys.view().data(),
                                                        index.keys.view().size()));
      if (declared[i] || (name_of(present[i]) != index.name && !same_keys)) continue;
      // An index of the same keys but another filter stands beside it.
      if (name_of(present[i]) != index.name && !difference(spec, present[i]).empty()) continue;
      declared[i] = true;
      item.present = present[i];
      item.reason = difference(spec, present[i]);
      item.action = item.reason.empty() ? IndexPlan::Action::keep : IndexPlan::Action::replace;
      break;
    }
    item.wanted = std::move(spec);
    plan.items.push_back(std::move(item));
  }
  for (std::size_t i = 0; i < present.size(); ++i) {
    if (declared[i] || name_of(present[i]) == "_id_") continue;
    plan.items.push_back({options.drop ? IndexPlan::Action::drop : IndexPlan::Action::leave,
                          std::string(name_of(present[i])),
                          {},
                          present[i],
                          {}});
  }
  return plan;
}

}  // namespace

bool IndexPlan::in_sync() const noexcept {
  for (const auto& item : items) {
    if (item.action != Action::keep) return false;
  }
  return true;
}

std::string IndexPlan::str() const {
  std::string text;
  for (const auto& item : items) {
    const Document& spec = item.wanted.empty() ? item.present : item.wanted;
    text += verb(item.action);
    text += "  " + collection + "." + item.name;
    if (const auto key = spec.find("key"); key && key->is_document())
      text += " " + bson::to_json(key->as_document());
    for (const auto& field : spec) {
      if (field.key == "key" || field.key == "name" || field.key == "v") continue;
      text += " " + std::string(field.key);
      if (!(field.value.type() == Type::boolean && field.value.as_bool()))
        text += "=" + bson::to_json(field.value);
    }
    if (!item.reason.empty()) text += " (" + item.reason + " differs)";
    text += '\n';
  }
  return text;
}

namespace collection_detail {

IndexPlan Core::sync_indexes(const SyncOptions& options) const {
  IndexPlan plan = make_plan(*this, options);
  if (!options.apply) return plan;
  store::OperationOptions to;
  to.session = options.session.pointer;
  if (!model_.collection_options.empty()) {
    bool there = false;
    for (const auto& info : store().list_collections(db_.name())) there |= info.name == name_;
    if (!there) store().create_collection(ns(), model_.collection_options, to);
  }
  if (plan.in_sync()) {
    plan.applied = true;
    return plan;
  }
  before_write();
  // Room first, so that a changed index of the same keys can come in.
  for (const auto& item : plan.items) {
    if (item.action == IndexPlan::Action::drop) store().drop_index(ns(), item.name, to);
  }
  std::vector<View> creates;
  for (const auto& item : plan.items) {
    if (item.action == IndexPlan::Action::create) creates.push_back(item.wanted.view());
  }
  for (const auto& item : plan.items) {
    if (item.action != IndexPlan::Action::replace) continue;
    store().drop_index(ns(), name_of(item.present), to);
    const View wanted[] = {item.wanted.view()};
    try {
      store().create_indexes(ns(), wanted, to);
    } catch (...) {
      // Duplicates, say: what was there comes back.
      const View before[] = {item.present.view()};
      try {
        store().create_indexes(ns(), before, to);
      } catch (const Error&) {  // the first error tells more
      }
      throw;
    }
  }
  if (!creates.empty()) store().create_indexes(ns(), creates, to);
  plan.applied = true;
  return plan;
}

}  // namespace collection_detail
}  // namespace quire
