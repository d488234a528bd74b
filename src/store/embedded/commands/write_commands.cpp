#include <array>
#include <limits>
#include <vector>

#include "store/embedded/commands/context.hpp"
#include "store/embedded/commands/reply.hpp"

namespace quire::store::embedded::commands {
namespace {

constexpr std::size_t max_batch = 100'000;

constexpr auto insert_rules = std::to_array<Rule>({
    {"insert", Takes::collection},
    {"documents", Takes::documents, true},
    {"ordered", Takes::boolean},
    {"bypassDocumentValidation", Takes::flag},
    {"bypassEmptyTsReplacement", Takes::flag},
    {"isTimeseriesNamespace", Takes::unsupported_flag},
    {"collectionUUID", Takes::unsupported},
    {"encryptionInformation", Takes::unsupported},
});

constexpr auto update_rules = std::to_array<Rule>({
    {"update", Takes::collection},
    {"updates", Takes::documents, true},
    {"ordered", Takes::boolean},
    {"bypassDocumentValidation", Takes::flag},
    {"bypassEmptyTsReplacement", Takes::flag},
    {"let", Takes::document},
    {"isTimeseriesNamespace", Takes::unsupported_flag},
    {"collectionUUID", Takes::unsupported},
    {"encryptionInformation", Takes::unsupported},
});

constexpr auto update_entry_rules = std::to_array<Rule>({
    {"q", Takes::document, true},
    {"u", Takes::update, true},
    {"c", Takes::document},
    {"arrayFilters", Takes::documents},
    {"hint", Takes::hint},
    {"multi", Takes::boolean},
    {"upsert", Takes::boolean},
    {"upsertSupplied", Takes::unsupported_flag},
    {"collation", Takes::document},
    {"sort", Takes::document},
    {"sampleId", Takes::ignored},
    {"allowShardKeyUpdatesWithoutFullShardKeyInQuery", Takes::ignored},
});

constexpr auto delete_rules = std::to_array<Rule>({
    {"delete", Takes::collection},
    {"deletes", Takes::documents, true},
    {"ordered", Takes::boolean},
    {"let", Takes::document},
    {"isTimeseriesNamespace", Takes::unsupported_flag},
    {"collectionUUID", Takes::unsupported},
    {"encryptionInformation", Takes::unsupported},
});

constexpr auto delete_entry_rules = std::to_array<Rule>({
    {"q", Takes::document, true},
    {"limit", Takes::number, true},
    {"hint", Takes::hint},
    {"collation", Takes::document},
    {"sampleId", Takes::ignored},
});

constexpr auto modify_rules = std::to_array<Rule>({
    {"findAndModify", Takes::collection},
    {"findandmodify", Takes::ignored},
    {"query", Takes::document},
    {"sort", Takes::document},
    {"update", Takes::update},
    {"remove", Takes::flag},
    {"new", Takes::flag},
    {"fields", Takes::document},
    {"upsert", Takes::flag},
    {"arrayFilters", Takes::documents},
    {"hint", Takes::hint},
    {"collation", Takes::document},
    {"let", Takes::document},
    {"bypassDocumentValidation", Takes::flag},
    {"bypassEmptyTsReplacement", Takes::flag},
    {"runtimeConstants", Takes::ignored},
    {"sampleId", Takes::ignored},
    {"collectionUUID", Takes::unsupported},
    {"encryptionInformation", Takes::unsupported},
});

std::vector<bson::View> elements_of(bson::View array, std::string_view what) {
  std::vector<bson::View> elements;
  for (const auto& element : array) elements.push_back(element.value.as_document());
  if (elements.empty() || elements.size() > max_batch)
    fail(code::invalid_length, "'" + std::string(what) + "' must have 1 to 100000 entries, not " +
                                   std::to_string(elements.size()));
  return elements;
}

struct Mistakes {
  bson::Writer entries;
  bool any = false;

