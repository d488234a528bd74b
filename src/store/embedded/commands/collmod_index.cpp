#include "store/embedded/commands/collmod_index.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "store/embedded/commands/arguments.hpp"
#include "store/embedded/commands/context.hpp"
#include "store/embedded/commands/reply.hpp"
#include "store/embedded/storage/rows.hpp"

namespace quire::store::embedded::commands {
namespace {

constexpr auto index_rules = std::to_array<Rule>({
    {"name", Takes::string},
    {"keyPattern", Takes::document},
    {"expireAfterSeconds", Takes::number},
    {"hidden", Takes::flag},
    {"unique", Takes::flag},
    {"prepareUnique", Takes::flag},
    {"forceNonUnique", Takes::unsupported_flag},
});

bool is_id_key(bson::View key) {
  return key.count() == 1 && key.begin()->key == "_id" && key.begin()->value.is_number();
}

std::shared_ptr<const IndexMeta> find_index(const CollectionMeta& meta, const IndexChange& change) {
  std::shared_ptr<const IndexMeta> found;
  for (const auto& index : meta.indexes) {
    const bool hit = change.name.empty() ? same_key_pattern(index->spec.key, change.key)
                                         : index->spec.name == change.name;
    if (!hit) continue;
    if (found != nullptr)
      fail(code::ambiguous_index_key, "several indexes have this key: name one of them");
    found = index;
  }
  return found;
}

/// The index of _id has no row of its own: all that can be said is why it does not change.
[[noreturn]] void refuse_id_index(const CollectionMeta& meta, const IndexChange& change) {
  if (meta.traits.clustered) {
    if (change.name.empty())
      fail(code::index_not_found, "a clustered collection has no such index");
    fail(6011800, "the clustered index cannot be changed so");
  }
  if (change.hidden) fail(code::bad_value, "the index of _id cannot be hidden");
  fail(code::invalid_options, "the index of _id cannot be changed so");
}

/// A definition with one option more, another or gone.
class Definition {
 public:
  explicit Definition(bson::View definition) : definition_(definition) {}
  template <class Value>
  void set(std::string_view name, const Value& value) {
    remove(name);
    bson::Writer out;
    out.append_all(definition_).append(name, value);
    definition_ = out.finish();
    changed_ = true;
  }
  void remove(std::string_view name) {
    bson::Writer out;
    for (const auto& field : definition_.view()) {
      if (field.key != name) out.append_raw(field);
    }
    definition_ = out.finish();
    changed_ = true;
  }
  [[nodiscard]] bson::View view() const { return definition_; }
  [[nodiscard]] bool changed() const noexcept { return changed_; }

