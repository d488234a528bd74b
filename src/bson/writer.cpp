#include "quire/bson/writer.hpp"

#include <charconv>

#include "quire/core/error.hpp"

namespace quire::bson {

Writer& Writer::end() {
  if (levels_.size() < 2)
    throw Error(ErrorCode::internal, "Writer::end() without an open document or array");
  const auto start = levels_.back().start;
  levels_.pop_back();
  buffer_.push_back(0);
  const auto size = static_cast<std::int32_t>(buffer_.size() - start);
  std::memcpy(buffer_.data() + start, &size, sizeof size);
  return *this;
}

Document Writer::finish() {
  (void)finish_view();
  Document document(std::move(buffer_));
  reset();
  return document;
}

View Writer::finish_view() {
  if (levels_.size() != 1)
    throw Error(ErrorCode::internal, "Writer::finish() with an open document or array");
  levels_.pop_back();
  buffer_.push_back(0);
  const auto size = static_cast<std::int32_t>(buffer_.size());
  std::memcpy(buffer_.data(), &size, sizeof size);
  return {buffer_.data(), buffer_.size()};
}

void Writer::reset() {
  buffer_.clear();
  levels_.clear();
  open();
}

std::string_view Writer::next_index(char (&digits)[12]) {
  const auto end = std::to_chars(digits, digits + sizeof digits, levels_.back().next++).ptr;
  return {digits, static_cast<std::size_t>(end - digits)};
}

void Writer::fail_key(std::string_view key) {
  throw MappingError(ErrorCode::invalid_key, "a field name holds a zero byte after \"" +
                                                 std::string(key.substr(0, key.find('\0'))) + "\"");
}

}  // namespace quire::bson
