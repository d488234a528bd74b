#include "quire/collection/detail/core.hpp"

#include <algorithm>
#include <span>

#include "collection/fill.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::collection_detail {

using bson::Buffer;
using bson::Document;
using bson::Type;
using bson::ValueView;
using bson::View;
using bson::Writer;

namespace {
thread_local Buffer kept;
/// A buffer beyond this is not kept: one large document must not hold memory for ever.
constexpr std::size_t largest_kept = 1024 * 1024;
}  // namespace

Scratch::Scratch() noexcept {
  buffer_.swap(kept);
  buffer_.clear();
}
Scratch::~Scratch() {
  if (buffer_.capacity() > kept.capacity() && buffer_.capacity() <= largest_kept)
    buffer_.swap(kept);
}

void IdFilter::put(Type type, const void* payload, std::size_t size) noexcept {
  // length, type, "_id" with its zero byte, payload, closing zero byte
  size_ = 4 + 1 + 4 + size + 1;
  const auto length = static_cast<std::int32_t>(size_);
  std::memcpy(bytes_, &length, 4);
  bytes_[4] = static_cast<std::uint8_t>(type);
  std::memcpy(bytes_ + 5, "_id", 4);
  if (size != 0) std::memcpy(bytes_ + 9, payload, size);
  bytes_[size_ - 1] = 0;
}

IdFilter::IdFilter(ValueView id) {
  const bool operators = id.type() == Type::document && !id.as_document().empty() &&
                         id.as_document().begin()->key.starts_with('$');
  if (id.size() + 10 <= sizeof bytes_ && id.type() != Type::regex && !operators) {
    put(id.type(), id.data(), id.size());
    return;
  }
  Writer writer;
  if (id.type() == Type::regex || operators)
    writer.begin_document("_id").append("$eq", id).end();
  else
    writer.append("_id", id);
  long_ = writer.finish();
  data_ = long_.view().data();
  size_ = long_.view().size();
}

void Core::before_write() const {
  if (const auto hooks = db_.hooks()) hooks->before_write(ns());
}

View Core::upgraded(View document, Document& keep) const {
  if (const auto hooks = db_.hooks()) {
    if (auto now = hooks->upgrade(ns(), document)) {
      keep = std::move(*now);
      return keep.view();
    }
  }
  return document;
}

void Core::insert(View document, const void* object, const InsertOptions& options) const {
  if (!model_.checks.empty()) model_.check(document, object);
  before_write();
  store::InsertOptions to;
  fill(to, db_, options);
  to.bypass_document_validation = options.bypass_document_validation;
  const auto result = store().insert(ns(), std::span(&document, 1), to);
  if (!result.errors.empty()) {
    const auto& error = result.errors.front();
    throw store::DetailedError(error.error.code(), error.error.path(), error.error.detail(),
                               error.error.backend_code(), error.details);
  }
}

void InsertBatch::add(const ModelInfo& model, Document document, const void* object) {
  const auto place = size++;
  try {
    if (!model.checks.empty()) model.check(document, object);
  } catch (const MappingError& error) {
    refused.push_back({place, error, {}});
    return;
  }
  documents.push_back(std::move(document));
  places.push_back(place);
}

store::InsertResult Core::insert_many(const InsertBatch& batch,
                                      const InsertOptions& options) const {
  before_write();
  // The first document that is refused ends an ordered insert.
  const bool ends = options.ordered && !batch.refused.empty();
  const auto end = ends ? batch.refused.front().index : batch.size;
  std::vector<View> views;
  views.reserve(batch.documents.size());
  for (std::size_t i = 0; i < batch.documents.size() && batch.places[i] < end; ++i)
    views.push_back(batch.documents[i].view());
  store::InsertResult result;
  if (!views.empty()) {
    store::InsertOptions to;
    fill(to, db_, options);
    to.ordered = options.ordered;
    to.bypass_document_validation = options.bypass_document_validation;
    result = store().insert(ns(), views, to);
    for (auto& error : result.errors) error.index = batch.places[error.index];
  }
  if (!options.ordered || result.errors.empty()) {
    const auto last = ends ? batch.refused.begin() + 1 : batch.refused.end();
    result.errors.insert(result.errors.end(), batch.refused.begin(), last);
    std::sort(result.errors.begin(), result.errors.end(),
              [](const auto& a, const auto& b) { return a.index < b.index; });
  }
  return result;
}

