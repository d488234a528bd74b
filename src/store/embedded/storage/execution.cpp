#include "store/embedded/storage/execution.hpp"

#include "quire/core/error.hpp"
#include "store/embedded/expression/let.hpp"

namespace quire::store::embedded {

void Deadline::look() const {
  if (at_ && std::chrono::steady_clock::now() > *at_)
    throw StoreError(ErrorCode::timeout, "operation exceeded time limit", 50);
}

void refuse_collation(bson::View collation) {
  if (collation.empty()) return;
  if (const auto locale = collation.find("locale");
      locale && locale->is_string() && locale->as_string() == "simple")
    return;
  throw StoreError(ErrorCode::unsupported, "the embedded store has no collation but simple");
}

namespace {

/// A sort takes documents of at most so many bytes along; the others are read again in their order.
/// Reading again costs a search for each row, and a disk's seek where the file is not in memory;
/// taking along costs room in the temporary file.
constexpr std::size_t most_stored = 4096;
/// Of few documents the rows are quickly found.
constexpr std::int64_t few = 1000;

Matcher matcher_of(bson::View filter, bson::View let) {
  if (let.empty()) return Matcher(filter);
  return Matcher(filter, scope_of_let(let));
}

}  // namespace

Query::Query(bson::View filter_, const FindOptions& options)
    : Query(matcher_of(filter_, options.let), options) {}

Query::Query(Matcher matcher_, const FindOptions& options)
    : matcher(std::move(matcher_)), deadline(options.max_time) {
  if (!options.sort.empty()) sorter = Sorter(options.sort);
  if (!options.projection.empty()) {
    projector = options.let.empty() ? Projector(options.projection)
                                    : Projector(options.projection, Projector::Kind::find,
                                                scope_of_let(options.let));
  }
  if (projector.needs_details()) {
    for (const auto& child : matcher.root().children) {
      if (child->kind == FilterNode::Kind::expr)
        throw QueryError(ErrorCode::invalid_query, FieldPath(),
                         "a positional projection cannot stand with $expr", 224);
    }
  }
  skip = options.skip;
  limit = options.limit < 0 ? -options.limit : options.limit;
  if (!options.hint.empty()) hint_key = bson::Document(options.hint);
  hint_name = options.hint_name;
}

Plan Query::plan(const CollectionMeta& collection) const {
  return choose_plan(collection, matcher.root(), sorter, {hint_key, hint_name});
}

Execution::Execution(Connection& connection, std::shared_ptr<const CollectionMeta> collection,
                     std::shared_ptr<Query> query, bool verify)
    : connection_(connection),
      collection_(std::move(collection)),
      query_(std::move(query)),
      verify_(verify),
      source_(connection, *collection_, query_->plan(*collection_), verify),
      sorts_(!source_.plan().sorted) {
  if (query_->fields) trimmer_.emplace(*query_->fields);
}

bool Execution::next_match() {
  while (source_.next()) {
    query_->deadline.check();
    if (query_->variables != nullptr) {
      if (query_->matcher.matches(source_.body(), *query_->variables)) return true;
      continue;
    }
    details_.array_position.reset();
    if (query_->matcher.matches(source_.body(), &details_)) return true;
  }
  return false;
}

void Execution::sort_all() {
  const auto keep = query_->limit == 0 ? 0 : query_->limit + query_->skip;
  run_ = std::make_unique<SortRun>(static_cast<std::size_t>(keep));
  const bool stores = keep == 0 || keep > few;
  std::string key;
  while (next_match()) {
    key.clear();
    bson::View body = source_.body();
    query_->sorter.append_sort_key(body, key);
    if (stores && trimmer_) body = trimmer_->trim(body);
    const bool fits = stores && body.size() <= most_stored;
    run_->add(key, source_.rid(), fits ? bytes_of(body) : std::string_view());
  }
  run_->finish();
}

bool Execution::next_sorted() {
  if (by_rid_ != nullptr) by_rid_->reset();
  const auto rid = run_->next();
  if (!rid) return false;
  rid_ = *rid;
  query_->deadline.check();
  const auto stored = run_->body();
  if (stored.empty()) {
    stored_.reset();
    find_row(*rid);
  } else {
    stored_.emplace(reinterpret_cast<const std::uint8_t*>(stored.data()), stored.size());
  }
  if (query_->projector.needs_details()) {
    details_.array_position.reset();
    (void)query_->matcher.matches(body(), &details_);
  }
  return true;
}

void Execution::find_row(std::int64_t rid) {
  if (own_by_rid_) {
    by_rid_ = &own_by_rid_;
  } else {
    by_rid_ = &connection_.row_statement(collection_->cid, RowSql::by_rid);
    if (by_rid_->is_busy()) {
      own_by_rid_ = connection_.own_row_statement(collection_->cid, RowSql::by_rid);
      by_rid_ = &own_by_rid_;
    }
  }
  by_rid_->bind(1, rid);
  if (!by_rid_->step())
    throw StoreError(ErrorCode::corrupt, "an index names a row that is not there; run check()");
  if (verify_) verify_row(*by_rid_);
}

bool Execution::next() {
  if (!ready_) {
    if (sorts_) sort_all();
    ready_ = true;
  }
  if (query_->limit != 0 && given_ >= query_->limit) {
    stop();
    return false;
  }
  for (;;) {
    if (!(sorts_ ? next_sorted() : next_match())) return false;
    if (skipped_ < query_->skip) {
      ++skipped_;
      continue;
    }
    ++given_;
    return true;
  }
}

std::int64_t Execution::rid() const noexcept { return sorts_ ? rid_ : source_.rid(); }

bson::View Execution::body() const {
  if (!sorts_) return source_.body();
  return stored_ ? *stored_ : by_rid_->document(1);
}

bson::View Execution::needed() {
  if (!trimmer_ || stored_) return body();
  return trimmer_->trim(body());
}

bson::View Execution::projected() {
  if (query_->projector.keeps_everything()) return body();
  projection_ = query_->projector.apply(body(), details_);
  return projection_;
}

void Execution::stop() noexcept {
  source_.stop();
  if (by_rid_ != nullptr) by_rid_->reset();
}

}  // namespace quire::store::embedded
