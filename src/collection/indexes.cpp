#include "collection/index_form.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/collection/detail/core.hpp"
#include "quire/core/error.hpp"

namespace quire {

using bson::Document;
using bson::Type;
using bson::View;

namespace {

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

/// The collation that indexes without one have taken from their collection.
Document inherited_collation(const collection_detail::Core& core,
                             const std::vector<Document>& present) {
  bool any = false;
  for (const auto& index : present) any = any || index.contains("collation");
  if (!any) return {};
  for (const auto& info : core.store().list_collections(core.database().name())) {
    if (info.name != core.name()) continue;
    if (const auto collation = info.options.find("collation");
        collation && collation->is_document())
      return Document(collation->as_document());
  }
  return {};
}

/// Runs `make`; what it throws gets the names of the indexes, which a server need not say.
template <class F>
void named(const std::string& names, const F& make) {
  const auto text = [&](const Error& error) {
    return error.detail().find(names) != std::string::npos ? error.detail()
                                                           : names + ": " + error.detail();
  };
  try {
    make();
  } catch (const store::DetailedError& error) {
    throw store::DetailedError(error.code(), error.path(), text(error), error.backend_code(),
                               error.details(), error.labels());
  } catch (const QueryError& error) {
    throw QueryError(error.code(), error.path(), text(error), error.backend_code());
  } catch (const StoreError& error) {
    throw StoreError(error.code(), error.path(), text(error), error.backend_code(), error.labels());
  }
}

IndexPlan make_plan(const collection_detail::Core& core, const SyncOptions& options) {
  IndexPlan plan;
  plan.collection = core.name();
  auto present = core.store().list_indexes(core.ns());
  const Document inherited = inherited_collation(core, present);
  std::vector<bool> declared(present.size());
  for (const auto& index : core.model().indexes) {
    Document spec = index.spec();
    IndexPlan::Item item{IndexPlan::Action::create, index.name, {}, {}, {}};
    for (std::size_t i = 0; i < present.size(); ++i) {
      // The same name or the same keys: a server takes no second one of either.
      const auto key = present[i].find("key");
      const bool same =
          key && key->is_document() && collection_detail::same_keys(index.keys, key->as_document());
      if (declared[i] || (name_of(present[i]) != index.name && !same)) continue;
      auto reason = collection_detail::difference(spec, present[i], inherited);
      // An index of the same keys but another filter stands beside it; not so one of texts.
      if (name_of(present[i]) != index.name && !reason.empty() &&
          !collection_detail::is_text_index(spec))
        continue;
      declared[i] = true;
      item.present = present[i];
      item.reason = std::move(reason);
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
  std::string names;
  for (const auto& item : plan.items) {
    if (item.action != IndexPlan::Action::create) continue;
    creates.push_back(item.wanted.view());
    names += (names.empty() ? "\"" : ", \"") + item.name + "\"";
  }
  for (const auto& item : plan.items) {
    if (item.action != IndexPlan::Action::replace) continue;
    store().drop_index(ns(), name_of(item.present), to);
    const View wanted[] = {item.wanted.view()};
    try {
      named("index \"" + item.name + "\"", [&] { store().create_indexes(ns(), wanted, to); });
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
  if (!creates.empty()) {
    named((creates.size() == 1 ? "index " : "indexes ") + names,
          [&] { store().create_indexes(ns(), creates, to); });
  }
  plan.applied = true;
  return plan;
}

}  // namespace collection_detail
}  // namespace quire