bool Core::find_one(View filter, const ReadOptions& options, FunctionRef<void(View)> sink) const {
  return store().find_one(ns(), filter, find_options(db_, options),
                          [&](View document) { read(document, sink); });
}

void Core::read(View document, FunctionRef<void(View)> sink) const {
  try {
    if (!db_.hooks()) return sink(document);
    Document keep;
    sink(upgraded(document, keep));
  } catch (const MappingError& error) {
    // Among a million documents the path alone is no help.
    std::string where = " (in \"" + name_ + "\"";
    if (const auto id = document.find("_id")) {
      where += ", document with _id " + bson::to_json(*id, bson::JsonMode::shell);
    }
    throw MappingError(error.code(), error.path(), error.detail() + where + ")",
                       error.backend_code());
  }
}

void Core::get(View id_filter, const ReadOptions& options, FunctionRef<void(View)> sink) const {
  if (!find_one(id_filter, options, sink)) {
    throw StoreError(ErrorCode::not_found, FieldPath("_id"),
                     "no document " + bson::to_json(id_filter) + " in \"" + name_ +
                         "\"; use find(id) where absence is normal");
  }
}

namespace {
std::optional<ValueView> value_at(View document, std::string_view path) {
  const auto dot = path.find('.');
  const auto found = document.find(path.substr(0, dot));
  if (dot == std::string_view::npos || !found) return found;
  if (!found->is_document()) return std::nullopt;
  return value_at(found->as_document(), path.substr(dot + 1));
}
}  // namespace

Document Core::identity(View id_filter, View document) const {
  Writer writer;
  writer.append_all(id_filter);
  for (const auto& key : model_.shard_key) {
    if (id_filter.contains(key.key)) continue;
    const auto value = value_at(document, key.key);
    // Always $eq: an equality for values that look like operators too.
    writer.begin_document(key.key);
    if (value)
      writer.append("$eq", *value);
    else
      writer.append_null("$eq");  // the server takes absent as null
    writer.end();
  }
  return writer.finish();
}

Document Core::with_version(View update) const {
  for (const auto& op : update) {
    if (op.value.is_document() && op.value.as_document().contains("_v")) return Document(update);
  }
  Writer writer;
  bool written = false;
  for (const auto& op : update) {
    if (op.key == "$setOnInsert" && op.value.is_document()) {
      writer.begin_document(op.key).append_all(op.value.as_document());
      writer.append("_v", model_.version).end();
      written = true;
    } else {
      writer.append(op.key, op.value);
    }
  }
  if (!written) writer.begin_document("$setOnInsert").append("_v", model_.version).end();
  return writer.finish();
}

UpdateResult Core::update(View filter, View update, const std::vector<Document>& array_filters,
                          const UpdateOptions& options, bool multi) const {
  before_write();
  if (update.empty() || !update.begin()->key.starts_with('$')) {
    throw QueryError(ErrorCode::invalid_update,
                     "an update is made of operators ($set …); use replace for whole documents", 9);
  }
  if (!model_.checks.empty()) model_.check_update(update);
  store::UpdateOptions to;
  fill_more(to, db_, options);
  to.sort = options.sort.view();
  to.bypass_document_validation = options.bypass_document_validation;
  to.multi = multi;
  to.upsert = options.upsert;
  const Document filters = array_of(array_filters);
  if (!array_filters.empty()) to.array_filters = filters.view();
  Document versioned;
  if (options.upsert && model_.version != 0) {
    versioned = with_version(update);
    update = versioned.view();
  }
  return store().update(ns(), filter, {update, false}, to);
}

namespace {
void check_pipeline(View stages, bool upsert, const ModelInfo& model) {
  if (stages.empty()) {
    throw QueryError(ErrorCode::invalid_update,
                     "an update by pipeline has one or more stages: set, unset, project, "
                     "replace_root",
                     9);
  }
  if (upsert && model.version != 0) {
    throw QueryError(
        ErrorCode::invalid_update, FieldPath("_v"),
        "an upsert by pipeline cannot give new documents alone the schema version of " +
            model.type + "; use operators (set, set_on_insert)",
        9);
  }
}
}  // namespace

