#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "quire/collection/database.hpp"

namespace quire::migrate {

/// Where the batches to come end: ids in their order, read by one cursor that stays open while the
/// batches are worked on. A batch between two ids costs a server what the batch holds; one behind
/// an id, of which it is to give the first thousand, may cost all that lies behind. What is told
/// was true when it was read: documents come and go, so that it says how much to take at a time and
/// never that there is no more. One thread.
class KeysAhead {
 public:
  /// `wanted`: the filter of the documents that are counted; empty = all. `from_primary`: whatever
  /// the connection prefers.
  KeysAhead(Database db, std::string collection, bson::View wanted, bool from_primary = true)
      : db_(std::move(db)),
        collection_(std::move(collection)),
        wanted_(wanted),
        from_primary_(from_primary) {}

  struct End {
    bson::Value id;
    std::int64_t documents = 0;  ///< from the end before it up to this one
  };
  /// The id of the n-th document behind `after` (nothing: of all); nothing where fewer are left, or
  /// the server forgot the cursor. The end that was told last is told again until `after` has come
  /// to it. Throws StoreError.
  [[nodiscard]] std::optional<End> end_behind(const std::optional<bson::Value>& after,
                                              std::int64_t n);
  /// Forgets the end that was told last, for one that is nearer.
  void again() noexcept;

 private:
  void open(const std::optional<bson::Value>& after);

  Database db_;
  std::string collection_;
  bson::Document wanted_;
  bool from_primary_;
  std::unique_ptr<store::Cursor> cursor_;
  std::optional<End> told_;
  bool given_up_ = false;                ///< as where the pool has no connection to spare
  std::optional<std::size_t> ended_in_;  ///< the place of ids in which there are no more
};

}  // namespace quire::migrate
