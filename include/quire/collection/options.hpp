#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "quire/bson/value.hpp"
#include "quire/collection/database.hpp"
#include "quire/query/sort.hpp"
#include "quire/store/store.hpp"

namespace quire {

using store::ReturnDocument;
using store::UpdateResult;

// Options of calls; designated initialisers name what is wanted. max_time 0 = none; past it
// StoreError timeout. hint is an index's name; "$natural" scans. comment is passed to the store,
// whose log and profiler show it. let: variables for $expr. collation: a store that has none but
// {locale: "simple"} refuses others as StoreError unsupported. Concerns and preference: nothing =
// the collection's, else the database's, else the URI's; within a transaction its own hold.

struct ReadOptions {
  SessionRef session = {};
  std::chrono::milliseconds max_time{0};
  std::string hint = {};
  bson::Value comment = {};  ///< null = none
  bson::Document let = {};
  bson::Document collation = {};
  std::optional<ReadConcern> read_concern = std::nullopt;
  std::optional<ReadPreference> read_preference = std::nullopt;
};
struct InsertOptions {
  SessionRef session = {};
  bool ordered = true;  ///< of insert_many: stop at the first error
  std::chrono::milliseconds max_time{0};
  bson::Value comment = {};  ///< null = none
  std::optional<WriteConcern> write_concern = std::nullopt;
  bool bypass_document_validation = false;  ///< of the collection's validator
};
struct UpdateOptions {
  SessionRef session = {};
  bool upsert = false;
  std::chrono::milliseconds max_time{0};
  std::string hint = {};
  bson::Value comment = {};  ///< null = none
  bson::Document let = {};
  bson::Document collation = {};
  std::optional<WriteConcern> write_concern = std::nullopt;
  bool bypass_document_validation = false;  ///< of the collection's validator
  bson::Document sort = {};  ///< which of several update_one takes; not with update_many
};
struct RemoveOptions {
  SessionRef session = {};
  std::chrono::milliseconds max_time{0};
  std::string hint = {};
  bson::Value comment = {};  ///< null = none
  bson::Document let = {};
  bson::Document collation = {};
  std::optional<WriteConcern> write_concern = std::nullopt;
};
template <class T>
struct ModifyOptions {
  SessionRef session = {};
  bool upsert = false;
  ReturnDocument return_document = ReturnDocument::before;
  query::Sort<T> sort = {};  ///< which of several
  std::chrono::milliseconds max_time{0};
  std::string hint = {};
  bson::Value comment = {};  ///< null = none
  bson::Document let = {};
  bson::Document collation = {};
  std::optional<WriteConcern> write_concern = std::nullopt;
  bool bypass_document_validation = false;  ///< of the collection's validator
};
struct BulkOptions {
  SessionRef session = {};
  bool ordered = true;  ///< stop at the first error
  std::chrono::milliseconds max_time{0};
  bson::Value comment = {};  ///< null = none
  std::optional<WriteConcern> write_concern = std::nullopt;
  bool bypass_document_validation = false;  ///< of the collection's validator
  bson::Document let = {};
};

/// Some operations of a bulk write failed; items() lists them by their place in the request.
class BulkError : public StoreError {
 public:
  explicit BulkError(std::vector<store::WriteError> items);
  /// Of more than are listed.
  BulkError(std::vector<store::WriteError> items, std::int64_t all);
  [[nodiscard]] const std::vector<store::WriteError>& items() const noexcept { return *items_; }

 private:
  std::shared_ptr<const std::vector<store::WriteError>> items_;
};

/// What insert_many did: one error for each document refused, by its place.
template <class Id>
struct InsertManyResult {
  std::vector<Id> ids;  ///< of all documents given, in order; those refused too
  std::int64_t inserted = 0;
  std::vector<store::WriteError> errors;
  [[nodiscard]] bool ok() const noexcept { return errors.empty(); }
  /// Throws BulkError when there are errors.
  const InsertManyResult& or_throw() const {
    if (!errors.empty()) throw BulkError(errors);
    return *this;
  }
};

/// What a bulk write did.
struct BulkResult : store::BulkResult {
  [[nodiscard]] bool ok() const noexcept { return errors.empty(); }
  /// Throws BulkError when there are errors.
  const BulkResult& or_throw() const {
    if (!errors.empty()) throw BulkError(errors);
    return *this;
  }
};

struct SyncOptions {
  bool apply = true;  ///< else only the plan is made
  bool drop = false;  ///< also remove indexes that the model does not declare
  SessionRef session = {};
};

/// What sync_indexes does, or would do.
struct IndexPlan {
  enum class Action { create, keep, replace, drop, leave };
  struct Item {
    Action action;
    std::string name;
    bson::Document wanted;   ///< empty for drop and leave
    bson::Document present;  ///< empty for create
    std::string reason;      ///< of a replace: what differs
  };
  std::string collection;
  std::vector<Item> items;
  bool applied = false;

  /// Whether the model's indexes and the collection's are the same.
  [[nodiscard]] bool in_sync() const noexcept;
  /// One line an index: "create  users.email_1 {email: 1} unique".
  [[nodiscard]] std::string str() const;
};

}  // namespace quire
