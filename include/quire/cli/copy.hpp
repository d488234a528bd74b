#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "quire/bson/value.hpp"
#include "quire/collection/database.hpp"
#include "quire/core/error.hpp"

namespace quire::cli {

/// What a copy does about documents that the target has already.
enum class Existing {
  fail,    ///< refuse a target that holds any document, before anything is written
  skip,    ///< a document whose _id is there stays as it is
  replace  ///< it is replaced by the source's
};

/// How far a copy is, of one collection.
struct CopyProgress {
  std::string_view collection;
  std::string_view phase;  ///< "copy", "index", "verify"
  std::int64_t done = 0;   ///< documents
  std::int64_t total = 0;  ///< as the source estimates it
  std::int64_t bytes = 0;
  double seconds = 0;  ///< in this phase of this collection
  double rate = 0;     ///< documents a second
};

struct CopyOptions {
  std::vector<std::string> collections = {};  ///< only these; empty = all
  std::vector<std::string> exclude = {};
  std::int64_t batch_documents = 1000;        ///< 1 to 100,000
  std::size_t batch_bytes = 8 * 1024 * 1024;  ///< a batch ends behind the document that reaches it
  Existing existing = Existing::fail;
  bool resume = false;        ///< go on with a copy that was stopped or killed
  bool verify = true;         ///< read both sides again and compare
  bool skip_indexes = false;  ///< leave out the indexes that the target refuses
  /// Leave out options of collections, and views, where the target has none of them.
  bool skip_options = false;
  std::size_t most_differences = 5;  ///< differing _ids listed of one collection
  /// Called by the thread that copies, after each batch. What it throws ends the copy.
  std::function<void(const CopyProgress&)> progress = {};
  std::stop_token stop = {};  ///< asked at the edge of each batch
};

/// A document that the two sides do not have alike.
struct CopyDifference {
  enum class Kind { missing, extra, changed };  ///< seen from the target
  Kind kind = Kind::missing;
  bson::Value id;
};

/// What one side of a collection holds. The digest does not depend on the order: the sum modulo
/// 2^128 of XXH3_128 of each document's bytes.
struct CopySide {
  std::int64_t documents = 0;
  std::string digest;  ///< 32 hexadecimal digits
};

struct CopiedCollection {
  std::string name;
  std::string type = "collection";  ///< or "timeseries"
  std::int64_t copied = 0;          ///< documents written by this run
  std::int64_t skipped = 0;         ///< there already
  std::int64_t replaced = 0;
  std::int64_t bytes = 0;  ///< of the documents copied, skipped and replaced
  std::int64_t indexes = 0;
  double seconds = 0;
  std::optional<CopySide> source;  ///< when verified
  std::optional<CopySide> target;
  bool matches = true;
  std::vector<CopyDifference> differences = {};  ///< the first few
};

enum class CopyResult {
  done,
  failed,   ///< and nothing was left behind
  partial,  ///< failed; what was copied stays and the copy can be resumed
  stopped,  ///< on request; can be resumed
  mismatch  ///< all was copied, but the two sides differ
};
[[nodiscard]] std::string_view to_string(CopyResult result) noexcept;

/// What a copy did. A failure is in here, not thrown, so look at it: ok(), or or_throw().
struct [[nodiscard]] CopyReport {
  std::string source;  ///< URIs without secrets
  std::string source_database;
  std::string target;
  std::string target_database;
  CopyResult result = CopyResult::done;
  std::vector<CopiedCollection> collections;
  std::vector<std::string> views;
  std::vector<std::string> left_out;  ///< indexes, options and views, each with why
  std::optional<Error> error;
  double seconds = 0;
  bool verified = false;

  [[nodiscard]] bool ok() const noexcept { return result == CopyResult::done; }
  [[nodiscard]] std::int64_t documents() const noexcept;  ///< written by this run
  [[nodiscard]] std::int64_t bytes() const noexcept;
  /// For main(): 0 done, 30 failed, 31 partial, 32 stopped, 41 mismatch.
  [[nodiscard]] int exit_code() const noexcept;
  /// One line: {"schema": "quire.copy/1", "result", "exit", "source", "target", "collections", …}.
  [[nodiscard]] std::string json() const;
  /// Throws error when the copy did not end well; else gives the report.
  const CopyReport& or_throw() const;
};

/// Copies a database to another, between any two stores: collections with their options,
/// documents byte for byte, indexes after the documents, views at the end. Bookkeeping of
/// migrations (_quire_history …) comes along, their lock does not.
/// Before a document is written the target is asked for all that it may refuse: documents that are
/// there (see Existing), options, views and the indexes of each new collection.
/// Documents go in the order of _id, those of capped and time series collections in their own.
/// Until it is done, the target has a collection _quire_copy that says where the copy stands:
/// a copy that was killed goes on with `resume`, at most about a second back. Capped and time
/// series collections begin anew then. Only one copy to a target at a time.
/// A copy is not one moment: documents that are written to the source meanwhile may be missed, and
/// the verification shows them as differences. Stop the writers first.
/// Shape: `from` and `to` are databases of any stores; they must not be the same.
/// Errors: in the report. Throws nothing but what `progress` throws, and std::bad_alloc.
/// Threads: one call at a time for a pair of databases. Memory: two batches.
CopyReport copy_database(const Database& from, const Database& to, const CopyOptions& options = {});

/// Compares the documents of two databases as copy_database() does at its end: all collections of
/// either side, or those that the options name. Writes nothing. Options besides: progress, stop,
/// most_differences. Indexes, options and views are not looked at.
/// The report's result is `done` where both sides are alike, else `mismatch`; `failed` and
/// `stopped` where they could not be read to their end. Documents that are written meanwhile may be
/// seen on one side only. Errors, threads, memory: as copy_database().
CopyReport compare_databases(const Database& from, const Database& to,
                             const CopyOptions& options = {});

}  // namespace quire::cli
