#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "quire/collection/aggregate.hpp"
#include "quire/collection/bulk.hpp"
#include "quire/collection/database.hpp"
#include "quire/collection/find.hpp"

namespace quire {

template <class T>
class BulkWriter;
struct BulkWriterOptions;
template <class T>
class ChangeStream;
struct WatchOptions;
struct SchemaPlan;
struct SyncSchemaOptions;
struct ShardPlan;
struct ShardOptions;

/// The documents of one collection as structs of type T. A cheap, thread-safe handle.
/// Every call throws StoreError, QueryError for a filter or update that means nothing, MappingError
/// for values that do not fit, check_failed among them; then nothing was written, but for the calls
/// of many documents, which say so.
/// Filters and updates are values of query/; raw(…) and json(…) stand in anywhere.
template <class T>
class Collection {
 public:
  using value_type = T;
  using id_type = collection_detail::id_t<T>;
  using Filter = query::Filter<T>;
  using Update = query::Update<T>;

  Collection(Database db, std::string_view name)
      : core_(std::make_shared<const collection_detail::Core>(std::move(db), std::string(name),
                                                              collection_detail::info_of<T>())) {
    core_->database().first_use(core_->name(), core_->model());
  }
  /// For Document<T>.
  explicit Collection(collection_detail::CorePtr core) noexcept : core_(std::move(core)) {}

  [[nodiscard]] const std::string& name() const noexcept { return core_->name(); }
  [[nodiscard]] const Database& database() const noexcept { return core_->database(); }

  // --- insert ---
  /// Inserts; an empty ObjectId or Uuid id is made first and set in `object`.
  void insert(T& object, const InsertOptions& options = {}) const {
    put_id(object);
    collection_detail::Scratch scratch;
    (void)collection_detail::encode_new(std::as_const(object), scratch.buffer());
    core_->insert(scratch.view(), &object, options);
    collection_detail::attach(object, core_);
  }
  /// Inserts and gives the id.
  id_type insert(const T& object, const InsertOptions& options = {}) const {
    collection_detail::Scratch scratch;
    id_type id = collection_detail::encode_new(object, scratch.buffer());
    core_->insert(scratch.view(), &object, options);
    return id;
  }
  id_type insert(T&& object, const InsertOptions& options = {}) const {
    return insert(std::as_const(object), options);
  }
  /// Inserts all of a range of T. Errors are listed, one for each document refused; an ordered
  /// insert stops at the first. Ids of objects that are not const are set.
  template <class Range>
  InsertManyResult<id_type> insert_many(Range&& objects, const InsertOptions& options = {}) const {
    InsertManyResult<id_type> result;
    collection_detail::InsertBatch batch;
    for (auto&& object : objects) {
      static_assert(std::is_same_v<std::remove_cvref_t<decltype(object)>, T>,
                    "quire: insert_many takes a range of the collection's own type.");
      if constexpr (!std::is_const_v<std::remove_reference_t<decltype(object)>>) put_id(object);
      bson::Buffer buffer;
      result.ids.push_back(collection_detail::encode_new(std::as_const(object), buffer));
      batch.add(core_->model(), bson::Document(std::move(buffer)), &object);
    }
    finish_insert(result, core_->insert_many(batch, options));
    return result;
  }

