#pragma once

#include <cstdint>
#include <string>

#include "migrate/diff.hpp"
#include "quire/collection/database.hpp"

namespace quire::migrate {

/// The field _q of documents that a step without transactions has done: {f: fence, j: job}. It is
/// there until the step is complete, and makes that a document is done once: a batch that comes
/// again after a crash passes it over, and a process with an older fence cannot write it.
class Stamps {
 public:
  Stamps(std::string job, std::int64_t fence) : job_(std::move(job)), fence_(fence) {}

  /// Whether the step has done it. Throws MigrationError lock_lost for a later fence's stamp.
  [[nodiscard]] bool is_done(bson::View document) const;
  /// Lets the change apply only where is_done() is false, and stamp.
  void put(RowChange& change) const;
  /// The document with the stamp.
  [[nodiscard]] bson::Document stamped(bson::View document) const;
  /// The document without it, as others see it.
  [[nodiscard]] static bson::Document bare(bson::View document);
  /// Takes the step's stamps away.
  void clear(Database& db, std::string_view collection) const;

 private:
  std::string job_;
  std::int64_t fence_;
};

}  // namespace quire::migrate
