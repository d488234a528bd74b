#pragma once

#include <optional>
#include <string>

#include "migrate/digest.hpp"
#include "quire/bson/value.hpp"

namespace quire::migrate::data {

/// What documents carry under _q so that a later pass knows them again:
///   {j: job, f: fence, h: hash of the document as it was written, k: key where it is not _id}
struct Stamp {
  std::string job;
  std::int64_t fence = 0;
  bson::Value hash;
  std::optional<bson::Value> key;

  /// Nothing: the document has none, or one of another kind.
  [[nodiscard]] static std::optional<Stamp> of(bson::View document);
  /// The key of the row that it was made of.
  [[nodiscard]] bson::Value key_of(bson::View document) const;
};
/// The document with a stamp of its own; one that it has is left out. `key`: of its row.
[[nodiscard]] bson::Document stamped(bson::View document, std::string_view job, std::int64_t fence,
                                     bson::ValueView key);
/// Stamps documents that carry none before it is known under which fence they are written.
class StampMaker {
 public:
  explicit StampMaker(std::string_view job);
  /// At most so many bytes are appended.
  [[nodiscard]] std::size_t room(bson::View document, bson::ValueView key) const noexcept;
  /// Appends the document as stamped() gives it, under no fence. Gives where in `out` the fence
  /// belongs: an int64.
  std::size_t append(bson::Buffer& out, bson::View document, Hash128 hash,
                     bson::ValueView key) const;

 private:
  bson::Document stamp_;  ///< {_q: {…}} without a key
  std::size_t fence_at_;
  std::size_t hash_at_;
};
/// Of a document without its stamp, 16 bytes.
[[nodiscard]] bson::Value document_hash(bson::View document);
/// Whether the document is as the job that stamped it wrote it.
[[nodiscard]] bool is_as_written(bson::View document, const Stamp& stamp);
/// A filter: the documents with a job's stamp.
[[nodiscard]] bson::Document of_job(std::string_view job);

}  // namespace quire::migrate::data
