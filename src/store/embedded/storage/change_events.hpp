#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "quire/bson/writer.hpp"
#include "store/embedded/engine/update.hpp"
#include "store/embedded/storage/change_log.hpp"

/// What the write path tells the log, and what a stream makes of it.
namespace quire::store::embedded {

/// Whether the collection keeps the documents of before and after a change:
/// changeStreamPreAndPostImages: {enabled: true}.
[[nodiscard]] bool keeps_images(const CollectionMeta& collection);
/// Whether changes of a database are told: not those of admin, config and local.
[[nodiscard]] bool tells_changes_of(std::string_view database) noexcept;
/// A UUID (version 8) from a collection's name. It says nothing more than the name does.
[[nodiscard]] bson::Uuid collection_uuid(Namespace ns);

/// Writes entries. Made where the catalog says that changes are logged, for one write transaction.
class ChangeWriter {
 public:
  ChangeWriter(ChangeLog& log, Connection& connection) : log_(log), connection_(connection) {}

  void inserted(const CollectionMeta& collection, bson::View document);
  /// The entry of a change that is still to be made: `updater` says what by (null: a replacement).
  [[nodiscard]] bson::Document changed(const CollectionMeta& collection, const Updater* updater,
                                       bson::View before, bson::View after);
  [[nodiscard]] bson::Document erased(const CollectionMeta& collection, bson::View before);
  void append(bson::View entry) { log_.append(connection_, entry); }

  /// `kind`: collection, view, timeseries.
  void created(Namespace ns, std::string_view kind, bson::View options);
  void dropped(Namespace ns);
  /// `replaces`: a collection of the new name was dropped for it.
  void renamed(Namespace from, Namespace to, bool replaces);
  void dropped_database(std::string_view database);
  void created_index(Namespace ns, bson::View definition);
  void dropped_index(Namespace ns, bson::View definition);
  /// collMod: what was asked for, and what was there.
  void modified(Namespace ns, bson::View description, bson::View before);

 private:
  bson::Writer begin(std::string_view operation, Namespace ns);
  void index_event(std::string_view operation, Namespace ns, bson::View definition);
  ChangeLog& log_;
  Connection& connection_;
};

/// What a stream sees: one collection, one database (empty collection), or the file (both empty).
struct WatchedNames {
  std::string database, collection;
  [[nodiscard]] bool covers(bson::View entry) const;
  /// Whether the stream ends behind the entry.
  [[nodiscard]] bool ends_with(bson::View entry) const;
};

/// How events are made of entries.
struct EventOptions {
  enum class Image { off, when_available, required };
  bool lookup = false;  ///< fullDocument: "updateLookup"
  Image after = Image::off;
  Image before = Image::off;
  bool expanded = false;
};

/// The event of an entry, with `token` as its _id; nothing for one that only expanded streams tell.
/// `look_up` gives the document as it is now, for updateLookup. Throws StoreError command_failed
/// (47) where a required image is missing.
[[nodiscard]] std::optional<bson::Document> make_event(
    const LoggedChange& change, const bson::Document& token, const EventOptions& options,
    FunctionRef<bool(Namespace, bson::ValueView, bson::Writer&)> look_up);
[[nodiscard]] bson::Document make_invalidate(const LoggedChange& change,
                                             const bson::Document& token);

}  // namespace quire::store::embedded
