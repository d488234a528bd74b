#include "core/sqlite_page_map.hpp"
#include "store/embedded/expression/let.hpp"
#include "store/embedded/storage/mutate.hpp"
#include "store/embedded/store.hpp"

namespace quire::store::embedded {

InsertResult EmbeddedStore::do_insert(Namespace ns, std::span<const bson::View> documents,
                                      const InsertOptions& options) {
  check_concern(options.write_concern);
  InsertResult result;
  WriteScope scope(file_, options.session, false);
  Deadline deadline(options.max_time);
  RowWriter rows(scope, scope.find_or_create(ns), options.bypass_document_validation);
  for (std::size_t i = 0; i < documents.size(); ++i) {
    deadline.check();
    try {
      insert_one(rows, documents[i]);
      ++result.inserted;
    } catch (const Error& error) {
      if (!is_item_error(error)) throw;
      result.errors.push_back(to_write_error(i, error));
      if (options.ordered) break;
    }
  }
  scope.commit();
  if (is_unacknowledged(options.write_concern)) return {};
  return result;
}

UpdateResult EmbeddedStore::do_update(Namespace ns, bson::View filter, UpdateSpec update,
                                      const UpdateOptions& options) {
  check_concern(options.write_concern);
  refuse_collation(options.collation);
  const Updater updater = make_updater(update, options.array_filters, options.multi, options.let);
  if (options.multi && !options.sort.empty())
    throw QueryError(ErrorCode::invalid_update, FieldPath("sort"),
                     "a sort picks one document; it cannot stand with multi", 9);
  WriteScope scope(file_, options.session, options.multi || options.upsert);
  auto result = update_rows(scope, ns, filter, updater, options);
  scope.commit();
  if (is_unacknowledged(options.write_concern)) return {};
  return result;
}

std::int64_t EmbeddedStore::do_remove(Namespace ns, bson::View filter,
                                      const RemoveOptions& options) {
  check_concern(options.write_concern);
  refuse_collation(options.collation);
  WriteScope scope(file_, options.session, options.multi);
  const auto removed = remove_rows(scope, ns, filter, options);
  scope.commit();
  return is_unacknowledged(options.write_concern) ? 0 : removed;
}

FindAndModifyResult EmbeddedStore::do_find_and_modify(Namespace ns, bson::View filter,
                                                      UpdateSpec update,
                                                      const FindAndModifyOptions& options) {
  check_concern(options.write_concern);
  refuse_collation(options.collation);
  if (options.remove && (options.upsert || options.return_document == ReturnDocument::after))
    throw QueryError(ErrorCode::invalid_update,
                     options.upsert ? "Cannot specify both upsert=true and remove=true"
                                    : "Cannot specify both new=true and remove=true; 'remove' "
                                      "always returns the deleted document",
                     9);
  std::optional<Updater> updater;
  if (!options.remove) updater = make_updater(update, options.array_filters, false, options.let);
  const ParseScope let = scope_of_let(options.let);
  const Projector projector = options.projection.empty()
                                  ? Projector()
                                  : Projector(options.projection, Projector::Kind::find, let);
  const Matcher matcher(filter, let);
  if (options.upsert) check_upsert_filter(filter);
  FindAndModifyResult result;
  WriteScope scope(file_, options.session, true);
  auto collection = scope.target(ns);
  Connection& connection = scope.connection();
  std::vector<std::int64_t> rids;
  if (collection != nullptr) {
    FindOptions find;
    static_cast<OperationOptions&>(find) = options;
    find.hint = options.hint;
    find.hint_name = options.hint_name;
    find.sort = options.sort;
    find.let = options.let;
    find.limit = 1;
    rids = matching_rows(scope, collection, filter, find);
  }
  const auto shown = [&](bson::View document, const MatchDetails& details) {
    return projector.keeps_everything() ? bson::Document(document)
                                        : projector.apply(document, details);
  };
  if (!rids.empty()) {
    RowWriter rows(scope, collection, options.bypass_document_validation);
    if (updater) rows.changes_by(&*updater);
    Statement& row = connection.row_statement(collection->cid, RowSql::by_rid);
    row.bind(1, rids[0]);
    if (!row.step()) throw StoreError(ErrorCode::corrupt, "an index names a row that is not there");
    const bson::Document before(row.document(1));
    row.reset();
    MatchDetails details;
    (void)matcher.matches(before, &details);
    if (options.remove) {
      result.value = shown(before, details);
      rows.erase(rids[0], before, row);
    } else {
      const auto outcome = updater->apply(before, details);
      result.updated_existing = true;
      const bson::View after = outcome.changed ? outcome.document.view() : before.view();
      if (outcome.changed) {
        check_storable(after);
        rows.replace(rids[0], before, after, row);
      }
      result.value =
          shown(options.return_document == ReturnDocument::after ? after : before.view(), details);
    }
  } else if (options.upsert) {
    const bson::Document made = updater->document_for_upsert(matcher);
    bson::Document buffer;
    const bson::View whole = with_id_first(made, buffer);
    RowWriter rows(scope, scope.find_or_create(ns), options.bypass_document_validation);
    bson::Value id;
    insert_one(rows, whole, &id);
    result.upserted_id = std::move(id);
    if (options.return_document == ReturnDocument::after) result.value = shown(whole, {});
  }
  scope.commit();
  if (is_unacknowledged(options.write_concern)) return {};
  return result;
}

BulkResult EmbeddedStore::do_bulk_write(Namespace ns, std::span<const BulkOperation> operations,
                                        const BulkOptions& options) {
  check_concern(options.write_concern);
  BulkResult result;
  WriteScope scope(file_, options.session, false);
  Connection& connection = scope.connection();
  constexpr std::size_t many_operations = 100;
  std::optional<RowWriter> inserts;  // of one insert behind the other
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const BulkOperation& operation = operations[i];
    if (i >= many_operations) page_map::went_over(connection.handle(), page_map::scattered_row);
    const bool many = operation.kind == BulkOperation::Kind::update_many;
    bool savepoint = false;
    if (operation.kind != BulkOperation::Kind::insert) inserts.reset();
    try {
      switch (operation.kind) {
        case BulkOperation::Kind::insert: {
          if (!inserts)
            inserts.emplace(scope, scope.find_or_create(ns), options.bypass_document_validation);
          insert_one(*inserts, operation.document);
          ++result.inserted;
          break;
        }
        case BulkOperation::Kind::update_one:
        case BulkOperation::Kind::update_many:
        case BulkOperation::Kind::replace_one: {
          UpdateOptions one;
          static_cast<OperationOptions&>(one) = options;
          one.multi = many;
          one.bypass_document_validation = options.bypass_document_validation;
          one.upsert = operation.upsert;
          one.let = options.let;
          one.hint = operation.hint;
          one.hint_name = operation.hint_name;
          one.sort = operation.sort;
          refuse_collation(operation.collation);
          const bool replaces = operation.kind == BulkOperation::Kind::replace_one;
          const Updater updater =
              make_updater(replaces ? UpdateSpec{operation.document, false} : operation.update,
                           operation.array_filters, many, options.let);
          if (replaces != updater.is_replacement())
            throw QueryError(
                ErrorCode::invalid_update,
                replaces ? "a replacement has no operators" : "an update consists of operators", 9);
          if (many) {  // an error at the tenth document takes the nine before back
            connection.savepoint();
            savepoint = true;
          }
          auto done = update_rows(scope, ns, operation.filter, updater, one);
          if (savepoint) connection.release_savepoint();
          result.matched += done.matched;
          result.modified += done.modified;
          if (done.upserted_id) result.upserted.push_back({i, std::move(*done.upserted_id)});
          break;
        }
        case BulkOperation::Kind::remove_one:
        case BulkOperation::Kind::remove_many: {
          RemoveOptions one;
          static_cast<OperationOptions&>(one) = options;
          one.multi = operation.kind == BulkOperation::Kind::remove_many;
          one.let = options.let;
          one.hint = operation.hint;
          one.hint_name = operation.hint_name;
          refuse_collation(operation.collation);
          result.removed += remove_rows(scope, ns, operation.filter, one);
          break;
        }
      }
    } catch (const Error& error) {
      if (!is_item_error(error)) throw;
      if (savepoint) {
        connection.rollback_to_savepoint();
        scope.catalog_changed();
      }
      result.errors.push_back(to_write_error(i, error));
      if (options.ordered) break;
    }
  }
  scope.commit();
  if (is_unacknowledged(options.write_concern)) return {};
  return result;
}

}  // namespace quire::store::embedded
