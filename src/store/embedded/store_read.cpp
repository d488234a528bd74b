#include <set>

#include "core/sqlite_page_map.hpp"
#include "quire/bson/writer.hpp"
#include "store/embedded/pipeline/spool.hpp"
#include "store/embedded/pipeline/stage.hpp"
#include "store/embedded/read_support.hpp"
#include "store/embedded/storage/execution.hpp"
#include "store/embedded/storage/key_count.hpp"
#include "store/embedded/store.hpp"

namespace quire::store::embedded {
namespace {

/// Reads on in its own snapshot; each document stands in SQLite's memory.
class StreamCursor final : public Cursor {
 public:
  StreamCursor(std::shared_ptr<StorageFile> file, std::unique_ptr<ReadScope> scope,
               std::shared_ptr<const CollectionMeta> collection, std::shared_ptr<Query> query)
      : file_(std::move(file)), scope_(std::move(scope)) {
    execution_.emplace(scope_->connection(), std::move(collection), std::move(query),
                       file_->options().verify_checksums);
  }
  std::optional<bson::View> next() override {
    if (!execution_) return std::nullopt;
    file_->check_usable();
    if (execution_->next()) return execution_->projected();
    execution_.reset();
    scope_.reset();
    return std::nullopt;
  }

 private:
  std::shared_ptr<StorageFile> file_;
  std::unique_ptr<ReadScope> scope_;
  std::optional<Execution> execution_;
};

/// The statement that finds the one document of a plain equality, bound; null when there is none.
Statement* point_statement(Connection& connection, Namespace ns, bson::View filter) {
  if (connection.catalog == nullptr) return nullptr;
  const CollectionMeta* collection = connection.last.get();
  if (collection == nullptr || collection->name != ns.collection ||
      collection->database != ns.database) {
    const auto& found = connection.catalog->find(ns);
    if (found == nullptr) return nullptr;
    if (found->traits.view) return nullptr;  // the long way knows views
    connection.last = found;
    collection = found.get();
  }
  std::string& key = connection.scratch;
  key.clear();
  bson::ValueView id;
  if (is_id_equality(filter, id)) {
    append_key(key, id);
    Statement& row = connection.row_statement(collection->cid, RowSql::by_id);
    row.bind(1, std::string_view(key));
    return &row;
  }
  auto field = filter.begin();
  if (field == filter.end() || field->key.starts_with('$') || !is_plain_value(field->value))
    return nullptr;
  for (const auto& index : collection->indexes) {
    if (!index->spec.unique || index->partial || index->spec.hidden ||
        index->spec.fields.size() != 1 || index->spec.fields[0].path != field->key)
      continue;
    append_key(key, field->value, index->spec.fields[0].descending);
    if (++field != filter.end()) return nullptr;
    Statement& row = connection.key_statement(collection->cid, index->iid, KeySql::equal);
    row.bind(1, std::string_view(key));
    return &row;
  }
  return nullptr;
}

}  // namespace

bool EmbeddedStore::do_find_one(Namespace ns, bson::View filter, const FindOptions& options,
                                FunctionRef<void(bson::View)> sink) {
  if (!file_->options().memory && is_bare(options)) {
    const ReaderLease lease(*file_);
    Statement* row = nullptr;
    try {
      row = point_statement(*lease, ns, filter);
    } catch (const StoreError&) {
      row = nullptr;  // a table that another process dropped; the long way reads the catalog anew
    }
    if (row != nullptr) {
      const Resetter resetter(*row);
      const int code = row->step_code();
      // A changed schema shows in the statement itself, so a point read pays nothing to look.
      if ((code == SQLITE_ROW || code == SQLITE_DONE) && !row->was_reprepared()) [[likely]] {
        if (code == SQLITE_DONE) return false;
        if (file_->options().verify_checksums) verify_row(*row);
        sink(row->document(1));
        return true;
      }
    }
  }
  return find_one_general(ns, filter, options, sink);
}

bool EmbeddedStore::find_one_general(Namespace ns, bson::View filter, const FindOptions& options,
                                     FunctionRef<void(bson::View)> sink) {
  refuse_collation(options.collation);
  FindOptions one = options;
  one.limit = 1;
  const auto query = std::make_shared<Query>(filter, one);
  bson::Document copy;
  bool view = false;
  {
    ReadScope scope(file_, options.session);
    const auto collection = scope.find(ns);
    if (collection == nullptr) return false;
    view = collection->traits.view;
    if (!view) {
      Execution execution(scope.connection(), collection, query, file_->options().verify_checksums);
      if (!execution.next()) return false;
      if (scope.is_private()) {
        sink(execution.projected());
        return true;
      }
      copy = bson::Document(execution.projected());
    }
  }
  if (view) {  // its pipeline takes a scope of its own
    const auto cursor = read_view(ns, view_stages(filter, one), view_options(one));
    const auto document = cursor->next();
    if (document) sink(*document);
    return document.has_value();
  }
  sink(copy);  // `sink` may use the store: nothing is held
  return true;
}

std::unique_ptr<Cursor> EmbeddedStore::do_find(Namespace ns, bson::View filter,
                                               const FindOptions& options) {
  refuse_collation(options.collation);
  auto query = std::make_shared<Query>(filter, options);
  auto scope = std::make_unique<ReadScope>(file_, options.session);
  const auto collection = scope->find(ns);
  if (collection == nullptr) return list_stage({});
  if (collection->traits.view) {
    scope.reset();
    return read_view(ns, view_stages(filter, options), view_options(options));
  }
  if (scope->is_private())
    return std::make_unique<StreamCursor>(file_, std::move(scope), collection, std::move(query));
  HeldResult held(
      bytes_of_results(file_->options()));  // later writes of the transaction must not be seen
  Execution execution(scope->connection(), collection, std::move(query),
                      file_->options().verify_checksums);
  while (execution.next()) held.add(execution.projected());
  return held.take();
}

namespace {

/// A server's count and distinct know neither $$NOW nor $$CLUSTER_TIME.
ParseScope without_now() {
  ParseScope scope;
  scope.has_now = false;
  scope.cluster_time.reset();
  return scope;
}

}  // namespace

std::int64_t EmbeddedStore::do_count(Namespace ns, bson::View filter, const CountOptions& options) {
  refuse_collation(options.collation);
  FindOptions find;
  static_cast<OperationOptions&>(find) = options;
  find.hint = options.hint;
  find.hint_name = options.hint_name;
  find.skip = options.skip;
  find.limit = options.limit;
  const auto query = std::make_shared<Query>(Matcher(filter, without_now()), find);
  std::optional<ReadScope> scope;
  scope.emplace(file_, options.session);
  const auto collection = scope->find(ns);
  if (collection == nullptr) return 0;
  if (collection->traits.view) {
    scope.reset();  // its pipeline takes one of its own
    const auto cursor = read_view(ns, view_stages(filter, find), view_options(find));
    std::int64_t n = 0;
    while (cursor->next()) ++n;
    return n;
  }
  if (filter.empty() && options.skip == 0 && options.limit == 0 && options.hint.empty() &&
      options.hint_name.empty()) {
    const page_map::Aside aside(scope->connection().handle());
    Statement& count = scope->connection().row_statement(collection->cid, RowSql::count);
    const Resetter resetter(count);
    (void)count.step();
    return count.integer(0);
  }
  const bool verify = file_->options().verify_checksums;
  Execution execution(scope->connection(), collection, query, verify);
  if (!verify && options.skip == 0 && options.limit == 0) {
    if (const auto n = count_keys(scope->connection(), *collection, query->matcher.root(),
                                  execution.source().plan()))
      return *n;
  }
  std::int64_t n = 0;
  while (execution.next()) ++n;
  return n;
}

std::int64_t EmbeddedStore::estimated_count(Namespace ns, const OperationOptions& options) {
  CountOptions count_options;
  static_cast<OperationOptions&>(count_options) = options;
  return count(ns, {}, count_options);
}

namespace {

/// Calls `sink` with the values at a path, each element where one is an array, as distinct does.
/// The path's end is the view without data: "a." has a second step, the empty name.
template <class Sink>
void values_at(bson::ValueView value, std::string_view path, const Sink& sink,
               bool at_end_unwound) {
  if (path.data() == nullptr) {
    if (value.is_array() && !at_end_unwound) {
      for (const auto& element : value.as_array()) sink(element.value);
    } else {
      sink(value);
    }
    return;
  }
  const auto point = path.find('.');
  const auto step = path.substr(0, point);
  const auto rest = point == std::string_view::npos ? std::string_view{} : path.substr(point + 1);
  if (value.is_document()) {
    if (const auto field = value.as_document().find(step)) values_at(*field, rest, sink, false);
  } else if (value.is_array()) {
    const bool position =
        !step.empty() && step.find_first_not_of("0123456789") == std::string_view::npos;
    if (position) {
      if (const auto field = value.as_array().find(step)) values_at(*field, rest, sink, false);
    }
    for (const auto& element : value.as_array()) {
      if (element.value.is_document()) values_at(element.value, path, sink, false);
    }
  }
}

}  // namespace

bson::Document EmbeddedStore::do_distinct(Namespace ns, std::string_view field, bson::View filter,
                                          const DistinctOptions& options) {
  refuse_collation(options.collation);
  FindOptions find;
  static_cast<OperationOptions&>(find) = options;
  find.hint = options.hint;
  find.hint_name = options.hint_name;
  const auto query = std::make_shared<Query>(Matcher(filter, without_now()), find);
  bson::Writer out;
  std::optional<ReadScope> scope;
  scope.emplace(file_, options.session);
  const auto collection = scope->find(ns);
  if (collection == nullptr) return out.finish();
  std::set<std::string> seen;
  std::unique_ptr<Cursor> view;
  std::optional<Execution> execution;
  if (collection->traits.view) {
    scope.reset();  // its pipeline takes one of its own
    view = read_view(ns, view_stages(filter, find), view_options(find));
  } else {
    execution.emplace(scope->connection(), collection, query, file_->options().verify_checksums);
  }
  const auto next = [&]() -> std::optional<bson::View> {
    if (view != nullptr) return view->next();
    if (!execution->next()) return std::nullopt;
    return execution->body();
  };
  while (const auto document = next()) {
    const bson::View body = *document;
    values_at(
        {bson::Type::document, body.data(), body.size()}, field,
        [&](bson::ValueView value) {
          std::string key;
          append_key(key, value);
          if (seen.insert(std::move(key)).second) out.push(value);
        },
        false);
    if (out.size() > bson::max_document_bytes)
      throw StoreError(ErrorCode::document_too_large, "distinct too big, 16mb cap", 17217);
  }
  return out.finish();
}

}  // namespace quire::store::embedded
