#include "quire/core/field_path.hpp"

namespace quire {

void FieldPath::prepend(std::string_view name) {
  std::string joined(name);
  if (!text_.empty() && text_.front() != '[') joined += '.';
  joined += text_;
  text_ = std::move(joined);
}

void FieldPath::prepend_index(std::size_t position) {
  std::string joined = "[" + std::to_string(position) + "]";
  if (!text_.empty() && text_.front() != '[') joined += '.';
  joined += text_;
  text_ = std::move(joined);
}

}  // namespace quire
