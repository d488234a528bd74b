#pragma once

#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>
#include <string_view>

#include "quire/bson/types.hpp"

namespace quire::bson {

class View;

/// BSON is little-endian; so are all machines that quire supports (checked in view.cpp).
template <class T>
[[nodiscard]] inline T load(const std::uint8_t* bytes) noexcept {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

/// One value inside a document's bytes: its type and payload. Non-owning: valid as long as the
/// bytes are. The payload's extent was checked when it was reached through a View, so the accessors
/// never read outside of it; what is nested inside is checked when it is walked in turn.
class ValueView {
 public:
  constexpr ValueView() noexcept = default;  // null
  constexpr ValueView(Type type, const std::uint8_t* data, std::size_t size) noexcept
      : data_(data), size_(static_cast<std::uint32_t>(size)), type_(type) {}

  [[nodiscard]] constexpr Type type() const noexcept { return type_; }
  /// The payload as it stands in the document: after the key.
  [[nodiscard]] constexpr const std::uint8_t* data() const noexcept { return data_; }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }

  [[nodiscard]] bool is_number() const noexcept {
    return type_ == Type::int32 || type_ == Type::int64 || type_ == Type::double_ ||
           type_ == Type::decimal128;
  }
  [[nodiscard]] bool is_null() const noexcept { return type_ == Type::null; }
  [[nodiscard]] bool is_document() const noexcept { return type_ == Type::document; }
  [[nodiscard]] bool is_array() const noexcept { return type_ == Type::array; }
  [[nodiscard]] bool is_string() const noexcept { return type_ == Type::string; }

  // Each throws MappingError type_mismatch for a value of another type.
  [[nodiscard]] double as_double() const { return expect(Type::double_), load<double>(data_); }
  [[nodiscard]] std::int32_t as_int32() const {
    return expect(Type::int32), load<std::int32_t>(data_);
  }
  [[nodiscard]] std::int64_t as_int64() const {
    return expect(Type::int64), load<std::int64_t>(data_);
  }
  [[nodiscard]] bool as_bool() const { return expect(Type::boolean), *data_ != 0; }
  [[nodiscard]] DateTime as_date_time() const {
    return expect(Type::date_time), DateTime{std::chrono::milliseconds{load<std::int64_t>(data_)}};
  }
  [[nodiscard]] std::string_view as_string() const { return expect(Type::string), text(); }
  [[nodiscard]] ObjectId as_object_id() const;
  [[nodiscard]] Decimal128 as_decimal128() const;
  [[nodiscard]] Timestamp as_timestamp() const;
  [[nodiscard]] BinaryView as_binary()
      const;  ///< of the old subtype 2 too, without its inner length
  [[nodiscard]] RegexView as_regex() const;
  [[nodiscard]] std::string_view as_code() const { return expect(Type::code), text(); }
  [[nodiscard]] std::string_view as_symbol() const { return expect(Type::symbol), text(); }
  [[nodiscard]] View as_document() const;
  [[nodiscard]] View as_array() const;
  /// Document or array alike.
  [[nodiscard]] View as_nested() const;

  /// The text of string, code or symbol, unchecked.
  [[nodiscard]] std::string_view text() const noexcept {
    return {reinterpret_cast<const char*>(data_) + 4, size_ - 5U};
  }

 private:
  void expect(Type type) const {
    if (type_ != type) fail_type(type);
  }
  [[noreturn]] void fail_type(Type wanted) const;

  const std::uint8_t* data_ = nullptr;
  std::uint32_t size_ = 0;
  Type type_ = Type::null;
};

/// A field: name and value.
struct Element {
  std::string_view key;
  ValueView value;
};

namespace detail {
[[noreturn]] void fail_bson(const char* what, std::size_t offset);
/// The payload's size of a value of `type` at `at`, `left` bytes before the document's end; throws
/// FormatError malformed_bson when it reaches beyond or contradicts itself.
[[nodiscard]] std::size_t payload_size_slow(std::uint8_t type, const std::uint8_t* at,
                                            std::size_t left);
[[nodiscard]] inline std::size_t payload_size(std::uint8_t type, const std::uint8_t* at,
                                              std::size_t left) {
  switch (static_cast<Type>(type)) {
    case Type::int32:
      if (left >= 4) [[likely]]
        return 4;
      break;
    case Type::double_:
    case Type::int64:
    case Type::date_time:
      if (left >= 8) [[likely]]
        return 8;
      break;
    case Type::string: {
      if (left < 5) break;
      const auto length = load<std::uint32_t>(at);
      if (length < 1 || length > left - 4 || at[3 + length] != 0) break;
      return std::size_t{length} + 4;
    }
    case Type::document:
    case Type::array: {
      if (left < 5) break;
      const auto length = load<std::uint32_t>(at);
      if (length < 5 || length > left || at[length - 1] != 0) break;
      return length;
    }
    default:
      break;
  }
  return payload_size_slow(type, at, left);
}
}  // namespace detail

/// A document's bytes, or an array's, read in place. Non-owning.
/// Untrusted bytes are safe: each step of an iteration checks the element that it reaches, and
/// throws FormatError malformed_bson where it does not fit. validate() checks everything at once.
/// Threads: reading is safe from many.
class View {
 public:
  class Iterator {
   public:
    using value_type = Element;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::forward_iterator_tag;
    using reference = const Element&;
    using pointer = const Element*;

