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
#include "quire/store/concerns.hpp"
#include "quire/store/observer.hpp"

/// The port between quire and what keeps documents. It knows no user type: documents, filters and
/// updates are BSON in MongoDB's language. Two implementations never see each other.
namespace quire::store {

/// A collection of a database.
struct Namespace {
  std::string_view database;
  std::string_view collection;
};

/// What a deployment can do; probed once, never guessed from a version. Use of what is missing
/// throws StoreError unsupported.
struct Capabilities {
  bool transactions = false;
  bool sessions = false;
  bool change_streams = false;
  bool aggregation = false;
  bool json_schema = false;  ///< validators of collections
  bool collation = false;
  bool text_search = false;
  bool kill_op = false;
  bool update_pipelines = false;
  bool online_backup = false;
  bool retryable_writes = false;  ///< a write is sent again after a broken connection, once
  bool views = false;
  bool collection_options = false;  ///< capped, clustered …; of the next line and `collation` apart
  bool time_series = false;         ///< collections of measurements
  bool sharding = false;
  /// Indexes and collections are made and dropped within transactions like documents.
  bool transactional_catalog = false;
  /// A cursor sees the collection as it was when the query began; else documents that change
  /// meanwhile may be seen in either state.
  bool snapshot_cursors = false;
  /// An update or removal of many that fails leaves nothing; else what came before stays.
  bool atomic_multi_writes = false;
};

/// How a session reads and what its transactions use.
struct SessionOptions {
  bool causal_consistency = true;  ///< reads see the session's own earlier writes on any member
  bool snapshot = false;           ///< all reads see one moment; no transactions
};

/// Of one transaction; nothing = the URI's.
struct StartOptions {
  std::optional<ReadConcern> read_concern = std::nullopt;
  std::optional<WriteConcern> write_concern = std::nullopt;
  std::optional<ReadPreference> read_preference = std::nullopt;
  std::chrono::milliseconds max_commit_time{0};  ///< 0 = none
};

inline constexpr std::string_view transient_transaction_error = "TransientTransactionError";
inline constexpr std::string_view unknown_commit_result = "UnknownTransactionCommitResult";

/// A client session; while a transaction is open on it, operations that are given it see and make
/// its changes. One thread at a time. Destroyed while open: rolled back.
class Session {
 public:
  virtual ~Session() = default;
  /// Throws StoreError transaction_state when one is open already, unsupported where there are
  /// none.
  virtual void start_transaction(const StartOptions& options) = 0;
  void start_transaction() { start_transaction(StartOptions{}); }
  /// Throws StoreError write_conflict, disk_full …: then nothing was written. An error labelled
  /// unknown_commit_result leaves open whether it was: call again, it is never written twice.
  virtual void commit_transaction() = 0;
  virtual void abort_transaction() = 0;
  [[nodiscard]] virtual bool in_transaction() const noexcept = 0;
  /// By which a server knows it (lsid): {id: UUID}. Empty where nobody else could ask for it.
  [[nodiscard]] virtual bson::Document id() const { return {}; }

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
  const ReadConcern* read_concern = nullptr;
  const WriteConcern* write_concern = nullptr;
  const ReadPreference* read_preference = nullptr;
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
  std::optional<bool> allow_disk_use = std::nullopt;  ///< of a sort beyond memory
};

/// Documents of a query in order; Capabilities::snapshot_cursors says what they show.
/// One thread at a time; may outlive the call but not the store, nor the session it was given.
/// On a server it holds a connection of the pool until its end is reached or it is destroyed.
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
                bson::Document details, std::vector<std::string> labels = {})
      : StoreError(code, std::move(path), detail, backend_code, std::move(labels)),
        details_(std::make_shared<const bson::Document>(std::move(details))) {}
  [[nodiscard]] const bson::Document& details() const noexcept { return *details_; }

 private:
  std::shared_ptr<const bson::Document> details_;
};

