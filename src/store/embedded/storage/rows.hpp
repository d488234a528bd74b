#pragma once

#include <string>
#include <vector>

#include "store/embedded/storage/scope.hpp"

namespace quire::store::embedded {

/// Writes documents of one collection together with their index entries. One document is written
/// as a whole or not at all; the caller has a transaction open.
class RowWriter {
 public:
  /// Documents are held to the collection's validator unless `bypass_validation`.
  RowWriter(WriteScope& scope, std::shared_ptr<const CollectionMeta> collection,
            bool bypass_validation = false);

  /// Stores a document that begins with its _id; the new row. A capped collection loses its oldest
  /// documents for it. Throws DetailedError duplicate_key, validation_failed.
  std::int64_t insert(bson::View document);
  /// Replaces a row's document; `before` may be SQLite's memory: `release` is called when it is
  /// read no more and before anything is written. Throws as insert.
  void replace(std::int64_t rid, bson::View before, bson::View after, Statement& source);
  void erase(std::int64_t rid, bson::View before, Statement& source);
  /// The update that later calls of replace() stem from, for the change log; null (as at first): a
  /// replacement. It must outlive them.
  void changes_by(const Updater* updater) noexcept { updater_ = updater; }
  /// Fills a new index from all rows. Throws DetailedError duplicate_key.
  void build(const IndexMeta& index);

  [[nodiscard]] const CollectionMeta& collection() const noexcept { return *collection_; }

 private:
  using Keys = std::vector<std::string>;
  void make_keys(const IndexMeta& index, bson::View document, Keys& out);
  bool insert_entry(const IndexMeta& index, const std::string& key, std::int64_t rid);
  void erase_entry(const IndexMeta& index, const std::string& key, std::int64_t rid);
  void flush_multikey();
  /// Of a capped collection: counts what changed; after an insert the oldest documents go until the
  /// rest fits.
  void account(std::int64_t documents, std::int64_t bytes, std::int64_t newest);
  [[noreturn]] void fail_duplicate(const IndexMeta* index, const std::string& key,
                                   bson::View document) const;

  WriteScope& scope_;
  Connection& connection_;
  std::shared_ptr<const CollectionMeta> collection_;
  bool bypass_validation_;
  bool logs_changes_;
  const Updater* updater_ = nullptr;
  std::string id_key_;
  std::vector<Keys> new_keys_, old_keys_;
  std::vector<std::int64_t> newly_multikey_;
  bool building_ = false;
};

/// The filter's language for "E11000 duplicate key error …": {keyPattern, keyValue}.
[[nodiscard]] bson::Document key_value(const std::vector<IndexField>& fields,
                                       const std::string& key, bson::View document);
/// As the server prints a key: { a: 1, b: "x" }.
[[nodiscard]] std::string shell_text(bson::View document);

/// Checks what is about to be stored: structure, depth, size, UTF-8, the _id's type. Throws
/// FormatError, MappingError, StoreError.
void check_storable(bson::View document);
/// The document with its _id in front: `document` itself when it begins with one, else `buffer`
/// filled (an ObjectId is made where there is none).
[[nodiscard]] bson::View with_id_first(bson::View document, bson::Document& buffer);

}  // namespace quire::store::embedded
