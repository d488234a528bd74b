#include <array>
#include <vector>

#include "store/embedded/commands/context.hpp"
#include "store/embedded/commands/reply.hpp"
#include "store/embedded/pipeline/stage.hpp"

namespace quire::store::embedded::commands {
namespace {

constexpr auto bulk_rules = std::to_array<Rule>({
    {"bulkWrite", Takes::any},
    {"nsInfo", Takes::documents, true},
    {"ops", Takes::documents, true},
    {"ordered", Takes::boolean},
    {"errorsOnly", Takes::boolean},
    {"bypassDocumentValidation", Takes::flag},
    {"bypassEmptyTsReplacement", Takes::flag},
    {"let", Takes::document},
    {"cursor", Takes::document},
});

constexpr auto ns_rules = std::to_array<Rule>({
    {"ns", Takes::string, true},
    {"collectionUUID", Takes::unsupported},
    {"encryptionInformation", Takes::unsupported},
    {"isTimeseriesNamespace", Takes::unsupported_flag},
});

constexpr auto cursor_rules = std::to_array<Rule>({
    {"batchSize", Takes::number},
});

constexpr auto insert_rules = std::to_array<Rule>({
    {"insert", Takes::number, true},
    {"document", Takes::document, true},
});

constexpr auto update_rules = std::to_array<Rule>({
    {"update", Takes::number, true},
    {"filter", Takes::document, true},
    {"updateMods", Takes::update, true},
    {"arrayFilters", Takes::documents},
    {"multi", Takes::boolean},
    {"upsert", Takes::boolean},
    {"upsertSupplied", Takes::unsupported_flag},
    {"sort", Takes::document},
    {"hint", Takes::hint},
    {"collation", Takes::document},
    {"constants", Takes::document},
    {"sampleId", Takes::ignored},
});

constexpr auto delete_rules = std::to_array<Rule>({
    {"delete", Takes::number, true},
    {"filter", Takes::document, true},
    {"multi", Takes::boolean},
    {"hint", Takes::hint},
    {"collation", Takes::document},
    {"sampleId", Takes::ignored},
});

struct Operation {
  enum class Kind { insert, update, remove } kind = Kind::insert;
  Namespace ns;
  bson::View document;  // or filter
  UpdateSpec update;
  UpdateOptions update_options;
  RemoveOptions remove_options;
  bson::Document variables;  ///< of `let` and the operation's own constants
};

Namespace split(std::string_view full) {
  const auto dot = full.find('.');
  if (dot == full.npos || dot == 0 || dot + 1 == full.size())
    fail(code::invalid_namespace, "'" + std::string(full) + "' is no namespace");
  const Namespace ns{full.substr(0, dot), full.substr(dot + 1)};
  check_database_name(ns.database);
  check_collection_name(ns.database, ns.collection);
  return ns;
}

Namespace namespace_at(const std::vector<Namespace>& namespaces, std::int64_t index) {
  if (index < 0 || static_cast<std::size_t>(index) >= namespaces.size())
    fail(code::bad_value,
         "an operation's nsInfo index " + std::to_string(index) + " is out of range");
  return namespaces[static_cast<std::size_t>(index)];
}

Operation read_operation(const Context& context, const std::vector<Namespace>& namespaces,
                         bson::View entry, bson::View let) {
  Operation operation;
  const auto first = entry.begin();
  const std::string_view kind = first == entry.end() ? std::string_view{} : first->key;
  if (kind == "insert") {
    const Arguments arguments(entry, insert_rules, "bulkWrite.insert");
    operation.ns = namespace_at(namespaces, arguments.integer("insert"));
    operation.document = arguments.document("document");
    return operation;
  }
  if (kind == "update") {
    const Arguments arguments(entry, update_rules, "bulkWrite.update");
    operation.kind = Operation::Kind::update;
    operation.ns = namespace_at(namespaces, arguments.integer("update"));
    operation.document = arguments.document("filter");
    const auto mods = *arguments.get("updateMods");
    operation.update = {mods.as_nested(), mods.is_array()};
    auto& options = operation.update_options;
    static_cast<OperationOptions&>(options) = context.options();
    options.multi = arguments.flag("multi");
    options.upsert = arguments.flag("upsert");
    options.array_filters = arguments.optional_array("arrayFilters");
    const auto hint = read_hint(arguments.get("hint"));
    options.hint = hint.key;
    options.hint_name = hint.name;
    options.sort = arguments.document("sort");
    options.let = let;
    if (arguments.has("constants")) {
      operation.variables = with_constants(let, arguments.document("constants"));
      options.let = operation.variables;
    }
    check_collation(arguments.get("collation"));
    if (options.multi && !options.sort.empty())
      fail(code::failed_to_parse, "a sort is for updates of one document");
    return operation;
  }
  if (kind == "delete") {
    const Arguments arguments(entry, delete_rules, "bulkWrite.delete");
    operation.kind = Operation::Kind::remove;
    operation.ns = namespace_at(namespaces, arguments.integer("delete"));
    operation.document = arguments.document("filter");
    auto& options = operation.remove_options;
    static_cast<OperationOptions&>(options) = context.options();
    options.multi = arguments.flag("multi");
    const auto hint = read_hint(arguments.get("hint"));
    options.hint = hint.key;
    options.hint_name = hint.name;
    options.let = let;
    check_collation(arguments.get("collation"));
    return operation;
  }
  fail(code::failed_to_parse,
       "an operation of bulkWrite begins with insert, update or delete, not '" + std::string(kind) +
           "'");
}

struct Totals {
  std::int32_t errors = 0;
  std::int32_t inserted = 0;
  std::int32_t matched = 0;
  std::int32_t modified = 0;
  std::int32_t upserted = 0;
  std::int32_t deleted = 0;
};

// Runs one; its entry of the reply's cursor goes to `entry`.
void run_one(Context& context, const Operation& operation, bool bypass, Totals& totals,
             bson::Writer& entry) {
  std::int32_t n = 0;
  switch (operation.kind) {
    case Operation::Kind::insert: {
      InsertOptions options;
      static_cast<OperationOptions&>(options) = context.options();
      options.bypass_document_validation = bypass;
      const auto result = context.store.insert(operation.ns, {&operation.document, 1}, options);
      if (!result.errors.empty()) {
        const auto& error = result.errors.front();
        throw DetailedError(error.error.code(), error.error.path(), error.error.detail(),
                            error.error.backend_code(), error.details);
      }
      n = 1;
      ++totals.inserted;
      entry.append("n", n);
      return;
    }
    case Operation::Kind::update: {
      const auto result = context.store.update(operation.ns, operation.document, operation.update,
                                               operation.update_options);
      n = static_cast<std::int32_t>(result.matched) + (result.upserted_id ? 1 : 0);
      const auto modified = static_cast<std::int32_t>(result.modified);
      totals.matched += static_cast<std::int32_t>(result.matched);
      totals.modified += modified;
      entry.append("n", n).append("nModified", modified);
      if (result.upserted_id) {
        ++totals.upserted;
        entry.begin_document("upserted").append("_id", *result.upserted_id).end();
      }
      return;
    }
    case Operation::Kind::remove:
      n = static_cast<std::int32_t>(
          context.store.remove(operation.ns, operation.document, operation.remove_options));
      totals.deleted += n;
      entry.append("n", n);
      return;
  }
}

}  // namespace

void run_bulk_write(Context& context, bson::Writer& reply) {
  const Arguments arguments(context.command, bulk_rules, "bulkWrite");
  std::vector<Namespace> namespaces;
  for (const auto& element : arguments.array("nsInfo")) {
    const Arguments info(element.value.as_document(), ns_rules, "bulkWrite.nsInfo");
    namespaces.push_back(split(info.string("ns")));
  }
  std::optional<std::int64_t> batch;
  if (const auto cursor = arguments.get("cursor")) {
    const Arguments options(cursor->as_document(), cursor_rules, "bulkWrite.cursor");
    if (options.has("batchSize")) batch = options.natural("batchSize");
  }
  const bool ordered = arguments.flag("ordered", true);
  const bool bypass = arguments.flag("bypassDocumentValidation");
  const bool errors_only = arguments.flag("errorsOnly");
  if (!context.common.acknowledged && !errors_only && arguments.has("errorsOnly"))
    fail(code::invalid_options, "errorsOnly must be true where writes are not acknowledged");
  std::vector<Operation> operations;
  for (const auto& element : arguments.array("ops"))
    operations.push_back(read_operation(context, namespaces, element.value.as_document(),
                                        arguments.document("let")));
  for (auto& operation : operations) operation.update_options.bypass_document_validation = bypass;
  if (operations.empty() || operations.size() > 100'000)
    fail(code::invalid_length, "'bulkWrite.ops' must have 1 to 100000 entries");
  const bool ends_all = context.in_user_transaction();
  Totals totals;
  std::vector<bson::Document> entries;
  for (std::size_t index = 0; index < operations.size(); ++index) {
    bson::Writer entry;
    try {
      entry.append("ok", 1.0).append("idx", static_cast<std::int32_t>(index));
      run_one(context, operations[index], bypass, totals, entry);
      if (!errors_only) entries.push_back(entry.finish());
    } catch (const Error& error) {
      if (ends_all) throw;
      ++totals.errors;
      const int number = server_code(error);
      bson::Writer failed;
      failed.append("ok", 0.0)
          .append("idx", static_cast<std::int32_t>(index))
          .append("code", std::int32_t{number})
          .append("errmsg", message_of(error))
          .append("codeName", code_name(number))
          .append("n", std::int32_t{0});
      if (operations[index].kind == Operation::Kind::update) failed.append("nModified", 0);
      append_details(failed, error, error_details(error));
      entries.push_back(failed.finish());
      if (ordered) break;
    }
  }
  auto cursor = std::make_unique<OpenCursor>();
  cursor->documents = list_stage(std::move(entries));
  cursor->ns = "admin.$cmd.bulkWrite";
  cursor->session = context.session_id;
  cursor->knows_its_end = true;
  append_cursor_reply(reply, context.cursors, std::move(cursor), "firstBatch", batch);
  reply.append("nErrors", totals.errors)
      .append("nInserted", totals.inserted)
      .append("nMatched", totals.matched)
      .append("nModified", totals.modified)
      .append("nUpserted", totals.upserted)
      .append("nDeleted", totals.deleted);
}

}  // namespace quire::store::embedded::commands