struct InsertOptions : OperationOptions {
  bool ordered = true;                      ///< stop at the first error
  bool bypass_document_validation = false;  ///< of the collection's validator
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
  bool bypass_document_validation = false;
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
  bool bypass_document_validation = false;
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
  std::string_view hint_name = {};
  bson::View sort = {};  ///< of update_one and replace_one
  bson::View collation = {};
};
struct BulkOptions : OperationOptions {
  bool ordered = true;
  bson::View let = {};
  bool bypass_document_validation = false;
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

struct DistinctOptions : OperationOptions {
  bson::View hint = {};
  std::string_view hint_name = {};
  bson::View collation = {};
};

struct AggregateOptions : OperationOptions {
  std::int32_t batch_size = 0;
  std::optional<bool> allow_disk_use = std::nullopt;
  bson::View hint = {};
  std::string_view hint_name = {};
  bson::View collation = {};
  bson::View let = {};
  bool bypass_document_validation = false;
};

struct WatchOptions : OperationOptions {
  std::string_view full_document = {};  ///< "updateLookup", "whenAvailable", "required"
  std::string_view full_document_before_change = {};  ///< "whenAvailable", "required", "off"
  bson::View resume_after = {};  ///< a token; the stream goes on behind its event
  bson::View start_after = {};   ///< as resume_after, but may be the token of an invalidate
  std::optional<bson::Timestamp> start_at = std::nullopt;  ///< an operation time
  std::chrono::milliseconds max_await{1000};               ///< how long next() waits for an event
  std::int32_t batch_size = 0;
  bool show_expanded_events = false;  ///< create, createIndexes, shardCollection …
  bson::View collation = {};
  /// After a broken connection or a change of primary the stream is opened again from its token,
  /// until so long after the first failure.
  std::chrono::milliseconds resume_for = std::chrono::minutes(2);
};

/// Changes in the order in which they happened. One thread at a time.
class ChangeStream {
 public:
  virtual ~ChangeStream() = default;
  /// The next event as the server gives it, valid until the next call; nothing when none came
  /// within max_await. Throws StoreError resume_failed when the history that the token needs is
  /// gone, network_error after resume_for.
  [[nodiscard]] virtual std::optional<bson::View> next() = 0;
  /// Where to go on: keep it once what next() gave is dealt with. Empty before the first answer.
  [[nodiscard]] virtual bson::Document resume_token() const = 0;
  /// The stream is over (its collection was dropped): next() gives nothing any more.
  [[nodiscard]] virtual bool ended() const noexcept = 0;
};

/// Whether a store answers, and as what.
struct Health {
  bool ok = false;
  bool writable = false;
  std::chrono::microseconds round_trip{0};
  std::string kind;      ///< "embedded", "mongodb"
  std::string version;   ///< the server's, or the file format's
  std::string set_name;  ///< of a replica set
  std::string server;    ///< "host:port" that answered
  std::string error;     ///< why not ok; without secrets
};

/// Connections of a store; all 0 on the embedded store.
struct PoolState {
  std::int64_t in_use = 0;    ///< lent to operations, cursors and sessions now
  std::int64_t most = 0;      ///< the highest number in use at once so far
  std::int64_t limit = 0;     ///< maxPoolSize
  std::int64_t waits = 0;     ///< times that an operation waited for one
  std::int64_t timeouts = 0;  ///< times that it waited in vain
};

/// A server of a deployment as the driver sees it.
struct ServerState {
  std::string server;                        ///< "host:port"
  std::string type;                          ///< "RSPrimary", "Standalone", "Unknown" …
  std::chrono::milliseconds round_trip{-1};  ///< -1 = not known
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
  /// Probed at the first call, then known. Throws when no server can be asked.
  [[nodiscard]] virtual Capabilities capabilities() = 0;
  /// "embedded" or "mongodb".
  [[nodiscard]] virtual std::string_view kind() const noexcept = 0;
  /// The URI without secrets.
  [[nodiscard]] virtual std::string redacted_uri() const = 0;
  /// The database that the URI names; empty when it names none.
  [[nodiscard]] virtual std::string default_database() const = 0;

  [[nodiscard]] virtual std::unique_ptr<Session> start_session(const SessionOptions& options) = 0;
  [[nodiscard]] std::unique_ptr<Session> start_session() { return start_session({}); }

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
  /// `pipeline`: the stages, as elements of an array. An empty collection name runs it on the
  /// database. $out and $merge are run at once, not at the first next().
  [[nodiscard]] virtual std::unique_ptr<Cursor> aggregate(Namespace ns, bson::View pipeline,
                                                          const AggregateOptions& options) = 0;
  /// Changes of a collection; of a database where ns has no collection; of the deployment where
  /// it has neither. `pipeline`: $match, $project … on the events.
  [[nodiscard]] virtual std::unique_ptr<ChangeStream> watch(Namespace ns, bson::View pipeline,
                                                            const WatchOptions& options) = 0;
  [[nodiscard]] virtual std::int64_t count(Namespace ns, bson::View filter,
                                           const CountOptions& options) = 0;
  /// From metadata, without a filter; may lag.
  [[nodiscard]] virtual std::int64_t estimated_count(Namespace ns,
                                                     const OperationOptions& options) = 0;
  [[nodiscard]] std::int64_t estimated_count(Namespace ns) { return estimated_count(ns, {}); }
  /// Distinct values, as the elements of an array.
  [[nodiscard]] virtual bson::Document distinct(Namespace ns, std::string_view field,
                                                bson::View filter,
                                                const DistinctOptions& options) = 0;
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

  /// Asks; never throws, and answers within about `limit` also where nothing can be reached.
  [[nodiscard]] virtual Health health(std::chrono::milliseconds limit) noexcept = 0;
  [[nodiscard]] virtual PoolState pool_state() const noexcept { return {}; }
  [[nodiscard]] virtual std::vector<ServerState> servers() { return {}; }
  /// Who is told of each operation.
  [[nodiscard]] virtual Observers& observers() noexcept { return *observers_; }

  /// Releases files and connections. Later calls throw StoreError store_closed. Idempotent.
  virtual void close() = 0;

 protected:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  std::shared_ptr<Observers> observers_ = std::make_shared<Observers>();
};

/// What a connection string says, without connecting.
struct UriInfo {
  std::string kind;      ///< "embedded", "mongodb"
  std::string redacted;  ///< for logs: no password, token or key
  std::string database;  ///< empty when it names none
  std::vector<std::string> hosts;
};
/// Checks a URI as open() would and tells what it means. Throws as open() for one that is wrong;
/// its text never repeats a password. "mongodb+srv://" is not resolved.
[[nodiscard]] UriInfo check_uri(std::string_view uri);

/// Opens a store by URI: "file.quire" or "quire:file.quire?durability=normal" or ":memory:"
/// (embedded; link quire::embedded), "mongodb://…" (link quire::mongodb). Throws StoreError
/// invalid_uri, unsupported when the part is not linked, not_a_database, newer_format …
[[nodiscard]] std::shared_ptr<Store> open(std::string_view uri);

}  // namespace quire::store
