#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quire/bson/document.hpp"
#include "quire/bson/value.hpp"
#include "quire/core/error.hpp"
#include "quire/core/function_ref.hpp"

/// The port between quire and what keeps documents. It knows no user type: documents, filters and
/// updates are BSON in MongoDB's language. Two implementations never see each other.
namespace quire::store {

/// A collection of a database.
struct Namespace {
  std::string_view database;
  std::string_view collection;
};

/// What a deployment can do; probed, never guessed. Use of what is missing throws StoreError
/// unsupported.
struct Capabilities {
  bool transactions = false;
  bool change_streams = false;
  bool aggregation = false;
  bool json_schema = false;
  bool collation = false;
  bool text_search = false;
  bool kill_op = false;
  bool update_pipelines = false;
  bool online_backup = false;
};

/// A client session; while a transaction is open on it, operations that are given it see and make
/// its changes. One thread at a time. Destroyed while open: rolled back.
class Session {
 public:
  virtual ~Session() = default;
  /// Throws StoreError transaction_state when one is open already, unsupported where there are
  /// none.
  virtual void start_transaction() = 0;
  /// Throws StoreError write_conflict, disk_full …: then nothing was written.
  virtual void commit_transaction() = 0;
  virtual void abort_transaction() = 0;
  [[nodiscard]] virtual bool in_transaction() const noexcept = 0;

 protected:
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
};

/// Options that each operation takes. Views and pointers live until the call returns.
struct OperationOptions {
  Session* session = nullptr;
  std::optional<bson::ValueView> comment = std::nullopt;
  std::chrono::milliseconds max_time{0};  ///< 0 = none; past it StoreError timeout
};

struct FindOptions : OperationOptions {
  bson::View projection = {};
  bson::View sort = {};
  bson::View hint = {};             ///< an index by its key pattern
  std::string_view hint_name = {};  ///< or by its name; "$natural" scans
  std::int64_t skip = 0;
  std::int64_t limit = 0;  ///< 0 = all
  std::int32_t batch_size = 0;
  bson::View collation = {};
  bson::View let = {};
};

/// Documents of a query in order. Sees the collection as it was when the query began.
/// One thread at a time; may outlive the call but not the store.
class Cursor {
 public:
  virtual ~Cursor() = default;
  /// The next document, valid until the next call; nothing at the end. Throws StoreError.
  [[nodiscard]] virtual std::optional<bson::View> next() = 0;
};

struct WriteError {
  std::size_t index = 0;   ///< of the operation or document in the request
  Error error;             ///< code() duplicate_key …, backend_code() the server's number
  bson::Document details;  ///< the server's errInfo or keyPattern/keyValue; may be empty
};

/// A store error with the server's document about it: for duplicate_key {keyPattern, keyValue}.
class DetailedError : public StoreError {
 public:
  DetailedError(ErrorCode code, FieldPath path, std::string_view detail, int backend_code,
                bson::Document details)
      : StoreError(code, std::move(path), detail, backend_code),
        details_(std::make_shared<const bson::Document>(std::move(details))) {}
  [[nodiscard]] const bson::Document& details() const noexcept { return *details_; }

 private:
  std::shared_ptr<const bson::Document> details_;
};

struct InsertOptions : OperationOptions {
  bool ordered = true;  ///< stop at the first error
};
struct InsertResult {
  std::int64_t inserted = 0;
  std::vector<WriteError> errors;
};

struct UpdateOptions : OperationOptions {
  bool multi = false;
  bool upsert = false;
  std::optional<bson::View> array_filters = std::nullopt;  ///< the elements of an array
  bson::View hint = {};
  std::string_view hint_name = {};
  bson::View sort = {};  ///< which of several is updated; not with multi
  bson::View collation = {};
  bson::View let = {};
};
struct UpdateResult {
  std::int64_t matched = 0;
  std::int64_t modified = 0;
  std::optional<bson::Value> upserted_id;
};

struct RemoveOptions : OperationOptions {
  bool multi = false;
  bson::View hint = {};
  std::string_view hint_name = {};
  bson::View collation = {};
  bson::View let = {};
};

enum class ReturnDocument { before, after };
struct FindAndModifyOptions : OperationOptions {
  bool remove = false;  ///< else `update` is applied
  bool upsert = false;
  ReturnDocument return_document = ReturnDocument::before;
  bson::View sort = {};
  bson::View projection = {};
  std::optional<bson::View> array_filters = std::nullopt;
  bson::View hint = {};
  std::string_view hint_name = {};
  bson::View collation = {};
  bson::View let = {};
};
struct FindAndModifyResult {
  std::optional<bson::Document>
      value;  ///< by return_document; nothing when none matched (or was there before)
  bool updated_existing = false;
  std::optional<bson::Value> upserted_id;
};

/// An update: a document of operators, a whole replacement, or a pipeline (an array of stages).
struct UpdateSpec {
  bson::View body;
  bool pipeline = false;
};

struct BulkOperation {
  enum class Kind { insert, update_one, update_many, replace_one, remove_one, remove_many };
  Kind kind = Kind::insert;
  bson::View document = {};  ///< insert, replace_one
  bson::View filter = {};
  UpdateSpec update = {};
  bool upsert = false;
  std::optional<bson::View> array_filters = std::nullopt;
  bson::View hint = {};
};
struct BulkOptions : OperationOptions {
  bool ordered = true;
};
struct BulkResult {
  std::int64_t inserted = 0;
  std::int64_t matched = 0;
  std::int64_t modified = 0;
  std::int64_t removed = 0;
  struct Upserted {
    std::size_t index;
    bson::Value id;
  };
  std::vector<Upserted> upserted;
  std::vector<WriteError> errors;
};

struct CountOptions : OperationOptions {
  std::int64_t skip = 0;
  std::int64_t limit = 0;
  bson::View hint = {};
  std::string_view hint_name = {};
  bson::View collation = {};
};

struct AggregateOptions : OperationOptions {
  std::int32_t batch_size = 0;
  bool allow_disk_use = true;
  bson::View collation = {};
  bson::View let = {};
};

/// A collection as listCollections tells it.
struct CollectionInfo {
  std::string name;
  std::string type = "collection";
  bson::Document options;
};

/// A store: one embedded file or one deployment. Thread-safe. Every operation throws StoreError, or
/// QueryError for a filter, update, projection or sort that means nothing.
class Store {
 public:
  virtual ~Store() = default;
  [[nodiscard]] virtual Capabilities capabilities() = 0;
  /// "embedded" or "mongodb".
  [[nodiscard]] virtual std::string_view kind() const noexcept = 0;
  /// The URI without secrets.
  [[nodiscard]] virtual std::string redacted_uri() const = 0;
  /// The database that the URI names.
  [[nodiscard]] virtual std::string default_database() const = 0;

