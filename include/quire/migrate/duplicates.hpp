#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "quire/bson/value.hpp"
#include "quire/collection/database.hpp"
#include "quire/migrate/step.hpp"

/// Documents that a unique index would refuse: found, shown and resolved before it is made.
/// quire.hpp does not include it.
namespace quire::migrate {

struct DuplicateOptions {
  std::int64_t most = 100;             ///< groups to list, from 1
  std::int64_t most_ids = 20;          ///< ids to list of each; 0 = all
  bool sparse = false;                 ///< as of the index
  bson::Document partial_filter = {};  ///< partialFilterExpression of the index
  SessionRef session = {};
};

/// Documents that have one key in common.
struct DuplicateGroup {
  /// A value for each field of the keys, as the index compares it: null also for absent fields,
  /// {$undefined: true} for an empty list.
  bson::Document key;
  std::int64_t documents = 0;
  std::vector<bson::Value> ids;  ///< in the order of _id
};

/// A value; threads: as a std::vector.
struct DuplicateGroups {
  std::string collection;
  bson::Document keys;
  std::vector<DuplicateGroup> groups;  ///< the largest first
  bool more = false;                   ///< there are more groups than are listed
  /// Documents with lists in two of the fields, which no index over both takes at all, and the ids
  /// of up to most_ids of them.
  std::int64_t parallel_lists = 0;
  std::vector<bson::Value> parallel_ids;

  /// Whether a unique index on these keys can be made.
  [[nodiscard]] bool empty() const noexcept { return groups.empty() && parallel_lists == 0; }
  /// For people: a line a group.
  [[nodiscard]] std::string str() const;
  /// One line: {schema: "quire.duplicates/1", collection, keys, groups: [{key, documents, ids}],
  /// more, parallel_lists, parallel_ids}.
  [[nodiscard]] std::string json() const;
};

/// The groups that a unique index over `keys` ({email: 1}) refuses, by aggregation: numbers of all
/// types compare by value, absent is null, each element of a list counts (but not twice within a
/// document), sparse and partial indexes leave out what they leave out. Simple collation. The
/// store sorts the keys, in one pass over the collection (two for keys of several fields), and
/// this reads them all; nothing is written. Memory by the groups that are listed.
/// Throws QueryError invalid_index for keys that a unique index cannot have; StoreError unsupported
/// for paths with a number in them ("lines.0") and of more than 6 parts, which an index could have;
/// invalid_argument for options out of range.
[[nodiscard]] DuplicateGroups find_duplicates(const Database& db, std::string_view collection,
                                              bson::View keys,
                                              const DuplicateOptions& options = {});

/// Which document of a group stays.
enum class Keep { oldest, newest };
/// Makes one of the documents of a group, which come oldest first: the document that stays, under
/// the _id of one of them. The others go.
using MergeDuplicates = std::function<bson::Document(const std::vector<bson::Document>&)>;

struct ResolveOptions {
  bool sparse = false;
  bson::Document partial_filter = {};
  /// The field that says which is older; then _id. An ObjectId grows with its time.
  std::string by = "_id";
  /// Writes what goes into _quire_rejects first: {_id: {job: "duplicates:users:email_1", key,
  /// stage: "duplicate"}, collection, document, …}.
  bool keep_removed = true;
  SessionRef session = {};  ///< all of it is part of its transaction
};

struct ResolveReport {
  std::int64_t groups = 0;
  std::int64_t removed = 0;
  std::int64_t merged = 0;  ///< documents that a merge changed
};

/// Leaves one document of each group. Reads the keys of the collection in one pass however many
/// groups there are, resolves on the way, and ends with a pass that finds none. Documents are
/// removed only as they were read: one that changed meanwhile is looked at again. About 500
/// documents at a time, of up to 8 MiB (two at least), are in memory, and where there are
/// transactions in one; a merge has a whole group, and that is one. After a crash the next call
/// goes on with what is left; without transactions a merge then sees its own result as one of the
/// documents. Idempotent:
///   m.run(Atomicity::idempotent, [](Database& db, Session&) { resolve_duplicates(db, …); });
/// Throws as find_duplicates; invalid_argument when a merge gives an _id that is none of the
/// group's, or when documents stay duplicates whatever is done; write_conflict when others make
/// duplicates as fast.
ResolveReport resolve_duplicates(const Database& db, std::string_view collection, bson::View keys,
                                 Keep keep, const ResolveOptions& options = {});
ResolveReport resolve_duplicates(const Database& db, std::string_view collection, bson::View keys,
                                 const MergeDuplicates& merge, const ResolveOptions& options = {});

/// The same as a step of a migration, of class idempotent. `session` is not looked at. No way back.
[[nodiscard]] Step resolve_duplicates(std::string_view collection, bson::View keys, Keep keep,
                                      const ResolveOptions& options = {});

}  // namespace quire::migrate
