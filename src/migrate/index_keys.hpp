#pragma once

#include <string>
#include <vector>

#include "quire/bson/document.hpp"

/// The keys that an index has for a document, as an aggregation makes them.
namespace quire::migrate {

/// Expressions over a document, as JSON. A key is {k0: {v: value} or {u: true}, k1: …}: one part a
/// field of the index. v: null also for what is absent; u: of an empty list, whose key is
/// `undefined`.
struct IndexKeys {
  std::vector<std::string> fields;  ///< of the index, in order
  std::string keys;                 ///< a list of keys, each once
  std::string parallel;             ///< whether two of the fields have lists; empty: never
};

/// Throws QueryError invalid_index, StoreError unsupported.
[[nodiscard]] IndexKeys index_keys(bson::View definition, bool sparse);

}  // namespace quire::migrate