  // --- find ---
  /// Documents that the filter takes, when they are asked for.
  [[nodiscard]] Find<T> find(const Filter& filter = {}) const {
    collection_detail::FindData data;
    data.core = core_;
    data.filter = filter.document();
    return Find<T>(std::move(data));
  }
  [[nodiscard]] std::optional<T> find_one(const Filter& filter = {},
                                          const ReadOptions& options = {}) const {
    std::optional<T> result;
    core_->find_one(filter.view(), options, [&](bson::View document) {
      result.emplace(collection_detail::decode_as<T>(document));
    });
    if constexpr (collection_detail::Attachable<T>) {
      if (result) collection_detail::attach(*result, core_);
    }
    return result;
  }
  /// By id; throws StoreError not_found.
  [[nodiscard]] T get(const id_type& id, const ReadOptions& options = {}) const {
    T result{};
    core_->get(collection_detail::TypedId<id_type>(id).view(), options,
               [&](bson::View document) { read(document, result); });
    collection_detail::attach(result, core_);
    return result;
  }
  /// By id, into an object whose capacity is reused; throws StoreError not_found.
  void get_into(const id_type& id, T& object, const ReadOptions& options = {}) const {
    core_->get(collection_detail::TypedId<id_type>(id).view(), options,
               [&](bson::View document) { read(document, object); });
    collection_detail::attach(object, core_);
  }
  /// By id, where absence is normal.
  [[nodiscard]] std::optional<T> find(const id_type& id, const ReadOptions& options = {}) const
    requires(!std::is_same_v<id_type, bson::Value>)
  {
    return find_by_id(id, options);
  }
  [[nodiscard]] std::optional<T> find_by_id(const id_type& id,
                                            const ReadOptions& options = {}) const {
    std::optional<T> result;
    core_->find_one(
        collection_detail::TypedId<id_type>(id).view(), options,
        [&](bson::View document) { result.emplace(collection_detail::decode_as<T>(document)); });
    if constexpr (collection_detail::Attachable<T>) {
      if (result) collection_detail::attach(*result, core_);
    }
    return result;
  }
  [[nodiscard]] std::int64_t count(const Filter& filter = {},
                                   const ReadOptions& options = {}) const {
    return core_->count(filter.view(), options);
  }
  /// From metadata; may lag.
  [[nodiscard]] std::int64_t estimated_count() const { return core_->estimated_count(); }
  [[nodiscard]] bool exists(const Filter& filter, const ReadOptions& options = {}) const {
    return core_->exists(filter.view(), options);
  }
  [[nodiscard]] bool exists(const id_type& id, const ReadOptions& options = {}) const
    requires(!std::is_same_v<id_type, bson::Value>)
  {
    return core_->exists(collection_detail::TypedId<id_type>(id).view(), options);
  }
  /// The values of a field, each once; of a list its elements.
  template <class P>
  [[nodiscard]] auto distinct(const P& path, const Filter& filter = {},
                              const ReadOptions& options = {}) const {
    query::detail::check_root<T, typename P::root>();
    using Field = query::detail::strip_t<typename P::value>;
    using Through = query::detail::through<query::detail::given_t<P, typename P::value>>;
    using V = std::conditional_t<query::detail::ListLike<Field>,
                                 query::detail::strip_t<typename P::element>, Field>;
    if constexpr (Through::value) {
      using C = typename Through::converter;
      std::vector<typename P::value> converted;
      const auto stored = core_->distinct(model_detail::path_in<T, typename P::root>(path.str()),
                                          filter.view(), options);
      for (const auto& one : stored)
        converted.push_back(C::from_bson(bson::decode_value<typename C::stored>(one.value)));
      return converted;
    } else {
      std::vector<V> values;
      const auto found = core_->distinct(model_detail::path_in<T, typename P::root>(path.str()),
                                         filter.view(), options);
      for (const auto& one : found) {
        // Nulls stand for absent optionals; a V cannot say so.
        if constexpr (std::is_same_v<V, bson::Value>)
          values.push_back(bson::Value(one.value));
        else if (!one.value.is_null())
          values.push_back(bson::decode_value<V>(one.value));
      }
      return values;
    }
  }

  // --- write by id ---
  /// Inserts, or replaces the document of the same id.
  void save(T& object, const UpdateOptions& options = {}) const {
    put_id(object);
    save_as_it_is(object, options);
    collection_detail::attach(object, core_);
  }
  void save(const T& object, const UpdateOptions& options = {}) const {
    save_as_it_is(object, options);
  }
  /// Replaces the document of the same id; false when there is none.
  bool replace(const T& object, const UpdateOptions& options = {}) const {
    check_has_id();
    collection_detail::Scratch scratch;
    collection_detail::encode_plain(object, scratch.buffer());
    const collection_detail::TypedId<id_type> id(id_of(object));
    return core_->replace(identified(id, scratch.view()).view(), scratch.view(), &object, options)
               .matched != 0;
  }
  /// Removes the document of the same id; false when there was none.
  bool remove(const T& object, const RemoveOptions& options = {}) const {
    check_has_id();
    if (core_->model().shard_key.empty()) return remove_by_id(id_of(object), options);
    return core_->remove(identity(object).view(), options, false) != 0;
  }
  bool remove(const id_type& id, const RemoveOptions& options = {}) const
    requires(!std::is_same_v<id_type, bson::Value>)
  {
    return remove_by_id(id, options);
  }
  bool remove_by_id(const id_type& id, const RemoveOptions& options = {}) const {
    return core_->remove(collection_detail::TypedId<id_type>(id).view(), options, false) != 0;
  }

