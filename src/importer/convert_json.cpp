#include <charconv>
#include <cmath>
#include <string>
#include <unordered_set>
#include <vector>

#include "core/ascii.hpp"
#include "importer/convert.hpp"

namespace quire::importer {
namespace {

/// What is wrong; caught in this file.
struct NoJson {
  std::string why;
};

/// Names of one object, to tell one that comes twice.
class UsedNames {
 public:
  void add(std::string name) {
    if (few_.size() < 16) {
      for (const std::string& one : few_) {
        if (one == name) throw NoJson{"the name \"" + name + "\" comes twice in one object"};
      }
      few_.push_back(std::move(name));
      return;
    }
    if (many_.empty()) many_.insert(few_.begin(), few_.end());
    const auto [at, added] = many_.insert(std::move(name));
    if (!added) throw NoJson{"the name \"" + *at + "\" comes twice in one object"};
  }

 private:
  std::vector<std::string> few_;
  std::unordered_set<std::string> many_;
};

class JsonText {
 public:
  JsonText(bson::Writer& out, std::string_view text) : out_(out), text_(text) {}

  void read(std::string_view key) {
    value(key);
    space();
    if (at_ != text_.size()) fail("there is text behind the value");
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw NoJson{what + " at offset " + std::to_string(at_)};
  }
  void space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
      ++at_;
  }
  char peek() {
    space();
    if (at_ == text_.size()) fail("the text ends within the value");
    return text_[at_];
  }
  bool skip(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void want(char c) {
    if (!skip(c)) fail(std::string("'") + c + "' is missing");
  }
  void word(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected) fail("there is no value");
    at_ += expected.size();
  }

  void value(std::string_view key) {
    switch (peek()) {
      case '{':
        ++at_;
        deeper();
        out_.begin_document(key);
        members();
        out_.end();
        return;
      case '[':
        ++at_;
        deeper();
        out_.begin_array(key);
        elements();
        out_.end();
        return;
      case '"':
        out_.append(key, string());
        return;
      case 't':
        word("true");
        out_.append(key, true);
        return;
      case 'f':
        word("false");
        out_.append(key, false);
        return;
      case 'n':
        word("null");
        out_.append_null(key);
        return;
      default:
        number(key);
    }
  }

  void deeper() const {
    if (out_.depth() >= static_cast<std::size_t>(bson::max_depth))
      fail("it is nested over " + std::to_string(bson::max_depth) + " levels");
  }

  void members() {
    if (skip('}')) return;
    UsedNames names;
    do {
      if (peek() != '"') fail("a name is missing");
      std::string name = string();
      if (name.find('\0') != std::string::npos) fail("a name holds a zero character before");
      want(':');
      names.add(name);
      value(name);
    } while (skip(','));
    want('}');
  }

  void elements() {
    if (skip(']')) return;
    std::uint32_t index = 0;
    char digits[12];
    do {
      const auto end = std::to_chars(digits, digits + sizeof digits, index++).ptr;
      value({digits, static_cast<std::size_t>(end - digits)});
    } while (skip(','));
    want(']');
  }

  std::string string() {
    std::string out;
    ++at_;
    for (;;) {
      const std::size_t end = text_.find_first_of("\"\\", at_);
      if (end == text_.npos) {
        at_ = text_.size();
        fail("a string does not end");
      }
      for (std::size_t i = at_; i < end; ++i) {
        if (static_cast<unsigned char>(text_[i]) < 0x20) {
          at_ = i;
          fail("a string holds a control character");
        }
      }
      out += text_.substr(at_, end - at_);
      at_ = end + 1;
      if (text_[end] == '"') return out;
      escape(out);
    }
  }

  void escape(std::string& out) {
    const char c = at_ < text_.size() ? text_[at_++] : '\0';
    switch (c) {
      case 'b':
        out += '\b';
        return;
      case 'f':
        out += '\f';
        return;
      case 'n':
        out += '\n';
        return;
      case 'r':
        out += '\r';
        return;
      case 't':
        out += '\t';
        return;
      case '"':
      case '\\':
      case '/':
        out += c;
        return;
      case 'u':
        append_code(out, code());
        return;
      default:
        fail("an unknown escape");
    }
  }

