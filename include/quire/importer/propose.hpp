#pragma once

#include <string>
#include <vector>

#include "quire/importer/mapping.hpp"

namespace quire::importer {

/// What was decided about a table, and why.
struct Decision {
  std::string table;
  std::string what;    ///< "a collection", "inside of users, as orders", "left out" …
  std::string reason;  ///< for people
};
struct Proposal {
  Mapping mapping;  ///< validate() finds nothing against it
  std::vector<Decision> decisions;
};

/// A mapping to begin with, from keys and foreign keys alone. Rows go inside of their parent where
/// they are deleted with it, or have its key, and nobody else refers to them; link tables become
/// lists of ids; everything else is a collection and keeps its references. Where a key of several
/// columns is referred to, the _id is its hash, and references to it are `hash_of`. Views are left
/// out, and so are tables without a key. Reads no rows.
[[nodiscard]] Proposal propose(const Schema& schema);

/// C++ structs for the documents of a mapping, as the text of a header: members by the types of the
/// columns and the policy, optional where there may be null, renamed where a field's name is no
/// C++ name. Throws ImportError table_not_found for a table that the schema lacks.
[[nodiscard]] std::string structs(const Mapping& mapping, const Schema& schema);

}  // namespace quire::importer