  /// The filter that save, replace and remove use for this object: its _id and, where the model has
  /// a shard key, that key's fields as the object has them.
  [[nodiscard]] Filter identity(const T& object) const {
    check_has_id();
    collection_detail::Scratch scratch;
    if (!core_->model().shard_key.empty())
      collection_detail::encode_plain(object, scratch.buffer());
    else
      scratch.buffer().append(bson::View{}.data(), bson::View{}.size());
    return Filter(
        core_->identity(collection_detail::TypedId<id_type>(id_of(object)).view(), scratch.view()));
  }

  // --- write by filter ---
  /// Replaces the first document that the filter takes.
  UpdateResult replace_one(const Filter& filter, const T& object,
                           const UpdateOptions& options = {}) const {
    collection_detail::Scratch scratch;
    collection_detail::encode_replacement(object, scratch.buffer());
    return core_->replace(filter.view(), scratch.view(), &object, options);
  }
  /// update_one(filter, age.inc(1), name.set("Ada")); with options: (filter, a & b, {…}).
  template <collection_detail::UpdateLike... U>
    requires(sizeof...(U) > 0)
  UpdateResult update_one(const Filter& filter, const U&... updates) const {
    return update_one(filter, join(updates...), UpdateOptions{});
  }
  UpdateResult update_one(const Filter& filter, const Update& update,
                          const UpdateOptions& options) const {
    return core_->update(filter.view(), update.view(), update.array_filters(), options, false);
  }
  template <collection_detail::UpdateLike... U>
    requires(sizeof...(U) > 0)
  UpdateResult update_many(const Filter& filter, const U&... updates) const {
    return update_many(filter, join(updates...), UpdateOptions{});
  }
  UpdateResult update_many(const Filter& filter, const Update& update,
                           const UpdateOptions& options) const {
    return core_->update(filter.view(), update.view(), update.array_filters(), options, true);
  }
  /// Updates by a pipeline of set, unset, project, replace_root: each document is computed from
  /// itself. The model's checks do not see what it computes. An upsert of a model with a version is
  /// refused as QueryError invalid_update.
  ///   update_many(filter, pipeline<User>().set(into<&User::total>(price * count)))
  UpdateResult update_one(const Filter& filter, const query::Pipeline<T, T>& pipeline,
                          const UpdateOptions& options = {}) const {
    return core_->update_by_pipeline(filter.view(), pipeline.document(), options, false);
  }
  UpdateResult update_many(const Filter& filter, const query::Pipeline<T, T>& pipeline,
                           const UpdateOptions& options = {}) const {
    return core_->update_by_pipeline(filter.view(), pipeline.document(), options, true);
  }
  UpdateResult upsert(const Filter& filter, const query::Pipeline<T, T>& pipeline,
                      UpdateOptions options = {}) const {
    options.upsert = true;
    return update_one(filter, pipeline, options);
  }
  /// Updates the first match, or inserts a document made of the filter's equalities and the update.
  template <collection_detail::UpdateLike... U>
    requires(sizeof...(U) > 0)
  UpdateResult upsert(const Filter& filter, const U&... updates) const {
    return upsert(filter, join(updates...), UpdateOptions{});
  }
  UpdateResult upsert(const Filter& filter, const Update& update, UpdateOptions options) const {
    options.upsert = true;
    return update_one(filter, update, options);
  }
  /// True when one was removed.
  bool remove_one(const Filter& filter, const RemoveOptions& options = {}) const {
    return core_->remove(filter.view(), options, false) != 0;
  }
  /// The number removed. An empty filter removes all documents.
  std::int64_t remove_many(const Filter& filter, const RemoveOptions& options = {}) const {
    return core_->remove(filter.view(), options, true);
  }