 private:
  bson::Document definition_;
  bool changed_ = false;
};

/// The _ids of documents that stand under one key, as error 359 lists them.
bson::Document violations(Connection& connection, const CollectionMeta& meta,
                          const IndexMeta& index) {
  Statement twice(connection.handle(), "SELECT key FROM i" + std::to_string(index.iid) +
                                           " GROUP BY key HAVING count(*)>1 LIMIT 100");
  bson::Writer out;
  while (twice.step()) {
    const std::string key(twice.blob(0));
    out.push_document_begin().begin_array("ids");
    Statement& rows = connection.key_statement(meta.cid, index.iid, KeySql::equal);
    rows.bind(1, std::string_view(key));
    const Resetter resetter(rows);
    while (rows.step()) out.push(rows.document(1)["_id"]);
    out.end().end();
  }
  return out.finish();
}

}  // namespace

IndexChange read_index_change(bson::View index) {
  const Arguments arguments(index, index_rules, "collMod.index");
  IndexChange change;
  change.name = arguments.string("name");
  change.key = arguments.document("keyPattern");
  if (arguments.has("name") == arguments.has("keyPattern"))
    fail(code::invalid_options, "'collMod.index' needs either 'name' or 'keyPattern'");
  if (arguments.has("expireAfterSeconds")) {
    const auto seconds = arguments.integer("expireAfterSeconds");
    if (seconds < 0)
      fail(code::invalid_options, "'collMod.index.expireAfterSeconds' must not be negative");
    change.expire_after_seconds =
        std::min<std::int64_t>(seconds, std::numeric_limits<std::int32_t>::max());
  }
  if (arguments.has("hidden")) change.hidden = arguments.flag("hidden");
  if (arguments.has("unique")) change.unique = arguments.flag("unique");
  if (arguments.has("prepareUnique")) change.prepare_unique = arguments.flag("prepareUnique");
  if (!change.expire_after_seconds && !change.hidden && !change.unique && !change.prepare_unique)
    fail(code::invalid_options,
         "'collMod.index' needs 'expireAfterSeconds', 'hidden', 'unique' or 'prepareUnique'");
  if (change.unique && !*change.unique)
    fail(code::invalid_options, "'collMod.index.unique' can only be true");
  return change;
}

void apply_index_change(WriteScope& scope, Namespace ns, const IndexChange& change, bool dry,
                        bson::Writer& reply) {
  const auto meta = scope.find(ns);
  if (change.name == "_id_" || (change.name.empty() && is_id_key(change.key)))
    refuse_id_index(*meta, change);
  const auto index = find_index(*meta, change);
  if (index == nullptr)
    fail(code::index_not_found,
         "cannot find index " +
             (change.name.empty() ? std::string("with this key") : std::string(change.name)) +
             " for ns " + meta->full_name());
  const IndexSpec& spec = index->spec;
  Definition definition(spec.definition);
  const bool hides = change.hidden && *change.hidden != spec.hidden;
  const bool prepares = change.prepare_unique && *change.prepare_unique != spec.prepare_unique;
  const bool turns = change.unique && !spec.unique;
  if (prepares && (hides || change.expire_after_seconds || change.unique))
    fail(code::invalid_options, "'collMod.index.prepareUnique' changes alone");
  if (turns && (hides || change.expire_after_seconds))
    fail(code::invalid_options, "'collMod.index.unique' changes alone");
  if (change.expire_after_seconds) {
    if (spec.key.view().count() != 1)
      fail(code::invalid_options, "TTL indexes have one field, " + spec.name + " has several");
    if (spec.expire_after_seconds)
      reply.append("expireAfterSeconds_old", *spec.expire_after_seconds);
    reply.append("expireAfterSeconds_new", *change.expire_after_seconds);
    definition.set("expireAfterSeconds", static_cast<std::int32_t>(*change.expire_after_seconds));
  }
  if (hides) {
    reply.append("hidden_old", spec.hidden).append("hidden_new", *change.hidden);
    definition.remove("hidden");
    if (*change.hidden) definition.set("hidden", true);
  }
  if (prepares) {
    reply.append("prepareUnique_old", spec.prepare_unique)
        .append("prepareUnique_new", *change.prepare_unique);
    definition.remove("prepareUnique");
    if (*change.prepare_unique) definition.set("prepareUnique", true);
  }
  Connection& connection = scope.connection();
  if (turns) {
    if (!spec.prepare_unique)
      fail(code::invalid_options,
           "an index turns unique after 'prepareUnique': set that to true first");
    if (const auto list = violations(connection, *meta, *index); !list.view().empty()) {
      bson::Writer details;
      details.append_array("violations", list.view());
      throw DetailedError(ErrorCode::command_failed, FieldPath{},
                          "Cannot convert the index to unique: some documents have the same key",
                          359, details.finish());
    }
    if (dry) return;
    definition.remove("prepareUnique");
    definition.set("unique", true);
    reply.append("unique_new", true);
  }
  if (!definition.changed() || dry) return;
  set_definition(connection, index->iid, definition.view());
  if (turns) recreate_index_table(connection, index->iid, true);
  scope.catalog_changed();
  if (!turns) return;
  const auto now = scope.find(ns);
  const auto same =
      std::ranges::find_if(now->indexes, [&](const auto& one) { return one->iid == index->iid; });
  RowWriter(scope, now).build(**same);
}

}  // namespace quire::store::embedded::commands
