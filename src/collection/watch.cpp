#include "quire/collection/watch.hpp"

#include <array>
#include <utility>

#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "quire/store/resumable.hpp"

namespace quire {

namespace {

using bson::Document;
using bson::Type;
using bson::ValueView;
using bson::View;

constexpr std::array<std::pair<ChangeType, std::string_view>, 9> names{{
    {ChangeType::insert, "insert"},
    {ChangeType::update, "update"},
    {ChangeType::replace, "replace"},
    {ChangeType::remove, "delete"},
    {ChangeType::drop, "drop"},
    {ChangeType::rename, "rename"},
    {ChangeType::drop_database, "dropDatabase"},
    {ChangeType::invalidate, "invalidate"},
    {ChangeType::create, "create"},
}};

ChangeType type_of(std::string_view name) noexcept {
  for (const auto& [type, text] : names) {
    if (text == name) return type;
  }
  return ChangeType::other;
}

/// As the server calls them; off says nothing, which every server takes.
std::string_view text_of(FullDocument what) noexcept {
  switch (what) {
    case FullDocument::update_lookup:
      return "updateLookup";
    case FullDocument::when_available:
      return "whenAvailable";
    case FullDocument::required:
      return "required";
    case FullDocument::off:
      break;
  }
  return {};
}
std::string_view text_of(BeforeChange what) noexcept {
  switch (what) {
    case BeforeChange::when_available:
      return "whenAvailable";
    case BeforeChange::required:
      return "required";
    case BeforeChange::off:
      break;
  }
  return {};
}

View inner(View document, std::string_view name) {
  const auto value = document.find(name);
  return value && value->type() == Type::document ? value->as_document() : View{};
}
void set_text(std::string& to, View document, std::string_view name) {
  const auto value = document.find(name);
  if (value && value->is_string())
    to = value->as_string();
  else
    to.clear();
}

void put_under(bson::Writer& to, const std::string& prefix, View filter) {
  for (const auto& [key, value] : filter) {
    if (!key.starts_with('$')) {
      to.append(prefix + std::string(key), value);
    } else if (key == "$comment") {
      to.append(key, value);
    } else if ((key == "$and" || key == "$or" || key == "$nor") && value.type() == Type::array) {
      to.begin_array(key);
      for (const auto& branch : value.as_array()) {
        if (branch.value.type() != Type::document) {
          throw QueryError(ErrorCode::invalid_query,
                           std::string(key) + " takes an array of documents", 2);
        }
        to.begin_document(branch.key);
        put_under(to, prefix, branch.value.as_document());
        to.end();
      }
      to.end();
    } else {
      throw QueryError(ErrorCode::invalid_query,
                       "a filter on the document of a change names fields; " + std::string(key) +
                           " does not: write the stage with json(…), with \"fullDocument.\" before "
                           "the fields",
                       2);
    }
  }
}

}  // namespace

std::string_view to_string(ChangeType type) noexcept {
  for (const auto& [known, text] : names) {
    if (known == type) return text;
  }
  return "other";
}

query::Raw only_changes(std::initializer_list<ChangeType> types) {
  bson::Writer stage;
  stage.begin_document("$match").begin_document("operationType").begin_array("$in");
  for (const auto type : types) {
    if (type == ChangeType::other) {
      throw QueryError(ErrorCode::invalid_query,
                       "ChangeType::other names no type of change; write the stage with json(…)",
                       2);
    }
    stage.push(to_string(type));
  }
  stage.end().end().end();
  return query::raw(stage.finish());
}

ChangeStream<Document> Database::watch() const { return watch({}, WatchOptions{}); }
ChangeStream<Document> Database::watch(const std::vector<query::Raw>& pipeline) const {
  return watch(pipeline, WatchOptions{});
}
ChangeStream<Document> Database::watch(const std::vector<query::Raw>& pipeline,
                                       const WatchOptions& options) const {
  return ChangeStream<Document>(collection_detail::ChangeFeed(*this, pipeline, options));
}

}  // namespace quire