  // --- find and change in one step: the document before (default) or after ---
  template <collection_detail::UpdateLike... U>
    requires(sizeof...(U) > 0)
  std::optional<T> find_one_and_update(const Filter& filter, const U&... updates) const {
    return find_one_and_update(filter, join(updates...), ModifyOptions<T>{});
  }
  std::optional<T> find_one_and_update(const Filter& filter, const Update& update,
                                       const ModifyOptions<T>& options) const {
    auto what = modify_of(options);
    what.update = update.view();
    what.array_filters = &update.array_filters();
    return modified(filter, what);
  }
  std::optional<T> find_one_and_update(const Filter& filter, const query::Pipeline<T, T>& pipeline,
                                       const ModifyOptions<T>& options = {}) const {
    const bson::Document stages = pipeline.document();
    auto what = modify_of(options);
    what.update = stages.view();
    what.pipeline = true;
    return modified(filter, what);
  }
  std::optional<T> find_one_and_replace(const Filter& filter, const T& object,
                                        const ModifyOptions<T>& options = {}) const {
    collection_detail::Scratch scratch;
    collection_detail::encode_replacement(object, scratch.buffer());
    auto what = modify_of(options);
    what.update = scratch.view();
    what.replacement = true;
    what.object = &object;
    return modified(filter, what);
  }
  /// The document that was removed.
  std::optional<T> find_one_and_remove(const Filter& filter,
                                       const ModifyOptions<T>& options = {}) const {
    auto what = modify_of(options);
    what.remove = true;
    return modified(filter, what);
  }

  [[nodiscard]] Bulk<T> bulk() const { return Bulk<T>(core_); }
  /// Buffers writes and sends them in batches: quire/collection/bulk_writer.hpp.
  [[nodiscard]] BulkWriter<T> bulk_writer() const;
  [[nodiscard]] BulkWriter<T> bulk_writer(const BulkWriterOptions& options) const;

  // --- aggregate ---
  /// Begins an aggregation: quire/collection/aggregate.hpp and quire/query/pipeline.hpp.
  ///   users.aggregate().match(age > 0).group<ByCity>(city, into<&ByCity::n>(count())).to_vector()
  /// Where the store has no aggregation StoreError unsupported, when it runs.
  [[nodiscard]] Aggregate<T> aggregate() const {
    return Aggregate<T>(collection_detail::AggregateData(core_->database(), core_->name(), {}));
  }
  /// Of a pipeline that is stored as a value.
  template <class Row>
  [[nodiscard]] Aggregate<Row> aggregate(const query::Pipeline<T, Row>& pipeline) const {
    return Aggregate<Row>(
        collection_detail::AggregateData(core_->database(), core_->name(), pipeline.builder()));
  }
  /// Runs stages as MongoDB writes them: users.aggregate({json(R"({"$match": …})")}).as<Row>().
  [[nodiscard]] Aggregate<bson::Document> aggregate(const std::vector<query::Raw>& stages) const {
    query::detail::PipelineBuilder pipeline;
    for (const auto& stage : stages) pipeline.add_raw(stage.document());
    return Aggregate<bson::Document>(
        collection_detail::AggregateData(core_->database(), core_->name(), std::move(pipeline)));
  }

  // --- watch ---
  /// The changes of this collection from now on: quire/collection/watch.hpp. The pipeline may leave
  /// out events ($match); it may not take away their _id.
  /// Throws StoreError unsupported where the deployment has no change streams.
  [[nodiscard]] ChangeStream<T> watch() const;
  [[nodiscard]] ChangeStream<T> watch(const std::vector<query::Raw>& pipeline) const;
  [[nodiscard]] ChangeStream<T> watch(const std::vector<query::Raw>& pipeline,
                                      const WatchOptions& options) const;

  /// The same collection with other concerns for the calls of this handle.
  [[nodiscard]] Collection with(Concerns concerns) const {
    return Collection(std::make_shared<const collection_detail::Core>(
        core_->database().with(std::move(concerns)), core_->name(), core_->model()));
  }

  // --- the collection itself ---
  /// Creates the indexes that the model declares and replaces those that changed; others are
  /// dropped with {.drop = true} only. {.apply = false} gives the plan alone; print plan.str().
  /// A replaced index that cannot be built leaves the old one in place and throws.
  IndexPlan sync_indexes(const SyncOptions& options = {}) const {
    return core_->sync_indexes(options);
  }
  /// Makes the collection's validator what the model says: quire/collection/schema.hpp. The
  /// collection is created where it is absent. {.apply = false} gives the plan alone.
  /// Throws StoreError unsupported where the store has no validators, invalid_argument for a
  /// validator of other make that it would replace.
  SchemaPlan sync_schema() const;
  SchemaPlan sync_schema(const SyncSchemaOptions& options) const;
  /// Spreads the collection by the model's shard key: quire/collection/schema.hpp.
  /// Throws StoreError unsupported where the deployment is not sharded.
  ShardPlan shard() const;
  ShardPlan shard(const ShardOptions& options) const;
  /// Removes the collection with its indexes; true when it was there.
  bool drop(SessionRef session = {}) const { return core_->drop(session); }