    Iterator() = default;
    Iterator(const std::uint8_t* at, const std::uint8_t* end) : next_(at), end_(end) { advance(); }
    [[nodiscard]] const Element& operator*() const noexcept { return element_; }
    [[nodiscard]] const Element* operator->() const noexcept { return &element_; }
    Iterator& operator++() {
      advance();
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      advance();
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept { return a.at_ == b.at_; }
    friend bool operator==(const Iterator& a, std::default_sentinel_t) noexcept {
      return a.at_ == nullptr;
    }
    /// The element's first byte (its type), for copying it as a whole up to value.data() +
    /// value.size().
    [[nodiscard]] const std::uint8_t* raw() const noexcept { return at_; }

   private:
    void advance() {
      at_ = next_;
      if (at_ == end_) {  // the closing zero byte
        at_ = nullptr;
        return;
      }
      const std::uint8_t type = *at_;
      const auto* key = at_ + 1;
      const auto* zero = static_cast<const std::uint8_t*>(
          std::memchr(key, 0, static_cast<std::size_t>(end_ - key)));
      if (zero == nullptr) detail::fail_bson("a field name that does not end", 0);
      const auto* payload = zero + 1;
      const std::size_t size =
          detail::payload_size(type, payload, static_cast<std::size_t>(end_ - payload));
      element_.key = {reinterpret_cast<const char*>(key), static_cast<std::size_t>(zero - key)};
      element_.value = ValueView(static_cast<Type>(type), payload, size);
      next_ = payload + size;
    }
    const std::uint8_t* at_ = nullptr;  // null = at the end
    const std::uint8_t* next_ = nullptr;
    const std::uint8_t* end_ = nullptr;  // of the closing zero byte
    Element element_;
  };

  /// The empty document.
  constexpr View() noexcept = default;
  /// Throws FormatError malformed_bson when the length at the start, `size` and the closing zero
  /// byte do not agree. The fields are checked when they are reached.
  View(const std::uint8_t* data, std::size_t size)
      : data_(data), size_(static_cast<std::uint32_t>(size)) {
    if (size < 5 || size > 0x7FFFFFFF || load<std::uint32_t>(data) != size || data[size - 1] != 0)
      fail_header(size);
  }

  [[nodiscard]] const std::uint8_t* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 5; }

  [[nodiscard]] Iterator begin() const { return {data_ + 4, data_ + size_ - 1}; }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

  /// The first field of that name, no path. Linear.
  [[nodiscard]] std::optional<ValueView> find(std::string_view key) const {
    for (auto it = begin(); it != end(); ++it) {
      if (it->key == key) return it->value;
    }
    return std::nullopt;
  }
  /// As find, but throws MappingError missing_field.
  [[nodiscard]] ValueView operator[](std::string_view key) const;
  [[nodiscard]] bool contains(std::string_view key) const { return find(key).has_value(); }
  /// Number of fields. Linear.
  [[nodiscard]] std::size_t count() const {
    std::size_t n = 0;
    for (auto it = begin(); it != end(); ++it) ++n;
    return n;
  }

  /// Byte equality: types, order and bits are the same.
  friend bool operator==(const View& a, const View& b) noexcept {
    return a.size_ == b.size_ && std::memcmp(a.data_, b.data_, a.size_) == 0;
  }

 private:
  [[noreturn]] static void fail_header(std::size_t size);
  static constexpr std::uint8_t empty_bytes_[5] = {5, 0, 0, 0, 0};
  const std::uint8_t* data_ = empty_bytes_;
  std::uint32_t size_ = 5;
};

inline View ValueView::as_document() const { return expect(Type::document), View(data_, size_); }
inline View ValueView::as_array() const { return expect(Type::array), View(data_, size_); }

/// What validate() looks at beyond structure.
struct ValidateOptions {
  bool utf8 = true;          ///< text and field names are UTF-8
  bool array_keys = false;   ///< arrays count "0", "1", …
  bool unique_keys = false;  ///< no field twice in one document
  std::size_t max_bytes = max_document_bytes;
  int depth = max_depth;
};
/// Walks the whole document. Throws FormatError malformed_bson, MappingError invalid_utf8,
/// duplicate_field, document_too_large or too_deep with the path.
void validate(View document, const ValidateOptions& options = {});

/// Whether the bytes are well-formed UTF-8 (no surrogates, no overlong forms).
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

}  // namespace quire::bson
