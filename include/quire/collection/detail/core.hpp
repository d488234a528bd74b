#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quire/collection/database.hpp"
#include "quire/collection/options.hpp"
#include "quire/model/info.hpp"

/// What Collection<T> does once T is bytes: compiled once.
namespace quire::collection_detail {

/// A buffer of this thread that is kept between calls, on loan. Nested loans get fresh ones.
class Scratch {
 public:
  Scratch() noexcept;
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] bson::Buffer& buffer() noexcept { return buffer_; }
  [[nodiscard]] bson::View view() const { return {buffer_.data(), buffer_.size()}; }

 private:
  bson::Buffer buffer_;
};

/// {_id: id}, on the stack where the id is short.
class IdFilter {
 public:
  explicit IdFilter(const ObjectId& id) noexcept { put(bson::Type::object_id, &id, 12); }
  explicit IdFilter(std::int32_t id) noexcept { put(bson::Type::int32, &id, 4); }
  explicit IdFilter(std::int64_t id) noexcept { put(bson::Type::int64, &id, 8); }
  explicit IdFilter(bson::ValueView id);
  [[nodiscard]] bson::View view() const { return {data_, size_}; }
  IdFilter(const IdFilter&) = delete;
  IdFilter& operator=(const IdFilter&) = delete;

 private:
  void put(bson::Type type, const void* payload, std::size_t size) noexcept;
  std::uint8_t bytes_[64];
  std::size_t size_ = 0;
  const std::uint8_t* data_ = bytes_;
  bson::Document long_;
};

/// Documents of one insert_many, checked while their objects are at hand. What a check refuses
/// never reaches the store.
struct InsertBatch {
  std::vector<bson::Document> documents;  ///< those that passed
  std::vector<std::size_t> places;        ///< of each in the request
  std::vector<store::WriteError> refused;
  std::size_t size = 0;  ///< of the request

  void add(const ModelInfo& model, bson::Document document, const void* object);
};

/// A collection without its type.
class Core {
 public:
  Core(Database db, std::string name, const ModelInfo& model)
      : db_(std::move(db)), name_(std::move(name)), model_(model) {}

  [[nodiscard]] const Database& database() const noexcept { return db_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const ModelInfo& model() const noexcept { return model_; }
  [[nodiscard]] store::Namespace ns() const noexcept { return db_.ns(name_); }
  [[nodiscard]] store::Store& store() const noexcept { return db_.store(); }

  void before_write() const;
  /// The document in today's shape; `keep` holds it where it was changed.
  [[nodiscard]] bson::View upgraded(bson::View document, bson::Document& keep) const;

  /// Gives `sink` the document in today's shape; a MappingError that it throws is thrown on with
  /// the collection and the document's _id in its text.
  void read(bson::View document, FunctionRef<void(bson::View)> sink) const;

  void insert(bson::View document, const void* object, const InsertOptions& options) const;
  [[nodiscard]] store::InsertResult insert_many(const InsertBatch& batch,
                                                const InsertOptions& options) const;
  bool find_one(bson::View filter, const ReadOptions& options,
                FunctionRef<void(bson::View)> sink) const;
  /// Throws StoreError not_found.
  void get(bson::View id_filter, const ReadOptions& options,
           FunctionRef<void(bson::View)> sink) const;
  UpdateResult update(bson::View filter, bson::View update,
                      const std::vector<bson::Document>& array_filters,
                      const UpdateOptions& options, bool multi) const;
  /// `stages`: as elements of an array.
  UpdateResult update_by_pipeline(bson::View filter, bson::View stages,
                                  const UpdateOptions& options, bool multi) const;
  UpdateResult replace(bson::View filter, bson::View document, const void* object,
                       const UpdateOptions& options) const;
  std::int64_t remove(bson::View filter, const RemoveOptions& options, bool multi) const;
  struct Modify {
    bson::View update = {};
    bool pipeline = false;  ///< the update is stages, as elements of an array
    bool replacement = false;
    const void* object = nullptr;  ///< of a replacement
    const std::vector<bson::Document>* array_filters = nullptr;
    bool remove = false;
    bool upsert = false;
    ReturnDocument return_document = ReturnDocument::before;
    bson::View sort = {};
    Session* session = nullptr;
    std::chrono::milliseconds max_time{0};
    std::string_view hint = {};
    bson::ValueView comment = {};
    bson::View let = {};
    bson::View collation = {};
    const std::optional<WriteConcern>* write_concern = nullptr;
    bool bypass_document_validation = false;
  };
  [[nodiscard]] std::optional<bson::Document> modify(bson::View filter, const Modify& what) const;
  [[nodiscard]] std::int64_t count(bson::View filter, const ReadOptions& options) const;
  [[nodiscard]] std::int64_t estimated_count() const;
  [[nodiscard]] bson::Document distinct(std::string_view field, bson::View filter,
                                        const ReadOptions& options) const;
  [[nodiscard]] bool exists(bson::View filter, const ReadOptions& options) const;
  IndexPlan sync_indexes(const SyncOptions& options) const;
  bool drop(SessionRef session) const;

  /// {_id} of an object with the fields of the model's shard key as `document`, which it was
  /// encoded to, has them; null where it has none. For models without one the same.
  [[nodiscard]] bson::Document identity(bson::View id_filter, bson::View document) const;

  /// The update as it is sent: an upsert of a versioned model sets _v on insert.
  [[nodiscard]] bson::Document with_version(bson::View update) const;

 private:
  Database db_;
  std::string name_;
  const ModelInfo& model_;
};
using CorePtr = std::shared_ptr<const Core>;

/// A find without its type.
struct FindData {
  CorePtr core;
  bson::Document filter, sort, projection, hint_keys;
  std::string hint;
  std::int64_t skip = 0;
  std::int64_t limit = 0;
  std::int32_t batch_size = 0;
  Session* session = nullptr;
  std::chrono::milliseconds max_time{0};
  bson::Value comment;
  bson::Document let, collation;
  std::optional<bool> allow_disk_use;
  std::optional<ReadConcern> read_concern;
  std::optional<ReadPreference> read_preference;