 private:
  static void read(bson::View document, T& object) {
    if constexpr (collection_detail::is_raw<T>)
      object = bson::Document(document);
    else
      bson::decode_into(document, object);
  }
  static void put_id(T& object) {
    if constexpr (collection_detail::IdOf<T>::present && collection_detail::is_made_here<id_type>) {
      auto& id = collection_detail::IdOf<T>::of(object);
      if (id.empty()) id = id_type::generate();
    }
  }
  static constexpr void check_has_id() {
    static_assert(
        collection_detail::IdOf<T>::present || collection_detail::is_raw<T>,
        "quire: this type has no member `id`; give a filter (replace_one, remove_one …).");
  }
  static decltype(auto) id_of(const T& object) {
    if constexpr (collection_detail::IdOf<T>::present)
      return static_cast<const id_type&>(collection_detail::IdOf<T>::of(object));
    else if constexpr (collection_detail::is_raw<T>)
      return bson::Value(object["_id"]);
    else
      return bson::Value();
  }
  void save_as_it_is(const T& object, UpdateOptions options) const {
    check_has_id();
    collection_detail::Scratch scratch;
    const id_type id = collection_detail::encode_new(object, scratch.buffer());
    options.upsert = true;
    const collection_detail::TypedId<id_type> by_id(id);
    core_->replace(identified(by_id, scratch.view()).view(), scratch.view(), &object, options);
  }
  /// {_id} alone is not copied.
  struct Identified {
    bson::View by_id;
    bson::Document with_key;
    [[nodiscard]] bson::View view() const { return with_key.empty() ? by_id : with_key.view(); }
  };
  Identified identified(const collection_detail::IdFilter& id, bson::View document) const {
    if (core_->model().shard_key.empty()) return {id.view(), {}};
    return {id.view(), core_->identity(id.view(), document)};
  }
  template <class... U>
  static Update join(const U&... updates) {
    Update all;
    ((all &= Update(updates)), ...);
    return all;
  }
  template <class Result>
  static void finish_insert(Result& to, store::InsertResult&& from) {
    to.inserted = from.inserted;
    to.errors = std::move(from.errors);
  }
  static collection_detail::Core::Modify modify_of(const ModifyOptions<T>& options) {
    collection_detail::Core::Modify what;
    what.upsert = options.upsert;
    what.return_document = options.return_document;
    what.sort = options.sort.view();
    what.session = options.session.pointer;
    what.max_time = options.max_time;
    what.hint = options.hint;
    what.comment = options.comment.view();
    what.let = options.let.view();
    what.collation = options.collation.view();
    what.write_concern = &options.write_concern;
    what.bypass_document_validation = options.bypass_document_validation;
    return what;
  }
  std::optional<T> modified(const Filter& filter,
                            const collection_detail::Core::Modify& what) const {
    std::optional<T> result;
    if (const auto document = core_->modify(filter.view(), what)) {
      core_->read(*document,
                  [&](bson::View now) { result.emplace(collection_detail::decode_as<T>(now)); });
      collection_detail::attach(*result, core_);
    }
    return result;
  }

  collection_detail::CorePtr core_;
};

template <class T>
Collection<T> Database::collection() const {
  constexpr bool modelled = reflect::has_model<T>;
  static_assert(modelled,
                "quire: this type has no model(); give the collection's name: "
                "db.collection<T>(\"name\").");
  // A class that cannot be read is named by the first call that reads or writes it.
  if constexpr (modelled && collection_detail::readable<T>) {
    const auto& info = model_of<T>();
    if (info.collection.empty()) collection_detail::fail_no_collection(info.type);
    return Collection<T>(*this, info.collection);
  } else {
    return Collection<T>(*this, "");
  }
}
template <class T>
Collection<T> Database::collection(std::string_view name) const {
  return Collection<T>(*this, name);
}

}  // namespace quire
