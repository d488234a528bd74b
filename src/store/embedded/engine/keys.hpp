#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "quire/bson/view.hpp"

/// Keys of indexes: bytes whose memcmp order is the order of the values (compare.hpp).
/// docs/formats/ has the encoding, version 1; it is part of the file format.
namespace quire::store::embedded {

/// Appends the key of one value. Self-delimiting: keys of several fields are one after the other.
/// `descending` turns the order of this part around.
void append_key(std::string& out, bson::ValueView value, bool descending = false);

/// The smallest and the largest key of the values that compare in the same type bracket as `value`
/// (for $gt 5 only numbers match): appended to `low` (inclusive) and `high` (exclusive).
void append_bracket(std::string& low, std::string& high, bson::Type type, bool descending = false);

/// Turns `key` into the smallest byte string that is greater than every string that begins with it.
void to_prefix_end(std::string& key);

struct IndexField {
  enum class Kind : std::uint8_t { plain, hashed, wildcard };
  std::string path;  ///< of a wildcard: "$**" or "a.b.$**"
  bool descending = false;
  Kind kind = Kind::plain;
};

/// Which paths a wildcard index has: those at and below "a" for "a.$**"; for "$**" those that the
/// projection says, or all but _id.
class WildcardPaths {
 public:
  WildcardPaths() = default;
  /// `projection`: checked already; may be empty.
  WildcardPaths(std::string_view field, bson::View projection);
  [[nodiscard]] bool covers(std::string_view path) const;

 private:
  std::string base_;  // without ".$**"; empty for the root
  std::vector<std::string> paths_;
  bool includes_ = false;
  bool with_id_ = false;
};

/// The key part of a value in a hashed field.
void append_hashed_key(std::string& out, bson::ValueView value, bool descending);

/// Makes the keys of one index for documents: one key, or one an element of an array (multikey).
/// Immutable after construction; thread-safe.
class KeyMaker {
 public:
  KeyMaker(std::vector<IndexField> fields, bool sparse, WildcardPaths wildcard = {});

  /// The distinct keys of `document`, sorted, appended to `keys`. Nothing when the index is sparse
  /// and the document has none of the fields. Returns true when an array made it multikey. Throws
  /// StoreError cannot-index-parallel-arrays (backend code 171) when two fields are arrays; 16746
  /// when a step of a path is both a position in an array and a field of one of its elements; 16766
  /// for an array in an index with a hashed field, 7246301 for one beside a wildcard.
  /// A wildcard field makes a key for each path that it covers: the path as a string, the value.
  bool make(bson::View document, std::vector<std::string>& keys) const;
  /// The one key of a document whose fields lead to no array, appended to `key`, without
  /// allocating; `found` says whether it has any of the fields. Returns false, and leaves `key` as
  /// it was, when an array is in the way: make() takes it apart.
  bool append_single(bson::View document, std::string& key, bool& found) const;
  [[nodiscard]] const std::vector<IndexField>& fields() const noexcept { return fields_; }
  [[nodiscard]] const WildcardPaths& wildcard() const noexcept { return wildcard_; }

 private:
  bool make_special(bson::View document, std::vector<std::string>& keys) const;
  std::vector<IndexField> fields_;
  bool sparse_;
  bool special_ = false;  // has a hashed or wildcard field
  WildcardPaths wildcard_;
};

}  // namespace quire::store::embedded