UpdateResult Core::update_by_pipeline(View filter, View stages, const UpdateOptions& options,
                                      bool multi) const {
  check_pipeline(stages, options.upsert, model_);
  before_write();
  store::UpdateOptions to;
  fill_more(to, db_, options);
  to.sort = options.sort.view();
  to.bypass_document_validation = options.bypass_document_validation;
  to.multi = multi;
  to.upsert = options.upsert;
  return store().update(ns(), filter, {stages, true}, to);
}

UpdateResult Core::replace(View filter, View document, const void* object,
                           const UpdateOptions& options) const {
  if (!model_.checks.empty()) model_.check(document, object);
  before_write();
  store::UpdateOptions to;
  fill_more(to, db_, options);
  to.sort = options.sort.view();
  to.bypass_document_validation = options.bypass_document_validation;
  to.upsert = options.upsert;
  return store().update(ns(), filter, {document, false}, to);
}

std::int64_t Core::remove(View filter, const RemoveOptions& options, bool multi) const {
  before_write();
  store::RemoveOptions to;
  fill_more(to, db_, options);
  to.multi = multi;
  return store().remove(ns(), filter, to);
}

std::optional<Document> Core::modify(View filter, const Modify& what) const {
  if (what.replacement) model_.check(what.update, what.object);
  before_write();
  const bool operators = !what.remove && !what.replacement && !what.pipeline;
  if (what.pipeline) check_pipeline(what.update, what.upsert, model_);
  if (operators && (what.update.empty() || !what.update.begin()->key.starts_with('$'))) {
    throw QueryError(ErrorCode::invalid_update,
                     "an update is made of operators ($set …); use find_one_and_replace", 9);
  }
  if (operators && !model_.checks.empty()) model_.check_update(what.update);
  store::FindAndModifyOptions to;
  to.session = what.session;
  to.max_time = what.max_time;
  set_comment(to, what.comment);
  to.let = what.let;
  to.collation = what.collation;
  to.remove = what.remove;
  to.upsert = what.upsert;
  to.return_document = what.return_document;
  put_concerns(to, db_, nullptr, nullptr, what.write_concern);
  to.bypass_document_validation = what.bypass_document_validation;
  to.sort = what.sort;
  to.hint_name = what.hint;
  Document filters;
  if (what.array_filters != nullptr && !what.array_filters->empty()) {
    filters = array_of(*what.array_filters);
    to.array_filters = filters.view();
  }
  Document versioned;
  View update = what.update;
  if (what.upsert && operators && model_.version != 0) {
    versioned = with_version(update);
    update = versioned.view();
  }
  auto result = store().find_and_modify(ns(), filter, {update, what.pipeline}, to);
  if (!result.value) return std::nullopt;
  Document keep;
  const View now = upgraded(*result.value, keep);
  return keep.empty() ? std::move(*result.value) : Document(now);
}

std::int64_t Core::count(View filter, const ReadOptions& options) const {
  store::CountOptions to;
  fill(to, db_, options);
  to.hint_name = options.hint;
  to.collation = options.collation.view();
  return store().count(ns(), filter, to);
}

std::int64_t Core::estimated_count() const {
  store::OperationOptions to;
  put_concerns(to, db_, nullptr, nullptr, nullptr);
  to.write_concern = nullptr;
  return store().estimated_count(ns(), to);
}

Document Core::distinct(std::string_view field, View filter, const ReadOptions& options) const {
  store::DistinctOptions to;
  fill(to, db_, options);
  to.hint_name = options.hint;
  to.collation = options.collation.view();
  return store().distinct(ns(), field, filter, to);
}

bool Core::exists(View filter, const ReadOptions& options) const {
  static const Document only_id = bson::make_document("_id", 1);
  auto to = find_options(db_, options);
  to.projection = only_id.view();
  return store().find_one(ns(), filter, to, [](View) {});
}

bool Core::drop(SessionRef session) const {
  before_write();
  store::OperationOptions to;
  to.session = session.pointer;
  put_concerns(to, db_, nullptr, nullptr, nullptr);
  return store().drop_collection(ns(), to);
}

}  // namespace quire::collection_detail