namespace quire::collection_detail {

query::Raw match_at(std::string_view field, View filter) {
  bson::Writer stage;
  stage.begin_document("$match");
  stage.begin_document(field).append("$type", "object").end();
  if (!filter.empty()) {
    stage.begin_array("$and").begin_document("0");
    put_under(stage, std::string(field) + ".", filter);
    stage.end().end();
  }
  stage.end();
  return query::raw(stage.finish());
}

ChangeFeed::ChangeFeed(CorePtr core, const std::vector<query::Raw>& pipeline,
                       const WatchOptions& options)
    : db_(core->database()), core_(std::move(core)) {
  open(core_->ns(), pipeline, options);
}

ChangeFeed::ChangeFeed(Database db, const std::vector<query::Raw>& pipeline,
                       const WatchOptions& options)
    : db_(std::move(db)) {
  open(db_.ns({}), pipeline, options);
}

void ChangeFeed::open(store::Namespace ns, const std::vector<query::Raw>& pipeline,
                      const WatchOptions& options) {
  if (options.max_await < std::chrono::milliseconds(1)) {
    throw StoreError(ErrorCode::invalid_argument, FieldPath("max_await"),
                     "a change stream waits 1 ms or more for an event");
  }
  store::Store& store = db_.store();
  if (!store.capabilities().change_streams) {
    throw StoreError(ErrorCode::unsupported,
                     store.kind() == "mongodb"
                         ? "\"" + store.redacted_uri() +
                               "\" has no change streams: a server has them when it is a member of "
                               "a replica set (of one, if need be) or of a sharded cluster"
                         : "the " + std::string(store.kind()) +
                               " store has no change streams; open a mongodb:// URI");
  }
  stop_ = options.stop;
  resume_for_ = options.resume_for;
  store::WatchOptions to;
  to.full_document = text_of(options.full_document);
  to.full_document_before_change = text_of(options.before_change);
  to.resume_after = options.resume_after.view();
  to.start_after = options.start_after.view();
  to.start_at = options.start_at;
  to.max_await = options.max_await;
  to.batch_size = options.batch_size;
  to.show_expanded_events = options.show_expanded_events;
  to.collation = options.collation.view();
  // The store waits for as long as it is told; a stop must be seen between its attempts.
  to.resume_for = stop_.stop_possible() ? std::chrono::milliseconds(0) : options.resume_for;
  if (!options.comment.view().is_null()) to.comment = options.comment.view();
  put_concerns(to, db_, &options.read_concern, &options.read_preference, nullptr);
  to.write_concern = nullptr;
  bson::Writer stages;
  for (const auto& stage : pipeline) stages.push(stage.document());
  stream_ = store.watch(ns, stages.finish(), to);
  token_ = stream_->resume_token();
  if (token_.empty())
    token_ = options.resume_after.empty() ? options.start_after : options.resume_after;
}

std::optional<View> ChangeFeed::next() {
  std::optional<std::chrono::steady_clock::time_point> since;
  while (!stopped()) {
    try {
      const auto event = stream_->next();
      if (!event) handed_out();
      return event;
    } catch (const StoreError& error) {
      if (!stop_.stop_possible() || !store::is_resumable(error)) throw;
      const auto now = std::chrono::steady_clock::now();
      if (!since) since = now;
      if (now - *since > resume_for_) throw;
    }
  }
  return std::nullopt;
}

void ChangeFeed::fill(ChangeInfo& info, View event) const {
  info.raw = Document(event);
  event = info.raw.view();
  set_text(info.operation_name, event, "operationType");
  info.type = type_of(info.operation_name);
  const View ns = inner(event, "ns");
  set_text(info.database, ns, "db");
  set_text(info.collection, ns, "coll");
  set_text(info.renamed_to, inner(event, "to"), "coll");
  info.document_key = Document(inner(event, "documentKey"));
  info.resume_token = Document(inner(event, "_id"));
  const View update = inner(event, "updateDescription");
  info.update.updated_fields = Document(inner(update, "updatedFields"));
  info.update.removed_fields.clear();
  if (const auto removed = update.find("removedFields");
      removed && removed->type() == Type::array) {
    for (const auto& path : removed->as_array()) {
      if (path.value.is_string()) info.update.removed_fields.emplace_back(path.value.as_string());
    }
  }
  const auto truncated = update.find("truncatedArrays");
  info.update.truncated_arrays =
      truncated && truncated->type() == Type::array ? Document(truncated->as_array()) : Document();
  info.cluster_time.reset();
  if (const auto time = event.find("clusterTime"); time && time->type() == Type::timestamp)
    info.cluster_time = time->as_timestamp();
  info.wall_time.reset();
  if (const auto time = event.find("wallTime"); time && time->type() == Type::date_time)
    info.wall_time = time->as_date_time();
}

void ChangeFeed::read(const ChangeInfo& info, View document, FunctionRef<void(View)> sink) const {
  if (core_ != nullptr) return core_->read(document, sink);
  static const ModelInfo none;
  Core(db_, info.collection, none).read(document, sink);
}

void ChangeFeed::read_id(const ChangeInfo& info, FunctionRef<void(ValueView)> sink) const {
  const auto id = info.document_key.find("_id");
  if (!id) return;
  try {
    sink(*id);
  } catch (const MappingError& error) {
    throw MappingError(error.code(), FieldPath("_id"),
                       error.detail() + " (in \"" + info.collection +
                           "\", a change of the document "
                           "with _id " +
                           bson::to_json(*id, bson::JsonMode::shell) + ")",
                       error.backend_code());
  }
}

}  // namespace quire::collection_detail