  [[nodiscard]] virtual std::unique_ptr<Session> start_session() = 0;

  /// Documents have their _id already (quire makes them client-side); one without gets an ObjectId
  /// in front.
  virtual InsertResult insert(Namespace ns, std::span<const bson::View> documents,
                              const InsertOptions& options) = 0;
  [[nodiscard]] virtual std::unique_ptr<Cursor> find(Namespace ns, bson::View filter,
                                                     const FindOptions& options) = 0;
  /// Calls `sink` once with the first match, within the call. The short way for point reads.
  virtual bool find_one(Namespace ns, bson::View filter, const FindOptions& options,
                        FunctionRef<void(bson::View)> sink) = 0;
  virtual UpdateResult update(Namespace ns, bson::View filter, UpdateSpec update,
                              const UpdateOptions& options) = 0;
  /// The number removed.
  virtual std::int64_t remove(Namespace ns, bson::View filter, const RemoveOptions& options) = 0;
  virtual FindAndModifyResult find_and_modify(Namespace ns, bson::View filter, UpdateSpec update,
                                              const FindAndModifyOptions& options) = 0;
  virtual BulkResult bulk_write(Namespace ns, std::span<const BulkOperation> operations,
                                const BulkOptions& options) = 0;
  [[nodiscard]] virtual std::unique_ptr<Cursor> aggregate(Namespace ns, bson::View pipeline,
                                                          const AggregateOptions& options) = 0;
  [[nodiscard]] virtual std::int64_t count(Namespace ns, bson::View filter,
                                           const CountOptions& options) = 0;
  /// From metadata, without a filter; may lag.
  [[nodiscard]] virtual std::int64_t estimated_count(Namespace ns) = 0;
  /// Distinct values, as the elements of an array.
  [[nodiscard]] virtual bson::Document distinct(Namespace ns, std::string_view field,
                                                bson::View filter,
                                                const OperationOptions& options) = 0;
  /// How a find would run: {queryPlanner, executionStats} as explain with executionStats answers.
  [[nodiscard]] virtual bson::Document explain(Namespace ns, bson::View filter,
                                               const FindOptions& options) = 0;

  /// Index documents as listIndexes gives them: {v, key, name, unique?, sparse?, …}. Empty when the
  /// collection is absent.
  [[nodiscard]] virtual std::vector<bson::Document> list_indexes(Namespace ns) = 0;
  /// `specs`: {key, name, unique?, sparse?, partialFilterExpression?, expireAfterSeconds?, …}.
  /// Creates the collection if absent; an index that is there already with the same options is no
  /// error.
  virtual void create_indexes(Namespace ns, std::span<const bson::View> specs,
                              const OperationOptions& options) = 0;
  virtual void drop_index(Namespace ns, std::string_view name, const OperationOptions& options) = 0;

  [[nodiscard]] virtual std::vector<CollectionInfo> list_collections(std::string_view database) = 0;
  /// Throws StoreError namespace_exists.
  virtual void create_collection(Namespace ns, bson::View collection_options,
                                 const OperationOptions& options) = 0;
  /// True when it was there.
  virtual bool drop_collection(Namespace ns, const OperationOptions& options) = 0;
  virtual void drop_database(std::string_view database) = 0;

  /// The server's own reply, with ok: 0 turned into StoreError command_failed (or its kin) with
  /// backend_code().
  virtual bson::Document run_command(std::string_view database, bson::View command,
                                     Session* session) = 0;

  /// Releases files and connections. Later calls throw StoreError store_closed. Idempotent.
  virtual void close() = 0;

 protected:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
};

/// Opens a store by URI: "file.quire" or "quire:file.quire?durability=normal" or ":memory:"
/// (embedded; link quire::embedded), "mongodb://…" (link quire::mongodb). Throws StoreError
/// invalid_uri, unsupported when the part is not linked, not_a_database, newer_format …
[[nodiscard]] std::shared_ptr<Store> open(std::string_view uri);

}  // namespace quire::store
