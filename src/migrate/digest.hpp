#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "quire/bson/view.hpp"

namespace quire::migrate {

struct Hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend bool operator==(const Hash128&, const Hash128&) = default;
};
/// XXH3_128 of a document's bytes.
[[nodiscard]] Hash128 hash_of(bson::View document) noexcept;

/// Number of documents and the sum modulo 2^128 of their hashes, in any order.
class Digest {
 public:
  void add(Hash128 hash) noexcept {
    ++documents_;
    sum_.low += hash.low;
    sum_.high += hash.high + (sum_.low < hash.low ? 1 : 0);
  }
  void add(bson::View document) noexcept { add(hash_of(document)); }
  void add(const Digest& other) noexcept {
    add(other.sum_);
    documents_ += other.documents_ - 1;
  }
  [[nodiscard]] std::int64_t documents() const noexcept { return documents_; }
  /// The sum as 32 hexadecimal digits, the higher half first.
  [[nodiscard]] std::string hex() const;
  /// From hex(); anything else counts as 0.
  [[nodiscard]] static Digest from(std::int64_t documents, std::string_view hex) noexcept;
  friend bool operator==(const Digest&, const Digest&) = default;

 private:
  std::int64_t documents_ = 0;
  Hash128 sum_;
};

}  // namespace quire::migrate
