#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace quire {

/// Where in a document something is: "orders[2].price". Field names as stored, positions in
/// brackets. The empty path is the document itself. A value; no shared state.
class FieldPath {
 public:
  FieldPath() = default;
  explicit FieldPath(std::string text) : text_(std::move(text)) {}

  /// Puts a field in front: prepend("address") of "city" is "address.city".
  void prepend(std::string_view name);
  /// Puts an array position in front: prepend_index(2) of "price" is "[2].price".
  void prepend_index(std::size_t position);

  [[nodiscard]] const std::string& str() const noexcept { return text_; }
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
  friend bool operator==(const FieldPath&, const FieldPath&) = default;

 private:
  std::string text_;
};

}  // namespace quire
