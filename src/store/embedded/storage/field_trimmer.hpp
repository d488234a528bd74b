#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "quire/bson/view.hpp"

namespace quire::store::embedded {

/// Copies documents with some of their fields only, in the documents' order. One thread.
class FieldTrimmer {
 public:
  /// `names`: of the fields of a document that are kept; each once.
  explicit FieldTrimmer(std::vector<std::string> names) : names_(std::move(names)) {}

  /// Valid until the next call.
  [[nodiscard]] bson::View trim(bson::View document) {
    bytes_.assign(4, 0);
    std::size_t left = names_.size();
    for (auto it = document.begin(); left > 0 && it != document.end(); ++it) {
      const auto& field = *it;
      if (std::find(names_.begin(), names_.end(), field.key) == names_.end()) continue;
      --left;
      // The type, the name and its end, the value.
      const auto* begin = reinterpret_cast<const std::uint8_t*>(field.key.data()) - 1;
      bytes_.insert(bytes_.end(), begin, field.value.data() + field.value.size());
    }
    bytes_.push_back(0);
    const auto size = static_cast<std::uint32_t>(bytes_.size());
    std::memcpy(bytes_.data(), &size, sizeof size);
    return {bytes_.data(), bytes_.size()};
  }

 private:
  std::vector<std::string> names_;
  std::vector<std::uint8_t> bytes_;
};

}  // namespace quire::store::embedded
