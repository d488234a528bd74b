#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "quire/bson/value.hpp"
#include "quire/collection/database.hpp"
#include "quire/migrate/data_types.hpp"

namespace quire::migrate {

/// A document as the target should have it, or nothing where it should have none. Called by
/// several threads at once.
using MapFunction = std::function<std::optional<bson::Document>(bson::View source)>;

/// Values of a field of the target's documents that have to be _ids of another collection of its
/// database. `field` may be a path; elements of lists are looked at one by one; null and absent
/// values are none.
struct Reference {
  std::string field;
  std::string collection;
};

/// What is compared besides the documents, and how.
struct VerifyOptions {
  VerifyLevel level = VerifyLevel::digest;
  std::int64_t sample = 1000;  ///< documents chosen of each side
  std::uint64_t seed = 1;      ///< the same seed and data choose the same documents
  /// A difference is looked at again after this, up to eight times while one of the sides changes,
  /// so that what is written meanwhile is none.
  std::chrono::milliseconds settle{200};
  std::size_t most_differences = 20;  ///< that are listed
  /// The target may have documents that the source has not.
  bool extra_allowed = false;
  /// The target's document of an _id may be another one: that it is there has to do.
  bool presence_only = false;
  bool indexes = false;     ///< each index of the source has to be in the target
  bool validators = false;  ///< validator, validationLevel and validationAction have to be alike
  std::vector<Reference> references = {};
  /// Called with each document of the target: what is wrong with it, or nothing.
  std::function<std::string(bson::View)> check = {};
};

struct VerifyDifference {
  enum class Kind {
    missing,    ///< the source has it, the target has not
    extra,      ///< the other way round
    different,  ///< `path` is the first field that differs
    orphan,     ///< `path` refers to a document that is not there
    check,      ///< `text` is what VerifyOptions::check said
    index,      ///< `text` tells which
    validator
  };
  Kind kind = Kind::missing;
  std::optional<bson::Value> key;  ///< the target's _id
  std::string path;
  std::string text;
};
[[nodiscard]] std::string_view to_string(VerifyDifference::Kind kind) noexcept;

/// What a comparison found. _v and _q are left out of it on both sides.
struct [[nodiscard]] VerifyReport {
  VerifyLevel level = VerifyLevel::none;
  bool stopped = false;     ///< on request, before the end
  std::int64_t source = 0;  ///< documents that the target should have
  std::int64_t target = 0;  ///< that it has
  /// Sums modulo 2^128 of XXH3_128 of the documents, 32 hexadecimal digits; digest and full.
  std::string source_digest;
  std::string target_digest;
  std::int64_t missing = 0;
  std::int64_t extra = 0;
  std::int64_t different = 0;
  std::int64_t findings = 0;  ///< orphans, checks, indexes, validators
  std::int64_t settled = 0;   ///< differences that were none when they were looked at again
  std::vector<VerifyDifference> differences;  ///< the first few

  [[nodiscard]] bool ok() const noexcept {
    return !stopped && missing == 0 && extra == 0 && different == 0 && findings == 0;
  }
  /// For main(): 0 alike, 32 stopped, 41 not alike.
  [[nodiscard]] int exit_code() const noexcept { return stopped ? 32 : ok() ? 0 : 41; }
  /// One line: {"schema": "quire.migrate/1", "op": "verify", "result", "exit", …}.
  [[nodiscard]] std::string json() const;
};

/// Two collections of any stores, and what makes documents of the one to those of the other.
struct VerifyJob {
  Database from;
  std::string collection;
  Database to;
  std::string into = {};       ///< empty: of the same name
  bson::Document filter = {};  ///< of the source's documents
  MapFunction map = {};        ///< empty: as they are
  VerifyOptions options = {};
  std::stop_token stop = {};
};

/// Compares them, one partition after the other; by digest first as a whole, both sides at the same
/// time in a thread each, which is all when they are alike. Both sides may be written meanwhile:
/// what differs is read again before it is reported. A map function that changes _id is compared as
/// a whole, and how many documents are extra is then told by their number. Throws StoreError;
/// MigrationError invalid_migration for options that mean nothing, and what `map` throws. Memory:
/// one batch and the differences.
VerifyReport verify(const VerifyJob& job);

}  // namespace quire::migrate
