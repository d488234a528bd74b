#pragma once

#include <string_view>
#include <vector>

#include "quire/bson/document.hpp"
#include "quire/bson/value.hpp"

namespace quire::bson {

/// Writes one document field by field into one growing buffer; no tree in between.
///   Writer w;
///   w.append("name", "Ada");
///   w.begin_array("tags"); w.push("admin"); w.end();
///   Document d = w.finish();
/// Field names hold no zero byte: MappingError invalid_key. Sizes are checked where a document is
/// stored, not here. Not thread-safe.
class Writer {
 public:
  Writer() { open(); }
  /// Goes on in a buffer that is kept between documents; its contents are dropped.
  explicit Writer(Buffer buffer) : buffer_(std::move(buffer)) {
    buffer_.clear();
    open();
  }

  Writer& append(std::string_view key, ValueView value) {
    header(value.type(), key);
    buffer_.append(value.data(), value.size());
    return *this;
  }
  Writer& append(std::string_view key, const Value& value) { return append(key, value.view()); }
  Writer& append(std::string_view key, std::string_view text) {
    header(Type::string, key);
    put_text(text);
    return *this;
  }
  Writer& append(std::string_view key, const char* text) {
    return append(key, std::string_view(text));
  }
  Writer& append(std::string_view key, const std::string& text) {
    return append(key, std::string_view(text));
  }
  Writer& append(std::string_view key, double v) { return fixed(Type::double_, key, v); }
  Writer& append(std::string_view key, std::int32_t v) { return fixed(Type::int32, key, v); }
  Writer& append(std::string_view key, std::int64_t v) { return fixed(Type::int64, key, v); }
  Writer& append(std::string_view key, bool v) {
    return fixed(Type::boolean, key, static_cast<std::uint8_t>(v));
  }
  Writer& append(std::string_view key, DateTime v) {
    return fixed(Type::date_time, key, static_cast<std::int64_t>(v.time_since_epoch().count()));
  }
  Writer& append(std::string_view key, const ObjectId& v) {
    return fixed(Type::object_id, key, v.bytes);
  }
  Writer& append(std::string_view key, View document) {
    header(Type::document, key);
    buffer_.append(document.data(), document.size());
    return *this;
  }
  Writer& append(std::string_view key, const Document& document) {
    return append(key, document.view());
  }
  Writer& append_array(std::string_view key, View elements) {
    header(Type::array, key);
    buffer_.append(elements.data(), elements.size());
    return *this;
  }
  Writer& append_null(std::string_view key) {
    header(Type::null, key);
    return *this;
  }
  /// All fields of another document.
  Writer& append_all(View document) {
    buffer_.append(document.data() + 4, document.size() - 5);
    return *this;
  }
  /// An element with its key as it stands: from View::Iterator::raw() to value end.
  Writer& append_raw(const Element& element) { return append(element.key, element.value); }

  /// Opens a nested document or array under `key`; end() closes the innermost.
  Writer& begin_document(std::string_view key) {
    header(Type::document, key);
    open();
    return *this;
  }
  Writer& begin_array(std::string_view key) {
    header(Type::array, key);
    open();
    return *this;
  }
  Writer& end();

  /// The next element of the array (or document read as one) that is open: keys "0", "1", …
  template <class T>
  Writer& push(const T& value) {
    char digits[12];
    return append(next_index(digits), value);
  }
  Writer& push_array(View elements) {
    char digits[12];
    return append_array(next_index(digits), elements);
  }
  Writer& push_document_begin() {
    char digits[12];
    return begin_document(next_index(digits));
  }
  Writer& push_array_begin() {
    char digits[12];
    return begin_array(next_index(digits));
  }

  /// Bytes so far, all levels.
  [[nodiscard]] std::size_t size() const noexcept { return buffer_.size(); }
  /// Number of levels open; 1 = the document itself.
  [[nodiscard]] std::size_t depth() const noexcept { return levels_.size(); }

  /// Closes the document and gives it away; the writer then begins a new one.
  /// Throws Error internal when a nested one is still open.
  [[nodiscard]] Document finish();
  /// As finish, but the bytes stay here until the next call of reset().
  [[nodiscard]] View finish_view();
  void reset();

 private:
  struct Level {
    std::size_t start;
    std::uint32_t next = 0;
  };
  void open() {
    levels_.push_back({buffer_.size()});
    buffer_.put(std::int32_t{0});
  }
  void header(Type type, std::string_view key) {
    auto* at = buffer_.reserve(key.size() + 2);
    *at++ = static_cast<std::uint8_t>(type);
    if (!key.empty()) {
      if (std::memchr(key.data(), 0, key.size()) != nullptr) fail_key(key);
      std::memcpy(at, key.data(), key.size());
    }
    at[key.size()] = 0;
    buffer_.set_end(at + key.size() + 1);
  }
  void put_text(std::string_view text) {
    buffer_.put(static_cast<std::int32_t>(text.size() + 1));
    buffer_.append(text.data(), text.size());
    buffer_.push_back(0);
  }
  template <class T>
  Writer& fixed(Type type, std::string_view key, const T& v) {
    header(type, key);
    buffer_.append(&v, sizeof v);
    return *this;
  }
  std::string_view next_index(char (&digits)[12]);
  [[noreturn]] static void fail_key(std::string_view key);

  Buffer buffer_;
  std::vector<Level> levels_;
};

namespace detail {
inline void append_pairs(Writer&) {}
template <class V, class... Rest>
void append_pairs(Writer& writer, std::string_view key, const V& value, const Rest&... rest) {
  writer.append(key, value);
  append_pairs(writer, rest...);
}
}  // namespace detail

/// A document of the pairs given: make_document("a", 1, "b", "text").
template <class... Pairs>
[[nodiscard]] Document make_document(const Pairs&... pairs) {
  static_assert(sizeof...(Pairs) % 2 == 0, "quire: make_document takes name and value in turn.");
  Writer writer;
  detail::append_pairs(writer, pairs...);
  return writer.finish();
}

/// The elements of an array value: make_array(1, "two"). Pass it to Writer::append_array or
/// Value::array.
template <class... Values>
[[nodiscard]] Document make_array(const Values&... values) {
  Writer writer;
  (writer.push(values), ...);
  return writer.finish();
}

}  // namespace quire::bson
