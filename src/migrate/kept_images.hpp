#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "migrate/compile.hpp"
#include "migrate/diff.hpp"
#include "migrate/key_walk.hpp"
#include "migrate/rows.hpp"

/// Pre-images: the old values of what a migration changes, see quire/migrate/preimages.hpp.
namespace quire::migrate {

/// "_quire_undo_" and the migration's id.
[[nodiscard]] std::string kept_collection(std::string_view migration);
inline constexpr std::string_view kept_prefix = "_quire_undo_";

/// Refuses what cannot be undone by pre-images, and makes steps on fields such that go over
/// documents. Throws MigrationError invalid_migration that names the step.
void keep_images(Compiled& migration);
/// Makes the pre-images the way back: restores in place of inverses, but for steps on indexes and
/// collections, and copies.
void go_back_by_images(Compiled& migration);

/// Writes the pre-images of one batch.
class KeptImages {
 public:
  KeptImages(Database& db, std::string_view collection, const RowSettings& settings,
             store::Session* session)
      : db_(db), collection_(collection), settings_(settings), session_(session) {}

  /// The document as it was read, and what is about to be written to it.
  void add(bson::View stored, const RowChange& change);
  /// Nothing is written to this one after all: without transactions it may have been kept by a
  /// try before.
  void drop(bson::View stored);
  /// Before the changes. What is there of the same document is replaced: whoever comes here has
  /// seen that the change is not done. Without `may_be_there` nothing was kept of these documents
  /// before. Throws MigrationError lock_lost when a later fence kept it.
  void write(bool may_be_there);
  /// Whether any were kept of the step so far.
  [[nodiscard]] static bool are_any(Database& db, const RowSettings& settings);

 private:
  /// The places of those whose documents were kept before.
  [[nodiscard]] std::vector<std::size_t> insert();
  [[nodiscard]] bson::Document id_of(bson::View stored) const;
  Database& db_;
  std::string_view collection_;
  const RowSettings& settings_;
  store::Session* session_;
  std::vector<bson::Document> images_;
  std::vector<bson::Document> dropped_;
};

/// Restores the documents of a batch of pre-images, and takes these away.
void restore_images(Database& db, const detail::RestoreWork& work, std::string_view from,
                    std::vector<bson::Document> images, const RowSettings& settings,
                    store::Session* session, Job::Counts& counts);

}  // namespace quire::migrate
