#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quire/bson/value.hpp"
#include "quire/collection/database.hpp"
#include "quire/model/info.hpp"
#include "quire/model/model.hpp"

/// Stored types that a model does not read: counted, shown, and converted by rule. quire.hpp does
/// not include it.
namespace quire::migrate {

struct TypeReportOptions {
  std::int64_t sample = 0;   ///< documents drawn at random; 0 = all are read
  std::size_t examples = 5;  ///< ids of each finding
};

/// Values of one type at one path that are not read into the member.
struct TypeFinding {
  std::string path;    ///< as of find_drift: "address.city", "lines[].count"
  std::string found;   ///< MongoDB's alias: "string"
  std::string wanted;  ///< "number or null"
  std::int64_t documents = 0;
  std::vector<bson::Value> ids;       ///< of the first documents
  std::vector<std::string> examples;  ///< their values, as JSON of up to 60 bytes
};

/// A value; threads: as a std::vector.
struct TypeReport {
  std::string collection;
  std::string model;      ///< C++ name of the type
  std::int64_t read = 0;  ///< documents that were looked at
  bool all_read = true;   ///< else counts are of a sample
  std::vector<TypeFinding> findings;
  std::int64_t not_listed = 0;  ///< past the first 1,000 findings

  [[nodiscard]] bool empty() const noexcept { return findings.empty(); }
  /// For people: a line a finding.
  [[nodiscard]] std::string str() const;
  /// One line: {schema: "quire.types/1", collection, model, read, all_read, findings: [{path,
  /// found, wanted, documents, ids, examples}], not_listed}.
  [[nodiscard]] std::string json() const;
};

/// Compares stored types with what the model reads, as find_drift does, and counts each type of
/// each path. Reads, never writes; memory bounded. Throws ModelError invalid_model for a model
/// without a collection, StoreError.
[[nodiscard]] TypeReport type_report(const Database& db, const ModelInfo& model,
                                     const TypeReportOptions& options = {});
template <class T>
[[nodiscard]] TypeReport type_report(const Database& db, const TypeReportOptions& options = {}) {
  return type_report(db, model_of<T>(), options);
}

/// The same value as another type, or nothing. Without loss, but that texts and decimals become the
/// nearest double:
///   numbers → numbers that hold the value; → string as digits; 0 and 1 → bool; ms → date
///   string → int, long, double, decimal ("12", no spaces), bool ("true", "false"), objectId (24
///     digits), date (ISO 8601, "2026-02-10T12:30:00Z")
///   bool → number, string; date → long (ms), string; objectId → string; symbol → string
///   all but lists → array of the one value
[[nodiscard]] std::optional<bson::Value> convert_value(bson::ValueView value, bson::Type to);

/// How the values of a path become one type.
struct ConvertRule {
  std::string path;  ///< "age", "address.zip", "lines[].count"; no "[0]" and "*"
  bson::Type to = bson::Type::string;
  /// Instead of convert_value. Nothing: this value cannot be converted. What it throws is a
  /// rejection too. A value of type `to` is never given to it.
  std::function<std::optional<bson::Value>(bson::ValueView)> convert = {};
};

/// What becomes of a document with a value that cannot be converted. It is written to
/// _quire_rejects in any case.
enum class OnReject {
  leave,  ///< it stays as it is; its other values are converted
  move    ///< it goes from the collection
};

struct ConvertTypesOptions {
  bson::Document filter = {};  ///< only documents that match
  OnReject on_reject = OnReject::leave;
  int batch = 500;  ///< documents of a bulk write, from 1
};

struct ConvertReport {
  std::int64_t read = 0;  ///< documents with one of the paths
  std::int64_t changed = 0;
  std::int64_t rejected = 0;  ///< documents in _quire_rejects
  std::int64_t removed = 0;   ///< of those, moved away
};

/// Converts stored values by rule. Null and absent values stay. A field is changed only as it was
/// read; one that changed meanwhile is read again. Documents that cannot be converted are in
/// _quire_rejects under {job: "types:COLLECTION", key: _id, stage: "map"} with the path, the reason
/// and the document. Idempotent, and goes on after a crash by being called again:
///   m.run(Atomicity::idempotent, [](Database& db, Session&) { convert_types(db, "users", rules);
///   });
/// Throws StoreError invalid_argument for a path that is none, write_conflict when others change
/// the documents as fast; duplicate_key and what else the store refuses.
ConvertReport convert_types(const Database& db, std::string_view collection,
                            const std::vector<ConvertRule>& rules,
                            const ConvertTypesOptions& options = {});

}  // namespace quire::migrate
