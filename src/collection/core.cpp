#include "quire/collection/detail/core.hpp"

#include <algorithm>
#include <span>

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

void set_comment(store::OperationOptions& to, ValueView comment) {
  if (!comment.is_null()) to.comment = comment;
}
template <class Options>
void fill(store::OperationOptions& to, const Database& db, const Options& options) {
  to.session = options.session.pointer;
  to.max_time = options.max_time;
  set_comment(to, options.comment.view());
  if constexpr (requires { options.write_concern; })
    put_concerns(to, db, nullptr, nullptr, &options.write_concern);
  else
    put_concerns(to, db, &options.read_concern, &options.read_preference, nullptr);
}
/// Those that look at documents take more.
template <class Options, class More>
void fill_more(Options& to, const Database& db, const More& options) {
  fill(to, db, options);
  to.hint_name = options.hint;
  to.let = options.let.view();
  to.collation = options.collation.view();
}
store::FindOptions find_options(const Database& db, const ReadOptions& options) {
  store::FindOptions to;
  fill_more(to, db, options);
  return to;
}
Document array_of(const std::vector<Document>& documents) {
  Writer writer;
  for (const auto& document : documents) writer.push(document);
  return writer.finish();
}
}  // namespace

void put_concerns(store::OperationOptions& to, const Database& db,
                  const std::optional<ReadConcern>* read,
                  const std::optional<ReadPreference>* preference,
                  const std::optional<WriteConcern>* write) noexcept {
  const Concerns& handle = db.concerns();
  const bool inside = to.session != nullptr && to.session->in_transaction();
  const auto choose = [&](const auto* call, const auto& own) -> decltype(&*own) {
    if (call != nullptr && *call) return &**call;
    return own && !inside ? &*own : nullptr;
  };
  to.read_concern = choose(read, handle.read);
  to.read_preference = choose(preference, handle.preference);
  to.write_concern = choose(write, handle.write);
}

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
  if (!what.remove && !what.replacement &&
      (what.update.empty() || !what.update.begin()->key.starts_with('$'))) {
    throw QueryError(ErrorCode::invalid_update,
                     "an update is made of operators ($set …); use find_one_and_replace", 9);
  }
  if (!what.remove && !what.replacement && !model_.checks.empty()) model_.check_update(what.update);
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
  if (what.upsert && !what.replacement && model_.version != 0) {
    versioned = with_version(update);
    update = versioned.view();
  }
  auto result = store().find_and_modify(ns(), filter, {update, false}, to);
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

namespace {
store::FindOptions options_of(const FindData& find) {
  store::FindOptions to;
  to.session = find.session;
  to.max_time = find.max_time;
  set_comment(to, find.comment);
  to.let = find.let.view();
  to.collation = find.collation.view();
  to.projection = find.projection.view();
  to.sort = find.sort.view();
  to.hint_name = find.hint;
  to.hint = find.hint_keys.view();
  to.skip = find.skip;
  to.limit = find.limit;
  to.batch_size = find.batch_size;
  to.allow_disk_use = find.allow_disk_use;
  put_concerns(to, find.core->database(), &find.read_concern, &find.read_preference, nullptr);
  return to;
}
}  // namespace

std::unique_ptr<store::Cursor> FindData::open() const {
  return core->store().find(core->ns(), filter, options_of(*this));
}
Document FindData::explain() const {
  return core->store().explain(core->ns(), filter, options_of(*this));
}
bool FindData::first(FunctionRef<void(View)> sink) const {
  auto to = options_of(*this);
  to.limit = 1;
  return core->store().find_one(core->ns(), filter, to,
                                [&](View document) { core->read(document, sink); });
}

Document with_id(View document, const ObjectId& id) {
  Writer writer;
  writer.append("_id", id).append_all(document);
  return writer.finish();
}

void patch_id(Buffer& buffer, const void* bytes, std::size_t size) {
  const auto id = View(buffer.data(), buffer.size()).find("_id");
  if (!id || id->size() < size) throw Error(ErrorCode::internal, "no _id to be filled");
  std::memcpy(buffer.data() + (id->data() - buffer.data()) + (id->size() - size), bytes, size);
}

void drop_id(Buffer& buffer) {
  const Document before(View(buffer.data(), buffer.size()));
  Writer writer;
  for (const auto& field : before) {
    if (field.key != "_id") writer.append(field.key, field.value);
  }
  const View without = writer.finish_view();
  buffer.clear();
  buffer.append(without.data(), without.size());
}

