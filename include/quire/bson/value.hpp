#pragma once

#include <concepts>
#include <string>
#include <string_view>

#include "quire/bson/document.hpp"

namespace quire::bson {

/// One value of any BSON type that owns its bytes; null by default. A free field of a model, an id,
/// an operand. Equality is of type and bytes.
class Value {
 public:
  Value() noexcept = default;  // null
  explicit Value(ValueView view) : type_(view.type()) { bytes_.append(view.data(), view.size()); }
  Value(double v) : Value(Type::double_, &v, sizeof v) {}                // NOLINT: values convert
  Value(bool v) : type_(Type::boolean) { bytes_.push_back(v ? 1 : 0); }  // NOLINT
  Value(std::int32_t v) : Value(Type::int32, &v, sizeof v) {}            // NOLINT
  Value(std::int64_t v) : Value(Type::int64, &v, sizeof v) {}            // NOLINT
  template <std::same_as<long long> T>
  Value(T v) : Value(static_cast<std::int64_t>(v)) {}  // NOLINT: where int64_t is long
  Value(std::string_view v);                                                // NOLINT
  Value(const char* v) : Value(std::string_view(v)) {}                      // NOLINT
  Value(const std::string& v) : Value(std::string_view(v)) {}               // NOLINT
  Value(const ObjectId& v) : Value(Type::object_id, v.bytes.data(), 12) {}  // NOLINT
  Value(const Decimal128& v) : Value(Type::decimal128, &v, 16) {}           // NOLINT
  Value(DateTime v) {                                                       // NOLINT
    const std::int64_t ms = v.time_since_epoch().count();
    *this = Value(Type::date_time, &ms, sizeof ms);
  }
  Value(Timestamp v) : Value(Type::timestamp, &v, 8) {}         // NOLINT
  Value(const Binary& v);                                       // NOLINT
  Value(const Uuid& v);                                         // NOLINT
  Value(const Regex& v);                                        // NOLINT
  Value(const Code& v);                                         // NOLINT
  Value(const Symbol& v);                                       // NOLINT
  Value(Null) noexcept {}                                       // NOLINT
  Value(Undefined) noexcept : type_(Type::undefined) {}         // NOLINT
  Value(MinKey) noexcept : type_(Type::min_key) {}              // NOLINT
  Value(MaxKey) noexcept : type_(Type::max_key) {}              // NOLINT
  Value(const Document& v) : Value(v.view()) {}                 // NOLINT
  Value(View v) : Value(Type::document, v.data(), v.size()) {}  // NOLINT
  /// The bytes of `elements`, whose keys should be "0", "1", …, as an array.
  [[nodiscard]] static Value array(View elements) {
    return Value(Type::array, elements.data(), elements.size());
  }

  [[nodiscard]] Type type() const noexcept { return type_; }
  [[nodiscard]] ValueView view() const noexcept { return {type_, bytes_.data(), bytes_.size()}; }
  operator ValueView() const noexcept {
    return view();
  }  // NOLINT: a Value serves wherever a view does

  friend bool operator==(const Value& a, const Value& b) noexcept {
    return a.type_ == b.type_ && a.bytes_.size() == b.bytes_.size() &&
           (a.bytes_.size() == 0 ||
            std::memcmp(a.bytes_.data(), b.bytes_.data(), a.bytes_.size()) == 0);
  }

 private:
  Value(Type type, const void* bytes, std::size_t n) : type_(type) { bytes_.append(bytes, n); }
  Buffer bytes_;
  Type type_ = Type::null;
};

}  // namespace quire::bson
