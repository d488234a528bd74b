#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "bson/json_wrappers.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::bson {

namespace {

/// Reads JSON straight into a Writer. An object whose first name is that of a type ("$numberLong")
/// is read as a document first and then turned into the value (json_wrappers.cpp).
class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  Document read() {
    space();
    if (at_ == text_.size()) fail("an empty text; a document begins with {");
    if (text_[at_] != '{') fail("a document begins with {");
    ++at_;
    Writer writer;
    members(writer, 1);
    space();
    if (at_ != text_.size()) fail("text behind the document's end");
    if (writer.size() + 1 > max_document_bytes) {
      throw MappingError(ErrorCode::document_too_large, "the document is over 16 MiB");
    }
    return writer.finish();
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    std::size_t line = 1;
    std::size_t start = 0;
    for (std::size_t i = 0; i < at_ && i < text_.size(); ++i) {
      if (text_[i] == '\n') {
        ++line;
        start = i + 1;
      }
    }
    throw FormatError(ErrorCode::malformed_json,
                      what + " (offset " + std::to_string(at_) + ", line " + std::to_string(line) +
                          ", column " + std::to_string(at_ - start + 1) + ")");
  }

  void space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r'))
      ++at_;
  }
  char peek() {
    space();
    if (at_ == text_.size()) fail("the text ends within the document");
    return text_[at_];
  }
  void want(char c) {
    if (peek() != c) fail(std::string("expected '") + c + "', found '" + text_[at_] + "'");
    ++at_;
  }

  /// The members of an object up to and with its closing brace, into the innermost open document.
  void members(Writer& writer, int depth) {
    if (depth > max_depth) throw MappingError(ErrorCode::too_deep, "nested over 100 levels");
    if (peek() == '}') {
      ++at_;
      return;
    }
    for (;;) {
      if (peek() != '"') fail("a field name begins with a double quote");
      const std::size_t start = at_;
      const std::string name = string();
      if (name.find('\0') != std::string::npos) {
        at_ = start;
        fail("a field name holds a zero character");
      }
      want(':');
      value(writer, name, depth);
      if (peek() == ',') {
        ++at_;
        continue;
      }
      want('}');
      return;
    }
  }

  void elements(Writer& writer, int depth) {
    if (depth > max_depth) throw MappingError(ErrorCode::too_deep, "nested over 100 levels");
    if (peek() == ']') {
      ++at_;
      return;
    }
    char digits[16];
    for (std::uint32_t i = 0;; ++i) {
      const auto end = std::to_chars(digits, digits + sizeof digits, i).ptr;
      value(writer, {digits, static_cast<std::size_t>(end - digits)}, depth);
      if (peek() == ',') {
        ++at_;
        continue;
      }
      want(']');
      return;
    }
  }

  void value(Writer& writer, std::string_view name, int depth) {
    switch (peek()) {
      case '"':
        writer.append(name, string());
        return;
      case '{':
        object(writer, name, depth);
        return;
      case '[':
        ++at_;
        writer.begin_array(name);
        elements(writer, depth + 1);
        writer.end();
        return;
      case 't':
        word("true");
        writer.append(name, true);
        return;
      case 'f':
        word("false");
        writer.append(name, false);
        return;
      case 'n':
        word("null");
        writer.append_null(name);
        return;
      default:
        number(writer, name);
    }
  }

  void object(Writer& writer, std::string_view name, int depth) {
    const std::size_t start = at_++;
    if (peek() == '"' && at_ + 1 < text_.size() && text_[at_ + 1] == '$') {
      // Perhaps a type: only its first name tells.
      const std::size_t name_at = at_;
      const std::string first = string();
      at_ = name_at;
      if (detail::is_wrapper(first)) {
        Writer inner;
        members(inner, depth + 1);
        Value read;
        if (const auto wrong = detail::unwrap(inner.finish_view(), read); !wrong.empty()) {
          at_ = start;
          fail(wrong);
        }
        writer.append(name, read.view());
        return;
      }
    }
    writer.begin_document(name);
    members(writer, depth + 1);
    writer.end();
  }

  void word(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected)
      fail("neither a value nor true, false or null");
    at_ += expected.size();
  }

  void number(Writer& writer, std::string_view name) {
    const std::size_t start = at_;
    const auto digit = [&] { return at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; };
    const auto digits = [&] {
      if (!digit()) fail("a digit is missing in a number, or this is no value");
      while (digit()) ++at_;
    };
    if (text_[at_] == '-') ++at_;
    if (at_ < text_.size() && text_[at_] == '0') {
      ++at_;
      if (digit()) fail("a number does not begin with 0");
    } else {
      digits();
    }
    bool whole = true;
    if (at_ < text_.size() && text_[at_] == '.') {
      whole = false;
      ++at_;
      digits();
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      whole = false;
      ++at_;
      if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
      digits();
    }
    const char* first = text_.data() + start;
    const char* last = text_.data() + at_;
    if (whole) {
      std::int64_t integer = 0;
      if (std::from_chars(first, last, integer).ec == std::errc{}) {
        if (integer >= std::numeric_limits<std::int32_t>::min() &&
            integer <= std::numeric_limits<std::int32_t>::max()) {
          writer.append(name, static_cast<std::int32_t>(integer));
        } else {
          writer.append(name, integer);
        }
        return;
      }
    }
    double real = 0;
    if (std::from_chars(first, last, real).ec == std::errc::result_out_of_range) {
      // Too large becomes infinite, too small zero: strtod tells which.
      real = std::strtod(std::string(first, last).c_str(), nullptr);
      if (std::isinf(real)) {
        at_ = start;
        fail("a number beyond the range of a double; write {\"$numberDecimal\": \"…\"}");
      }
    }
    writer.append(name, real);
  }

  std::uint32_t hex4() {
    if (text_.size() - at_ < 4) fail("four hexadecimal digits follow \\u");
    std::uint32_t code = 0;
    const auto result = std::from_chars(text_.data() + at_, text_.data() + at_ + 4, code, 16);
    if (result.ec != std::errc{} || result.ptr != text_.data() + at_ + 4)
      fail("four hexadecimal digits follow \\u");
    at_ += 4;
    return code;
  }

  static void put_utf8(std::string& out, std::uint32_t code) {
    if (code < 0x80) {
      out += static_cast<char>(code);
    } else if (code < 0x800) {
      out += static_cast<char>(0xC0 | code >> 6);
      out += static_cast<char>(0x80 | (code & 63));
    } else if (code < 0x10000) {
      out += static_cast<char>(0xE0 | code >> 12);
      out += static_cast<char>(0x80 | (code >> 6 & 63));
      out += static_cast<char>(0x80 | (code & 63));
    } else {
      out += static_cast<char>(0xF0 | code >> 18);
      out += static_cast<char>(0x80 | (code >> 12 & 63));
      out += static_cast<char>(0x80 | (code >> 6 & 63));
      out += static_cast<char>(0x80 | (code & 63));
    }
  }

  std::string string() {
    const std::size_t start = at_++;
    std::string out;
    for (;;) {
      std::size_t run = at_;
      while (run < text_.size() && text_[run] != '"' && text_[run] != '\\' &&
             static_cast<unsigned char>(text_[run]) >= 0x20)
        ++run;
      out.append(text_, at_, run - at_);
      at_ = run;
      if (at_ == text_.size()) {
        at_ = start;
        fail("a string that does not end");
      }
      const char c = text_[at_++];
      if (c == '"') break;
      if (c != '\\') {
        --at_;
        fail("a control character in a string; write it as \\u00XX");
      }
      if (at_ == text_.size()) fail("the text ends within a string");
      switch (text_[at_++]) {
        case '"':
          out += '"';
          break;
        case '\\':
          out += '\\';
          break;
        case '/':
          out += '/';
          break;
        case 'b':
          out += '\b';
          break;
        case 'f':
          out += '\f';
          break;
        case 'n':
          out += '\n';
          break;
        case 'r':
          out += '\r';
          break;
        case 't':
          out += '\t';
          break;
        case 'u':
          escape(out);
          break;
        default:
          --at_;
          fail("no such escape in a string");
      }
    }
    if (!is_utf8(out)) {
      throw MappingError(ErrorCode::invalid_utf8,
                         "a string at offset " + std::to_string(start) + " is not UTF-8");
    }
    return out;
  }

  void escape(std::string& out) {
    std::uint32_t code = hex4();
    if (code >= 0xDC00 && code < 0xE000) fail("a low surrogate without a high one before it");
    if (code >= 0xD800 && code < 0xDC00) {
      if (text_.substr(at_, 2) != "\\u") fail("a high surrogate without a low one behind it");
      at_ += 2;
      const std::uint32_t low = hex4();
      if (low < 0xDC00 || low >= 0xE000) fail("a high surrogate without a low one behind it");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    put_utf8(out, code);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Document from_json(std::string_view json) { return JsonReader(json).read(); }

}  // namespace quire::bson
