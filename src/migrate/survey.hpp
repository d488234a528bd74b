#pragma once

#include <map>
#include <string>
#include <vector>

#include "migrate/compile.hpp"

namespace quire::migrate {

/// A migration as it can be judged before it runs.
struct Surveyed {
  Compiled compiled;
  bool pending = true;
  bool classified = false;  ///< its class on the store is known
  std::string refusal;      ///< why it cannot run there; empty: it can
};

/// In the order in which they run; all pending, without classes. Throws MigrationError.
[[nodiscard]] std::vector<Surveyed> survey(const Migrations& migrations);
/// As history has them, with their classes on the store. Throws also StoreError.
[[nodiscard]] std::vector<Surveyed> survey(const Database& db, const Migrations& migrations);

/// Numbers of documents, each asked for once.
class Sizes {
 public:
  explicit Sizes(Database db) : db_(std::move(db)) {}
  /// The store's own number, which may be an estimate.
  [[nodiscard]] std::int64_t estimate(const std::string& collection);
  /// Documents that match, counted.
  [[nodiscard]] std::int64_t matching(const std::string& collection, bson::View filter);

 private:
  Database db_;
  std::map<std::string, std::int64_t> estimates_;
};

/// The documents that a step takes: the filter of its work, or of its spec; nothing: code, and what
/// takes no documents.
[[nodiscard]] std::optional<bson::Document> wanted_by(const Step& step);

}  // namespace quire::migrate
