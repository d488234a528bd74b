#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace quire::importer::files {

/// Finds the end of a JSON value whose text comes in pieces, whatever their borders, without
/// keeping it. It follows strings and brackets only: whether the value is one is for others to say.
class JsonSplitter {
 public:
  /// Takes the next piece, up to the end of the value. The number of bytes that belong to it; the
  /// first piece begins with its first byte. A number or a word ends where something follows that
  /// is none of it.
  [[nodiscard]] std::size_t feed(std::string_view piece);
  [[nodiscard]] bool done() const noexcept { return state_ == State::done; }
  /// The text is over: a number or a word may end there.
  [[nodiscard]] bool may_end() const noexcept {
    return state_ == State::done || state_ == State::word;
  }
  void reset() noexcept { *this = {}; }

 private:
  enum class State : std::uint8_t { start, nested, string, escape, word, done };
  [[nodiscard]] const char* in_string(const char* at, const char* end);
  [[nodiscard]] const char* in_brackets(const char* at, const char* end);
  State state_ = State::start;
  std::uint64_t depth_ = 0;
};

}  // namespace quire::importer::files
