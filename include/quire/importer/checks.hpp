#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "quire/importer/mapping.hpp"
#include "quire/model/info.hpp"

/// What would go wrong, looked for before it does. Nothing here writes.
namespace quire::importer {

/// Values that come more than once.
struct DuplicateGroup {
  std::string values;  ///< "a@x", or "a: 1, b: 2" of several
  std::int64_t rows = 0;
  std::vector<std::string> keys;  ///< of the first rows
};

struct [[nodiscard]] DuplicateReport {
  std::string of;                     ///< "columns a, b of users", "_id of part people" …
  std::int64_t rows = 0;              ///< that were read
  std::int64_t nulls = 0;             ///< with a null among the values; no duplicates of each other
  std::int64_t unusable = 0;          ///< that become no document, or have no such field
  std::int64_t groups = 0;            ///< values that come more than once
  std::int64_t surplus = 0;           ///< rows too many: of each group all but one
  std::vector<DuplicateGroup> shown;  ///< the first few, with the most rows first
  bool stopped = false;

  [[nodiscard]] bool clean() const noexcept { return groups == 0 && !stopped; }
};

struct DuplicateOptions {
  std::size_t most_groups = 20;  ///< that are shown
  std::size_t most_keys = 5;     ///< of each
  std::stop_token stop = {};     ///< asked each thousand rows
  std::function<void(std::int64_t rows)> progress = {};
};

/// Groups of rows with the same values in `columns`, as a unique index of documents compares them:
/// numbers by value, text by its bytes. Reads the table, and again where there are groups. Memory:
/// 16 bytes a row up to 64 MiB, then temporary files.
/// Throws ImportError table_not_found, source_failed; StoreError disk_full.
[[nodiscard]] DuplicateReport find_duplicates(Source& source, const std::string& table,
                                              const std::vector<std::string>& columns,
                                              const DuplicateOptions& options = {});
/// Rows of a part that would become one document, by the _id that the mapping gives them.
/// Throws ImportError invalid_mapping besides.
[[nodiscard]] DuplicateReport find_same_ids(Source& source, const Mapping& mapping,
                                            const TableMapping& part,
                                            const DuplicateOptions& options = {});
/// Rows of a part whose documents a unique index would refuse. Nulls and absent fields are values,
/// as they are for the index; a sparse one leaves out documents that have none of its fields.
/// A partial index is of the documents that its filter finds; throws ImportError unsupported for a
/// filter with more in it than such an index may have: values, $exists, $gt, $gte, $lt, $lte,
/// $type, $in, $and, $or.
[[nodiscard]] DuplicateReport find_refused(Source& source, const Mapping& mapping,
                                           const TableMapping& part, const IndexInfo& index,
                                           const DuplicateOptions& options = {});

/// What does not fit between a mapping and the models of its collections, with part and field in
/// front: fields that are read always and that no rule sets; values whose type the model does not
/// read; collections without a model are passed over. Call it where validate() finds nothing: of
/// rules that mean nothing it says nothing. Members of `set_later`,
/// "users.credits", need no rule: a later migration sets them, or reading gives them a default.
[[nodiscard]] std::vector<std::string> validate(const Mapping& mapping, const Schema& schema,
                                                std::span<const ModelInfo* const> models,
                                                std::span<const std::string> set_later = {});

}  // namespace quire::importer
