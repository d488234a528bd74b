#include <algorithm>
#include <array>

#include "store/embedded/commands/catalog_support.hpp"
#include "store/embedded/commands/context.hpp"
#include "store/embedded/commands/create_options.hpp"
#include "store/embedded/commands/reply.hpp"
#include "store/embedded/observed.hpp"
#include "store/embedded/storage/rows.hpp"
#include "store/embedded/store.hpp"

/// Copies of collections that are capped. Both commands of a server read their fields loosely:
/// unknown ones are no mistake.
namespace quire::store::embedded::commands {
namespace {

std::int64_t size_of(bson::View command, std::string_view what) {
  const auto size = command.find("size");
  if (!size || !size->is_number() || rough_integer(*size) < 1)
    fail(code::invalid_options, "'" + std::string(what) + ".size' must be a number of bytes");
  return read_capped_size(*size, std::string(what) + ".size");
}

/// Copies documents in their natural order; the newest stay when not all fit.
void copy_as_capped(WriteScope& scope, const CollectionMeta& source, Namespace to,
                    std::int64_t size) {
  const auto target = scope.find_or_create(to, bson::make_document("capped", true, "size", size));
  RowWriter rows(scope, target, true);
  Statement all(scope.connection().handle(),
                "SELECT body FROM c" + std::to_string(source.cid) +
                    (source.traits.clustered ? " ORDER BY id" : " ORDER BY rid"));
  while (all.step()) rows.insert(all.document(0));
}

/// Names of the system that a collection may have all the same.
bool is_free_name(std::string_view name) {
  constexpr auto known = std::to_array<std::string_view>(
      {"system.js", "system.users", "system.views", "system.profile", "system.roles"});
  return !name.starts_with("system.") || std::ranges::find(known, name) != known.end();
}

std::string_view clone_name(bson::View command, std::string_view field) {
  const auto value = command.find(field);
  if (!value || !value->is_string())
    fail(code::type_mismatch, "'" + std::string(field) + "' must be a string");
  return value->as_string();
}

void check_clone_name(std::string_view database, std::string_view name) {
  check_collection_name(database, name);
  if (name.find('$') != name.npos)
    fail(code::invalid_namespace, "the name of a collection has no '$'");
}

}  // namespace

void run_convert_to_capped(Context& context, bson::Writer&) {
  const auto name = context.command.begin()->value;
  if (!name.is_string() || name.as_string().empty())
    fail(code::invalid_namespace, "'convertToCapped' takes the name of a collection");
  check_database_name(context.database);
  const Namespace ns{context.database, name.as_string()};
  if (ns.collection != "$" && !ns.collection.starts_with('$'))
    check_collection_name(ns.database, ns.collection);
  const auto size = size_of(context.command, "convertToCapped");
  if (ns.collection == "system.views") fail(code::bad_value, "system.views cannot be capped");
  observed(context.store.observers(), {"convertToCapped", ns}, [&] {
    WriteScope scope(embedded_store(context.store).file(), context.options().session, true);
    const auto source = scope.find(ns);
    if (source == nullptr)
      fail(code::namespace_not_found, "source collection " + full_name(ns) + " does not exist");
    if (source->traits.view) refuse_view(*source);
    const std::string passing = "system.convertToCapped." + std::to_string(source->cid);
    const Namespace to{context.database, passing};
    copy_as_capped(scope, *source, to, size);
    const auto cid = scope.find(to)->cid;
    delete_collection(scope.connection(), *source);
    rename_collection(scope.connection(), cid, ns);
    if (scope.logs_changes()) scope.changes().renamed(to, ns, true);
    scope.catalog_changed();
    scope.commit();
  });
}

void run_clone_as_capped(Context& context, bson::Writer&) {
  const auto from_name = clone_name(context.command, context.command.begin()->key);
  const auto to_name = clone_name(context.command, "toCollection");
  check_database_name(context.database);
  check_clone_name(context.database, from_name);
  check_clone_name(context.database, to_name);
  const auto size = size_of(context.command, "cloneCollectionAsCapped");
  const Namespace from{context.database, from_name};
  const Namespace to{context.database, to_name};
  if (from_name.starts_with("system.buckets."))
    fail(code::illegal_operation, "buckets of a time series collection cannot be copied");
  if (!is_free_name(to_name))
    fail(code::invalid_namespace, "'" + std::string(to_name) + "' is reserved");
  observed(context.store.observers(), {"cloneCollectionAsCapped", from}, [&] {
    WriteScope scope(embedded_store(context.store).file(), context.options().session, true);
    const auto source = scope.find(from);
    if (const auto& target = scope.find(to); target != nullptr) {
      if (target->traits.view) refuse_view(*target);
      if (source != nullptr)
        fail(code::namespace_exists,
             "cloneCollectionAsCapped failed: " + full_name(to) + " already exists");
    }
    if (source == nullptr)
      fail(code::namespace_not_found, "source collection " + full_name(from) + " does not exist");
    if (source->traits.view) refuse_view(*source);
    copy_as_capped(scope, *source, to, size);
    scope.commit();
  });
}

}  // namespace quire::store::embedded::commands