  std::uint32_t hex() {
    std::uint32_t value = 0;
    if (at_ + 4 > text_.size()) fail("\\u takes four hexadecimal digits");
    const auto [end, error] =
        std::from_chars(text_.data() + at_, text_.data() + at_ + 4, value, 16);
    if (error != std::errc() || end != text_.data() + at_ + 4)
      fail("\\u takes four hexadecimal digits");
    at_ += 4;
    return value;
  }
  std::uint32_t code() {
    const std::uint32_t first = hex();
    if (first < 0xD800 || first > 0xDFFF) return first;
    if (first > 0xDBFF || text_.substr(at_, 2) != "\\u") fail("half of a surrogate pair");
    at_ += 2;
    const std::uint32_t second = hex();
    if (second < 0xDC00 || second > 0xDFFF) fail("half of a surrogate pair");
    return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
  }
  static void append_code(std::string& out, std::uint32_t code) {
    const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
      put(code);
    } else if (code < 0x800) {
      put(0xC0 | code >> 6);
      put(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
      put(0xE0 | code >> 12);
      put(0x80 | (code >> 6 & 0x3F));
      put(0x80 | (code & 0x3F));
    } else {
      put(0xF0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3F));
      put(0x80 | (code >> 6 & 0x3F));
      put(0x80 | (code & 0x3F));
    }
  }

  bool digits() {
    const std::size_t start = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    return at_ != start;
  }
  bool next_is(char c) const { return at_ < text_.size() && text_[at_] == c; }

  void number(std::string_view key) {
    const std::size_t start = at_;
    if (next_is('-')) ++at_;
    const bool zero = next_is('0');
    const std::size_t first = at_;
    if (!digits()) fail("there is no value");
    if (zero && at_ != first + 1) fail("a number begins with 0");
    bool whole = true;
    if (next_is('.')) {
      whole = false;
      ++at_;
      if (!digits()) fail("digits are missing");
    }
    if (next_is('e') || next_is('E')) {
      whole = false;
      ++at_;
      if (next_is('+') || next_is('-')) ++at_;
      if (!digits()) fail("digits are missing");
    }
    append_number(key, text_.substr(start, at_ - start), whole);
  }

  void append_number(std::string_view key, std::string_view text, bool whole) {
    const char* end = text.data() + text.size();
    std::int64_t integer = 0;
    if (whole && std::from_chars(text.data(), end, integer).ec == std::errc()) {
      if (integer == static_cast<std::int32_t>(integer))
        out_.append(key, static_cast<std::int32_t>(integer));
      else
        out_.append(key, integer);
      return;
    }
    bson::Decimal128 decimal;
    if (whole && text.size() <= 35 && decimal_of_text(text, decimal)) {
      out_.append(key, bson::ValueView(bson::Type::decimal128,
                                       reinterpret_cast<const std::uint8_t*>(&decimal), 16));
      return;
    }
    double real = 0;
    const auto result = std::from_chars(text.data(), end, real);
    if (result.ec == std::errc::result_out_of_range) {
      // Nothing is written for these: too small is 0 as everywhere, too large is no number.
      const auto exponent = text.find_first_of("eE");
      const bool small =
          exponent == text.npos ? text.find('.') != text.npos : text[exponent + 1] == '-';
      if (!small) fail("a number over what a double holds");
      real = text.front() == '-' ? -0.0 : 0.0;
    }
    out_.append(key, real);
  }

  bson::Writer& out_;
  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::string append_json_text(bson::Writer& out, std::string_view key, std::string_view text) {
  try {
    JsonText(out, text).read(key);
    return {};
  } catch (const NoJson& wrong) {
    return "it is no JSON that a document can hold: " + wrong.why;
  }
}

}  // namespace quire::importer
