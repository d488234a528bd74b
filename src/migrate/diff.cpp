#include "migrate/diff.hpp"

#include <algorithm>
#include <array>

#include "migrate/support.hpp"
#include "quire/bson/writer.hpp"

namespace quire::migrate {
namespace {

using bson::Type;
using bson::ValueView;

bool same(ValueView a, ValueView b) {
  return a.type() == b.type() && a.size() == b.size() &&
         (a.size() == 0 || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

bson::Document merge(bson::View stored, bson::View before, bson::View after);

/// The value to store where the function's value went from `before` to `after` over `stored`.
bson::Value merge_value(ValueView stored, ValueView before, ValueView after) {
  if (same(before, after)) return bson::Value(stored);
  const auto all_are = [&](Type type) {
    return stored.type() == type && before.type() == type && after.type() == type;
  };
  if (all_are(Type::document))
    return merge(stored.as_document(), before.as_document(), after.as_document());
  if (all_are(Type::array)) {
    const bson::View s = stored.as_array(), b = before.as_array(), a = after.as_array();
    if (s.count() == b.count() && b.count() == a.count()) {
      bson::Writer merged;
      auto si = s.begin();
      auto bi = b.begin();
      for (const auto& element : a) {
        merged.push(merge_value(si->value, bi->value, element.value));
        ++si;
        ++bi;
      }
      return bson::Value::array(merged.finish());
    }
  }
  return bson::Value(after);
}

bson::Document merge(bson::View stored, bson::View before, bson::View after) {
  bson::Writer merged;
  for (const auto& [key, value] : stored) {
    const auto was = before.find(key);
    const auto is = after.find(key);
    if (is) {
      merged.append(key, was ? merge_value(value, *was, *is) : bson::Value(*is));
    } else if (!was) {
      merged.append(key, value);  // unknown to the function
    }
  }
  for (const auto& [key, value] : after) {
    if (!stored.contains(key)) {
      const auto was = before.find(key);
      if (!was || !same(*was, value)) merged.append(key, value);
    }
  }
  return merged.finish();
}

void check_id(const RowImages& images, const std::string& collection) {
  const auto was = images.before.find("_id");
  const auto is = images.after->find("_id");
  if (!was || !is || same(*was, *is)) return;
  // An id that the function did not care to copy is empty.
  if (is->type() == Type::object_id && is->as_object_id().empty()) return;
  throw StepError(ErrorCode::immutable_field, "the function changed _id", collection, std::nullopt);
}

/// The fields of a document, gone over once however often they are asked for.
class Fields {
 public:
  explicit Fields(bson::View document) {
    list_.reserve(16);
    for (const auto& field : document) list_.push_back(field);
  }
  [[nodiscard]] std::optional<ValueView> find(std::string_view key) const {
    for (const auto& field : list_)
      if (field.key == key) return field.value;
    return std::nullopt;
  }
  [[nodiscard]] bool contains(std::string_view key) const { return find(key).has_value(); }
  [[nodiscard]] auto begin() const { return list_.begin(); }
  [[nodiscard]] auto end() const { return list_.end(); }

 private:
  std::vector<bson::Element> list_;
};

}  // namespace

void expect_value(bson::Writer& filter, std::string_view key,
                  const std::optional<ValueView>& value) {
  if (!value) {
    filter.begin_document(key).append("$exists", false).end();
  } else if (value->type() == Type::null) {
    filter.begin_document(key).append("$type", std::int32_t{10}).end();
  } else if (value->type() != Type::undefined) {
    filter.begin_document(key).append("$eq", *value).end();
  }
}

RowChange diff_row(bson::View stored, const RowImages& images, bool fill,
                   const std::string& collection, bool alone) {
  RowChange change;
  const auto id = stored["_id"];
  bson::Writer filter;
  filter.append("_id", id);
  if (!images.after) {
    change.kind = RowChange::Kind::remove;
    for (const auto& element : images.before) {
      if (alone || element.key == "_id") continue;
      if (const auto value = stored.find(element.key)) expect_value(filter, element.key, value);
    }
    change.filter = filter.finish();
    return change;
  }
  check_id(images, collection);

  const Fields olds(stored), befores(images.before), afters(*images.after);
  bson::Writer set, unset;
  bool any_set = false, any_unset = false;
  const auto name = [&](std::string_view key) {
    if (key.empty() || key.front() == '$' || key.find('.') != std::string_view::npos) {
      throw StepError(ErrorCode::invalid_key,
                      "a field named \"" + std::string(key) + "\" cannot be updated", collection,
                      bson::Value(id));
    }
    return key;
  };
  const auto as_read = [&](std::string_view key, const std::optional<ValueView>& old) {
    if (!alone) expect_value(filter, key, old);
  };
  for (const auto& [key, value] : afters) {
    if (key == "_id") continue;
    const auto old = olds.find(key);
    const auto was = befores.find(key);
    if (was && same(*was, value) && (old || !fill)) continue;
    if (!old || !was) {
      if (old && same(value, *old)) continue;
      set.append(name(key), value);
    } else {
      const bson::Value merged = merge_value(*old, *was, value);
      if (same(merged, *old)) continue;
      set.append(name(key), merged);
    }
    any_set = true;
    as_read(key, old);
  }
  for (const auto& element : befores) {
    if (element.key == "_id" || afters.contains(element.key)) continue;
    const auto old = olds.find(element.key);
    if (!old) continue;
    unset.append(name(element.key), "");
    any_unset = true;
    as_read(element.key, old);
  }
  if (!any_set && !any_unset) return change;
  change.kind = RowChange::Kind::update;
  change.filter = filter.finish();
  bson::Writer update;
  if (any_set) update.append("$set", set.finish());
  if (any_unset) update.append("$unset", unset.finish());
  change.update = update.finish();
  return change;
}

bson::Document changed(bson::View stored, const RowChange& change) {
  const auto part = [&](std::string_view op) {
    const auto fields = change.update.find(op);
    return fields ? fields->as_document() : bson::View();
  };
  const bson::View set = part("$set");
  const bson::View unset = part("$unset");
  bson::Writer out;
  for (const auto& [key, value] : stored) {
    if (unset.contains(key)) continue;
    const auto now = set.find(key);
    out.append(key, now ? *now : value);
  }
  for (const auto& [key, value] : set)
    if (!stored.contains(key)) out.append(key, value);
  return out.finish();
}

}  // namespace quire::migrate
