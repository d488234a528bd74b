#include "store/embedded/storage/mutate.hpp"

#include "store/embedded/engine/timestamps.hpp"
#include "store/embedded/expression/let.hpp"

namespace quire::store::embedded {
namespace {

FindOptions to_find(const OperationOptions& base, bson::View hint, std::string_view hint_name,
                    bson::View sort, bool multi, bson::View let) {
  FindOptions out;
  static_cast<OperationOptions&>(out) = base;
  out.hint = hint;
  out.hint_name = hint_name;
  out.sort = sort;
  out.limit = multi ? 0 : 1;
  out.let = let;
  return out;
}

}  // namespace

bool is_item_error(const Error& error) noexcept {
  if (dynamic_cast<const StoreError*>(&error) == nullptr) return true;
  switch (error.code()) {
    case ErrorCode::duplicate_key:
    case ErrorCode::validation_failed:
    case ErrorCode::invalid_key:
    case ErrorCode::immutable_field:
    case ErrorCode::document_too_large:
    case ErrorCode::unsupported:
    case ErrorCode::command_failed:
    case ErrorCode::invalid_argument:
      return true;
    default:
      return false;
  }
}

WriteError to_write_error(std::size_t index, const Error& error) {
  WriteError out{index, error, {}};
  if (const auto* detailed = dynamic_cast<const DetailedError*>(&error))
    out.details = detailed->details();
  return out;
}

void insert_one(RowWriter& rows, bson::View document, bson::Value* id) {
  bson::Document buffer, filled;
  const bson::View whole = with_present_timestamps(with_id_first(document, buffer), filled);
  check_storable(whole);
  rows.insert(whole);
  if (id != nullptr) *id = bson::Value(whole.begin()->value);
}

std::vector<std::int64_t> matching_rows(WriteScope& scope,
                                        const std::shared_ptr<const CollectionMeta>& collection,
                                        bson::View filter, const FindOptions& options) {
  std::vector<std::int64_t> out;
  Connection& connection = scope.connection();
  bson::ValueView id;
  if (options.hint.empty() && options.hint_name.empty() && is_id_equality(filter, id)) {
    connection.scratch.clear();
    append_key(connection.scratch, id);
    Statement& row = connection.row_statement(collection->cid, RowSql::by_id);
    row.bind(1, std::string_view(connection.scratch));
    if (row.step()) {
      out.push_back(row.integer(0));
      row.reset();
    }
    return out;
  }
  Execution execution(connection, collection, std::make_shared<Query>(filter, options),
                      scope.file().options().verify_checksums);
  while (execution.next()) out.push_back(execution.rid());
  return out;
}

Updater make_updater(const UpdateSpec& update, const std::optional<bson::View>& array_filters,
                     bool multi, bson::View let) {
  if (!update.pipeline) return Updater(update.body, array_filters, !multi);
  if (array_filters && !array_filters->empty())
    throw QueryError(ErrorCode::invalid_update, FieldPath("arrayFilters"),
                     "an update by a pipeline takes no array filters", 9);
  return Updater::of_pipeline(update.body, scope_of_let(let));
}

void check_upsert_filter(bson::View filter) {
  constexpr int query_feature_not_allowed = 224;
  for (const auto& [name, value] : filter) {
    if (name == "$expr")
      throw QueryError(ErrorCode::invalid_query, FieldPath("$expr"),
                       "$expr is not allowed in the query predicate for an upsert",
                       query_feature_not_allowed);
    if (name != "$and" && name != "$or" && name != "$nor") continue;
    for (const auto& clause : value.as_array()) check_upsert_filter(clause.value.as_document());
  }
}

UpdateResult update_rows(WriteScope& scope, Namespace ns, bson::View filter, const Updater& updater,
                         const UpdateOptions& options) {
  UpdateResult result;
  auto collection = scope.target(ns);
  Connection& connection = scope.connection();
  bson::ValueView id;
  std::optional<Matcher> matcher;
  const bool by_id = is_id_equality(filter, id);
  if (!by_id || options.upsert) matcher.emplace(filter, scope_of_let(options.let));
  if (options.upsert) check_upsert_filter(filter);
  if (collection != nullptr) {
    Deadline deadline(options.max_time);
    // One document by its _id is read where it is found, all others after the search.
    const bool direct = by_id && options.hint.empty() && options.hint_name.empty();
    const RowSql way = direct ? RowSql::by_id : RowSql::by_rid;
    std::vector<std::int64_t> rids{0};
    if (direct) {
      connection.scratch.clear();
      append_key(connection.scratch, id);
    } else {
      rids = matching_rows(scope, collection, filter,
                           to_find(options, options.hint, options.hint_name, options.sort,
                                   options.multi, options.let));
    }
    std::optional<RowWriter> rows;
    for (const std::int64_t found : rids) {
      deadline.check();
      // Looked up anew each time: a change of the catalog drops statements.
      Statement& row = connection.row_statement(collection->cid, way);
      if (direct) {
        row.bind(1, std::string_view(connection.scratch));
      } else {
        row.bind(1, found);
      }
      if (!row.step()) {
        if (direct) break;
        throw StoreError(ErrorCode::corrupt, "an index names a row that is not there");
      }
      if (!rows) {
        rows.emplace(scope, collection, options.bypass_document_validation);
        rows->changes_by(&updater);
      }
      try {
        const std::int64_t rid = row.integer(0);
        const bson::View before = row.document(1);
        MatchDetails details;
        if (matcher) (void)matcher->matches(before, &details);
        const auto outcome = updater.apply(before, details);
        ++result.matched;
        if (outcome.changed) {
          const bson::View after = outcome.document;
          check_storable(after);
          rows->replace(rid, before, after, row);
          ++result.modified;
          continue;
        }
      } catch (...) {
        connection.row_statement(collection->cid, way).reset();
        throw;
      }
      row.reset();
    }
  }
  if (result.matched == 0 && options.upsert) {
    const bson::Document made = updater.document_for_upsert(*matcher);
    RowWriter rows(scope, scope.find_or_create(ns), options.bypass_document_validation);
    bson::Value id_value;
    insert_one(rows, made, &id_value);
    result.upserted_id = std::move(id_value);
  }
  return result;
}

std::int64_t remove_rows(WriteScope& scope, Namespace ns, bson::View filter,
                         const RemoveOptions& options) {
  auto collection = scope.target(ns);
  if (collection == nullptr) {
    (void)Matcher(filter, scope_of_let(options.let));
    return 0;
  }
  Connection& connection = scope.connection();
  Deadline deadline(options.max_time);
  const auto rids = matching_rows(
      scope, collection, filter,
      to_find(options, options.hint, options.hint_name, {}, options.multi, options.let));
  RowWriter rows(scope, collection);
  for (const std::int64_t rid : rids) {
    deadline.check();
    Statement& row = connection.row_statement(collection->cid, RowSql::by_rid);
    row.bind(1, rid);
    const Resetter resetter(row);
    if (!row.step()) throw StoreError(ErrorCode::corrupt, "an index names a row that is not there");
    rows.erase(rid, row.document(1), row);
  }
  return static_cast<std::int64_t>(rids.size());
}

}  // namespace quire::store::embedded