  [[nodiscard]] std::unique_ptr<store::Cursor> open() const;
  [[nodiscard]] bson::Document explain() const;
  bool first(FunctionRef<void(bson::View)> sink) const;
};

/// What a call says, else what its handle does; within a transaction its own concerns hold.
void put_concerns(store::OperationOptions& to, const Database& db,
                  const std::optional<ReadConcern>* read,
                  const std::optional<ReadPreference>* preference,
                  const std::optional<WriteConcern>* write) noexcept;

/// Puts a new ObjectId in front as _id.
[[nodiscard]] bson::Document with_id(bson::View document, const ObjectId& id);
/// Overwrites the payload of _id, an ObjectId or UUID of the same size, in finished bytes.
void patch_id(bson::Buffer& buffer, const void* bytes, std::size_t size);
/// Takes the field _id out.
void drop_id(bson::Buffer& buffer);
/// The projection that reads a struct of these fields. Throws ModelError invalid_model when one of
/// them is none of the model's.
[[nodiscard]] bson::Document projection_of(const std::vector<FieldInfo>& fields,
                                           const ModelInfo& model, std::string_view into);
[[noreturn]] void fail_no_collection(std::string_view type);
[[noreturn]] void fail_not_attached(std::string_view type);

/// Operations collected for one bulk write; the bytes are kept here.
class BulkData {
 public:
  /// `object` is what an insert or a replacement was encoded from, for the checks of `model`; an
  /// update's values are checked alone.
  void add(const ModelInfo& model, store::BulkOperation::Kind kind, bson::Document filter,
           bson::Document body, const void* object, bool upsert,
           const std::vector<bson::Document>* array_filters);
  [[nodiscard]] BulkResult run(const Core& core, const BulkOptions& options) const;
  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
  /// Of the filters and bodies.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  /// Why item i will not be sent; null when it will.
  [[nodiscard]] const MappingError* refused(std::size_t i) const noexcept {
    return items_[i].refused ? &*items_[i].refused : nullptr;
  }

 private:
  struct Item {
    store::BulkOperation::Kind kind;
    bson::Document filter, body, array_filters;
    bool upsert;
    bool filtered;
    std::optional<MappingError> refused;  ///< by a check
  };
  std::vector<Item> items_;
  std::size_t bytes_ = 0;
};

}  // namespace quire::collection_detail
