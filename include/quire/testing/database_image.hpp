#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "quire/bson/document.hpp"
#include "quire/collection/database.hpp"

namespace quire::testing {

/// What of a database is compared.
struct ImageOptions {
  bool documents = true;
  bool indexes = true;
  bool collection_options = true;  ///< validators, capped, collation, definitions of views …
  /// Also the order of fields; else {a, b} equals {b, a}. A field that was renamed forth and back
  /// stands at the end.
  bool field_order = false;
  std::vector<std::string> ignore = {};  ///< collections that are left out
};

/// The contents of a database at one moment, to be compared with another. Collections of quire's
/// own ("_quire…") and of the server ("system…") are left out; one without documents, options and
/// indexes other than that of _id counts as absent. Numbers of different types differ.
/// All documents are kept in memory: for databases of the size of tests.
class DatabaseImage {
 public:
  DatabaseImage() = default;
  /// Reads it. Throws StoreError.
  explicit DatabaseImage(const Database& db, const ImageOptions& options = {});

  /// The first difference as a text that names collection and _id; empty: they are equal. `mine`
  /// and `theirs`: what to call this one and the other in the text.
  [[nodiscard]] std::string difference(const DatabaseImage& other, std::string_view mine,
                                       std::string_view theirs) const;
  friend bool operator==(const DatabaseImage& a, const DatabaseImage& b) {
    return a.collections_ == b.collections_;
  }

 private:
  struct Collection {
    std::string options;                           // as JSON
    std::map<std::string, std::string> indexes;    // by name, as JSON
    std::map<std::string, std::string> documents;  // by _id, both as canonical JSON
    bool operator==(const Collection&) const = default;
  };
  std::map<std::string, Collection> collections_;
};

/// _quire_history without what differs from run to run (times, processes, tokens): a line a
/// migration with its state, direction, place and checksum, sorted. Throws StoreError.
[[nodiscard]] std::vector<std::string> history_image(const Database& db);

}  // namespace quire::testing
