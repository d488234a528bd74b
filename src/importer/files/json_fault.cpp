#include "importer/files/json_fault.hpp"

#include "core/ascii.hpp"
#include "quire/bson/view.hpp"

namespace quire::importer::files {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// The value of four hexadecimal digits, or -1.
int hex4(std::string_view text) {
  if (text.size() < 4) return -1;
  int value = 0;
  for (const char c : text.substr(0, 4)) {
    const char lower = static_cast<char>(c | 0x20);
    if (is_digit(c)) {
      value = value * 16 + (c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      value = value * 16 + (lower - 'a' + 10);
    } else {
      return -1;
    }
  }
  return value;
}

/// Bytes of the number at the start of the text; 0 = none.
std::size_t number_length(std::string_view text) noexcept {
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t from = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at > from;
  };
  if (at < text.size() && text[at] == '-') ++at;
  if (at < text.size() && text[at] == '0') {
    ++at;
  } else if (!digits()) {
    return 0;
  }
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (!digits()) return 0;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (!digits()) return 0;
  }
  return at;
}

class Checker {
 public:
  explicit Checker(std::string_view text) : text_(text) {}

  void run() {
    check_utf8();
    space();
    value(1);
    space();
    if (at_ < text_.size()) fail("text behind the value");
  }

 private:
  [[noreturn]] void fail(std::string why) const { throw JsonFault{at_, std::move(why)}; }
  [[nodiscard]] bool has(char c) const { return at_ < text_.size() && text_[at_] == c; }
  void space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  void need(char c, const char* what) {
    space();
    if (at_ == text_.size()) fail("the text ends where " + std::string(what) + " is expected");
    if (text_[at_] != c) fail(std::string(what) + " is expected");
    ++at_;
  }

  void check_utf8() {
    if (bson::is_utf8(text_)) return;
    // Halves until the character that is wrong: what stands before `good` is well-formed.
    std::size_t good = 0;
    while (good < text_.size()) {
      std::size_t length = 1;
      while (length <= 4 && good + length <= text_.size() &&
             !bson::is_utf8(text_.substr(good, length)))
        ++length;
      if (length > 4 || good + length > text_.size()) break;
      good += length;
    }
    at_ = good;
    fail("a byte that is not UTF-8");
  }

  void value(int depth) {
    if (depth > bson::max_depth)
      fail("more than " + std::to_string(bson::max_depth) + " levels of nesting");
    if (at_ == text_.size()) fail("the text ends where a value is expected");
    switch (text_[at_]) {
      case '{':
        return object(depth);
      case '[':
        return array(depth);
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default: {
        const std::size_t length = number_length(text_.substr(at_));
        if (length == 0) fail("no JSON value");
        at_ += length;
        if (at_ < text_.size() && !is_space(text_[at_]) && text_[at_] != ',' && text_[at_] != ']' &&
            text_[at_] != '}')
          fail("a number that does not end");
      }
    }
  }
  void word(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected) fail("no JSON value");
    at_ += expected.size();
  }
  void object(int depth) {
    ++at_;
    space();
    if (has('}')) return void(++at_);
    while (true) {
      space();
      if (!has('"')) fail("a field name in quotes is expected");
      string();
      need(':', "a colon");
      space();
      value(depth + 1);
      space();
      if (has('}')) return void(++at_);
      need(',', "a comma or }");
    }
  }
  void array(int depth) {
    ++at_;
    space();
    if (has(']')) return void(++at_);
    while (true) {
      space();
      value(depth + 1);
      space();
      if (has(']')) return void(++at_);
      need(',', "a comma or ]");
    }
  }
  void string() {
    const std::size_t start = at_++;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') return void(++at_);
      if (static_cast<unsigned char>(c) < 0x20) fail("a control character in a string");
      if (c == '\\') {
        escape();
      } else {
        ++at_;
      }
    }
    at_ = start;
    fail("a string that does not end");
  }
  void escape() {
    const std::string_view rest = text_.substr(at_ + 1);
    if (rest.empty()) return void(++at_);  // the string does not end
    if (rest[0] != 'u') {
      if (std::string_view("\"\\/bfnrt").find(rest[0]) == std::string_view::npos)
        fail("an unknown escape in a string");
      at_ += 2;
      return;
    }
    const int first = hex4(rest.substr(1));
    if (first < 0) fail("four hexadecimal digits follow \\u");
    if (first >= 0xDC00 && first <= 0xDFFF) fail("half of a surrogate pair");
    if (first >= 0xD800 && first <= 0xDBFF) {
      const std::string_view second = rest.size() > 5 ? rest.substr(5) : std::string_view{};
      const int low = second.starts_with("\\u") ? hex4(second.substr(2)) : -1;
      if (low < 0xDC00 || low > 0xDFFF) fail("half of a surrogate pair");
      at_ += 6;
    }
    at_ += 6;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<JsonFault> find_fault(std::string_view text) {
  try {
    Checker(text).run();
  } catch (JsonFault& fault) {
    return std::move(fault);
  }
  return std::nullopt;
}

bool is_json_number(std::string_view token) noexcept {
  return !token.empty() && number_length(token) == token.size();
}

}  // namespace quire::importer::files
