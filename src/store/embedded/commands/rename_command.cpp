#include <array>

#include "store/embedded/commands/catalog_support.hpp"
#include "store/embedded/commands/context.hpp"
#include "store/embedded/commands/reply.hpp"
#include "store/embedded/observed.hpp"
#include "store/embedded/store.hpp"

namespace quire::store::embedded::commands {
namespace {

constexpr auto rename_rules = std::to_array<Rule>({
    {"renameCollection", Takes::string, true, false},
    {"to", Takes::string, true},
    {"dropTarget", Takes::flag_or_uuid, false, false},
    {"stayTemp", Takes::boolean},
    {"collectionUUID", Takes::uuid},
});

/// Names that a server keeps to itself.
void check_free_to_rename(Namespace ns, std::string_view role) {
  const bool dollar =
      ns.collection.find('$') != ns.collection.npos || ns.database.find('$') != ns.database.npos;
  const bool oplog = ns.database == "local" && ns.collection.starts_with("oplog.");
  if (dollar || oplog || ns.collection.starts_with("system."))
    fail(code::illegal_operation,
         "renameCollection: the " + std::string(role) + " '" + full_name(ns) + "' is reserved");
}

void rename(Context& context, const Arguments& arguments, Namespace from, Namespace to) {
  const auto drop = arguments.get("dropTarget");
  const bool drops = drop && (drop->type() == bson::Type::binary || truthy(*drop));
  WriteScope scope(embedded_store(context.store).file(), context.options().session, true);
  const auto source = scope.find(from);
  check_collection_uuid(arguments, from, source.get());
  if (source == nullptr)
    fail(code::namespace_not_found, "Source collection " + full_name(from) + " does not exist");
  if (source->traits.view) refuse_view(*source);
  const auto target = scope.find(to);
  if (target != nullptr) {
    if (target->traits.view)
      fail(code::namespace_exists, "a view already exists with the name " + full_name(to));
    if (!drops) fail(code::namespace_exists, "target namespace exists: " + full_name(to));
    if (drop->type() == bson::Type::binary) {
      const auto own = uuid_of(to).view().as_binary();
      const auto given = drop->as_binary();
      if (std::string_view(reinterpret_cast<const char*>(own.data), own.size) !=
          std::string_view(reinterpret_cast<const char*>(given.data), given.size))
        fail(361, "the UUID in 'dropTarget' is not that of " + full_name(to));
    }
    delete_collection(scope.connection(), *target);
  }
  rename_collection(scope.connection(), source->cid, to);
  if (scope.logs_changes()) scope.changes().renamed(from, to, target != nullptr);
  scope.catalog_changed();
  scope.commit();
}

}  // namespace

void run_rename_collection(Context& context, bson::Writer&) {
  const Arguments arguments(context.command, rename_rules, "renameCollection");
  const Namespace from = parse_namespace(arguments.string("renameCollection"));
  const Namespace to = parse_namespace(arguments.string("to"));
  check_free_to_rename(from, "source");
  check_free_to_rename(to, "target");
  if (from.database == to.database && from.collection == to.collection)
    fail(code::illegal_operation, "renameCollection: the source is the target");
  observed(context.store.observers(), {"renameCollection", from},
           [&] { rename(context, arguments, from, to); });
}

}  // namespace quire::store::embedded::commands