namespace {
bool has_field(const std::vector<FieldInfo>& fields, std::string_view name) {
  for (const auto& field : fields) {
    if (field.flattened && field.nested != nullptr) {
      if (has_field(field.nested(), name)) return true;
    } else if (field.stored == name) {
      return true;
    }
  }
  return false;
}
void add_fields(Writer& writer, bool& id, const std::vector<FieldInfo>& fields,
                const ModelInfo& model, std::string_view into) {
  for (const auto& field : fields) {
    if (field.flattened && field.nested != nullptr) {
      add_fields(writer, id, field.nested(), model, into);
      continue;
    }
    if (model.list_fields != nullptr && !has_field(model.fields(), field.stored)) {
      throw ModelError(
          ErrorCode::invalid_model, FieldPath(field.stored),
          "project<" + std::string(into) + ">: " + model.type + " stores no field of this name");
    }
    writer.append(field.stored, 1);
    for (const auto& alias : field.aliases) writer.append(alias, 1);
    id = id || field.stored == "_id";
  }
}
}  // namespace

Document projection_of(const std::vector<FieldInfo>& fields, const ModelInfo& model,
                       std::string_view into) {
  Writer writer;
  bool id = false;
  add_fields(writer, id, fields, model, into);
  if (!id) writer.append("_id", 0);
  return writer.finish();
}

void fail_no_collection(std::string_view type) {
  throw ModelError(ErrorCode::invalid_model,
                   "the model of " + std::string(type) +
                       " names no collection; give db.collection<T>(\"name\")");
}
void fail_not_attached(std::string_view type) {
  throw ModelError(ErrorCode::not_attached,
                   "this " + std::string(type) +
                       " came from no database; call save(db) first, or load or insert it");
}

void BulkData::add(const ModelInfo& model, store::BulkOperation::Kind kind, Document filter,
                   Document body, const void* object, bool upsert,
                   const std::vector<Document>* array_filters) {
  using Kind = store::BulkOperation::Kind;
  Item item{kind, std::move(filter), std::move(body), {}, upsert, false, std::nullopt};
  if (!model.checks.empty()) {
    try {
      if (kind == Kind::insert || kind == Kind::replace_one) model.check(item.body, object);
      if (kind == Kind::update_one || kind == Kind::update_many) model.check_update(item.body);
    } catch (const MappingError& error) {
      item.refused = error;
    }
  }
  if (array_filters != nullptr && !array_filters->empty()) {
    item.array_filters = array_of(*array_filters);
    item.filtered = true;
  }
  const auto bytes = item.filter.size() + item.body.size() + item.array_filters.size();
  items_.push_back(std::move(item));
  bytes_ += bytes;
}

BulkResult BulkData::run(const Core& core, const BulkOptions& options) const {
  using Kind = store::BulkOperation::Kind;
  BulkResult result;
  if (items_.empty()) return result;
  core.before_write();
  std::vector<store::BulkOperation> operations;
  std::vector<std::size_t> places;
  std::vector<store::WriteError> refused;
  operations.reserve(items_.size());
  for (std::size_t i = 0; i < items_.size(); ++i) {
    const Item& item = items_[i];
    if (item.refused) {
      refused.push_back({i, *item.refused, {}});
      if (options.ordered) break;
      continue;
    }
    store::BulkOperation operation;
    operation.kind = item.kind;
    operation.filter = item.filter.view();
    operation.upsert = item.upsert;
    if (item.kind == Kind::insert || item.kind == Kind::replace_one)
      operation.document = item.body.view();
    else
      operation.update = {item.body.view(), false};
    if (item.filtered) operation.array_filters = item.array_filters.view();
    operations.push_back(operation);
    places.push_back(i);
  }
  if (!operations.empty()) {
    store::BulkOptions to;
    fill(to, core.database(), options);
    to.ordered = options.ordered;
    to.let = options.let.view();
    to.bypass_document_validation = options.bypass_document_validation;
    static_cast<store::BulkResult&>(result) = core.store().bulk_write(core.ns(), operations, to);
    for (auto& error : result.errors) error.index = places[error.index];
    for (auto& upserted : result.upserted) upserted.index = places[upserted.index];
  }
  if (!options.ordered || result.errors.empty()) {
    result.errors.insert(result.errors.end(), refused.begin(), refused.end());
    std::sort(result.errors.begin(), result.errors.end(),
              [](const auto& a, const auto& b) { return a.index < b.index; });
  }
  return result;
}

}  // namespace quire::collection_detail

namespace quire {

namespace {
std::string bulk_text(const std::vector<store::WriteError>& items, std::int64_t all) {
  std::string text = std::to_string(all) + " failed";
  if (!items.empty()) {
    text += "; the first, number " + std::to_string(items.front().index) + ": " +
            items.front().error.what();
  }
  return text;
}
}  // namespace

BulkError::BulkError(std::vector<store::WriteError> items)
    : StoreError(ErrorCode::bulk_failed, bulk_text(items, static_cast<std::int64_t>(items.size()))),
      items_(std::make_shared<const std::vector<store::WriteError>>(std::move(items))) {}
BulkError::BulkError(std::vector<store::WriteError> items, std::int64_t all)
    : StoreError(ErrorCode::bulk_failed, bulk_text(items, all)),
      items_(std::make_shared<const std::vector<store::WriteError>>(std::move(items))) {}

}  // namespace quire