  void add(std::size_t index, const Error& error, bson::View details) {
    push_write_error(entries, index, error, details);
    any = true;
  }
  void append_to(bson::Writer& reply) {
    if (any) reply.append_array("writeErrors", entries.finish());
  }
};

/// In a transaction the first error ends all; the command fails with it.
bool ends_all(const Context& context) { return context.in_user_transaction(); }

UpdateSpec update_spec(bson::ValueView value) { return {value.as_nested(), value.is_array()}; }

struct UpdateEntry {
  bson::View filter;
  UpdateSpec update;
  UpdateOptions options;
  bson::View constants;  ///< variables of its own, for a pipeline
};

UpdateEntry read_update(const Context& context, bson::View entry) {
  const Arguments arguments(entry, update_entry_rules, "update.updates");
  UpdateEntry read;
  read.filter = arguments.document("q");
  read.update = update_spec(*arguments.get("u"));
  auto& options = read.options;
  static_cast<OperationOptions&>(options) = context.options();
  options.multi = arguments.flag("multi");
  options.upsert = arguments.flag("upsert");
  options.array_filters = arguments.optional_array("arrayFilters");
  const auto hint = read_hint(arguments.get("hint"));
  options.hint = hint.key;
  options.hint_name = hint.name;
  options.sort = arguments.document("sort");
  check_collation(arguments.get("collation"));
  if (options.multi && !options.sort.empty())
    fail(code::failed_to_parse, "a sort is for updates of one document");
  if (read.update.pipeline && options.array_filters && !options.array_filters->empty())
    fail(code::failed_to_parse, "arrayFilters are not for updates by pipeline");
  read.constants = arguments.document("c");
  if (!read.constants.empty() && !read.update.pipeline)
    fail(51198, "Constant values may only be specified for pipeline updates");
  return read;
}

struct DeleteEntry {
  bson::View filter;
  RemoveOptions options;
};

DeleteEntry read_delete(const Context& context, bson::View entry) {
  const Arguments arguments(entry, delete_entry_rules, "delete.deletes");
  DeleteEntry read;
  read.filter = arguments.document("q");
  static_cast<OperationOptions&>(read.options) = context.options();
  const auto limit = arguments.integer("limit");
  if (limit != 0 && limit != 1)
    fail(code::failed_to_parse, "'delete.deletes.limit' must be 0 or 1");
  read.options.multi = limit == 0;
  const auto hint = read_hint(arguments.get("hint"));
  read.options.hint = hint.key;
  read.options.hint_name = hint.name;
  check_collation(arguments.get("collation"));
  return read;
}

}  // namespace

void run_insert(Context& context, bson::Writer& reply) {
  const Namespace ns = context.target();
  const Arguments arguments(context.command, insert_rules, "insert");
  const auto documents = elements_of(arguments.array("documents"), "insert.documents");
  InsertOptions options;
  static_cast<OperationOptions&>(options) = context.options();
  options.ordered = arguments.flag("ordered", true);
  options.bypass_document_validation = arguments.flag("bypassDocumentValidation");
  const auto result = context.store.insert(ns, documents, options);
  if (!result.errors.empty() && ends_all(context)) {
    const auto& [index, error, details] = result.errors.front();
    throw DetailedError(error.code(), error.path(), error.detail(), error.backend_code(), details);
  }
  if (!context.common.acknowledged) return;
  reply.append("n", static_cast<std::int32_t>(result.inserted));
  Mistakes mistakes;
  for (const auto& error : result.errors) mistakes.add(error.index, error.error, error.details);
  mistakes.append_to(reply);
}

bson::Document with_constants(bson::View let, bson::View constants) {
  bson::Writer out;
  for (const auto& variable : let) {
    if (!constants.contains(variable.key)) out.append(variable.key, variable.value);
  }
  for (const auto& constant : constants)
    out.append(constant.key, bson::make_document("$literal", constant.value));
  return out.finish();
}

void run_update(Context& context, bson::Writer& reply) {
  const Namespace ns = context.target();
  const Arguments arguments(context.command, update_rules, "update");
  const bool ordered = arguments.flag("ordered", true);
  std::vector<UpdateEntry> entries;
  for (const auto& entry : elements_of(arguments.array("updates"), "update.updates"))
    entries.push_back(read_update(context, entry));
  std::int64_t matched = 0;
  std::int64_t modified = 0;
  bson::Writer upserted;
  bool any_upserted = false;
  Mistakes mistakes;
  for (std::size_t index = 0; index < entries.size(); ++index) {
    auto& entry = entries[index];
    entry.options.let = arguments.document("let");
    bson::Document variables;
    if (!entry.constants.empty()) {
      variables = with_constants(entry.options.let, entry.constants);
      entry.options.let = variables;
    }
    entry.options.bypass_document_validation = arguments.flag("bypassDocumentValidation");
    try {
      const auto result = context.store.update(ns, entry.filter, entry.update, entry.options);
      matched += result.matched;
      modified += result.modified;
      if (result.upserted_id) {
        ++matched;
        any_upserted = true;
        upserted.push_document_begin()
            .append("index", static_cast<std::int32_t>(index))
            .append("_id", *result.upserted_id)
            .end();
      }
    } catch (const Error& error) {
      if (ends_all(context)) throw;
      mistakes.add(index, error, error_details(error));
      if (ordered) break;
    }
  }
  if (!context.common.acknowledged) return;
  reply.append("n", static_cast<std::int32_t>(matched))
      .append("nModified", static_cast<std::int32_t>(modified));
  if (any_upserted) reply.append_array("upserted", upserted.finish());
  mistakes.append_to(reply);
}

void run_delete(Context& context, bson::Writer& reply) {
  const Namespace ns = context.target();
  const Arguments arguments(context.command, delete_rules, "delete");
  const bool ordered = arguments.flag("ordered", true);
  std::vector<DeleteEntry> entries;
  for (const auto& entry : elements_of(arguments.array("deletes"), "delete.deletes"))
    entries.push_back(read_delete(context, entry));
  std::int64_t removed = 0;
  Mistakes mistakes;
  for (std::size_t index = 0; index < entries.size(); ++index) {
    auto& entry = entries[index];
    entry.options.let = arguments.document("let");
    try {
      removed += context.store.remove(ns, entry.filter, entry.options);
    } catch (const Error& error) {
      if (ends_all(context)) throw;
      mistakes.add(index, error, error_details(error));
      if (ordered) break;
    }
  }
  if (!context.common.acknowledged) return;
  reply.append("n", static_cast<std::int32_t>(removed));
  mistakes.append_to(reply);
}

void run_find_and_modify(Context& context, bson::Writer& reply) {
  const Namespace ns = context.target();
  const Arguments arguments(context.command, modify_rules, "findAndModify");
  FindAndModifyOptions options;
  static_cast<OperationOptions&>(options) = context.options();
  options.remove = arguments.flag("remove");
  options.upsert = arguments.flag("upsert");
  const bool after = arguments.flag("new");
  options.return_document = after ? ReturnDocument::after : ReturnDocument::before;
  options.sort = arguments.document("sort");
  options.projection = arguments.document("fields");
  options.array_filters = arguments.optional_array("arrayFilters");
  options.let = arguments.document("let");
  options.bypass_document_validation = arguments.flag("bypassDocumentValidation");
  const auto hint = read_hint(arguments.get("hint"));
  options.hint = hint.key;
  options.hint_name = hint.name;
  check_collation(arguments.get("collation"));
  const auto update = arguments.get("update");
  const auto need = [](bool fits, std::string_view message) {
    if (!fits) fail(code::failed_to_parse, message);
  };
  need(update || options.remove, "either an update or remove=true must be specified");
  if (options.remove) {
    need(!update, "cannot specify both an update and remove=true");
    need(!options.upsert, "cannot specify both upsert=true and remove=true");
    need(!after, "cannot specify both new=true and remove=true; 'remove' gives the document");
    need(!options.array_filters, "cannot specify arrayFilters and remove=true");
  }
  const UpdateSpec spec = update ? update_spec(*update) : UpdateSpec{};
  if (spec.pipeline && options.array_filters && !options.array_filters->empty())
    fail(code::failed_to_parse, "arrayFilters are not for updates by pipeline");
  const auto result = context.store.find_and_modify(ns, arguments.document("query"), spec, options);
  reply.begin_document("lastErrorObject");
  if (options.remove) {
    reply.append("n", std::int32_t{result.value ? 1 : 0});
  } else {
    const bool hit = result.updated_existing || result.upserted_id.has_value();
    reply.append("n", std::int32_t{hit ? 1 : 0}).append("updatedExisting", result.updated_existing);
    if (result.upserted_id) reply.append("upserted", *result.upserted_id);
  }
  reply.end();
  if (result.value) {
    reply.append("value", *result.value);
  } else {
    reply.append_null("value");
  }
}

}  // namespace quire::store::embedded::commands
