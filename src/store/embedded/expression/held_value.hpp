#pragma once

#include <string>
#include <string_view>

#include "store/embedded/expression/expression.hpp"

/// What accumulators and windows keep of values that live elsewhere.
namespace quire::store::embedded {

/// A value that is kept; its memory is used again by the next one.
class HeldValue {
 public:
  HeldValue() = default;
  explicit HeldValue(bson::ValueView value) { set(value); }
  void set(bson::ValueView value) {
    type_ = value.type();
    bytes_.assign(reinterpret_cast<const char*>(value.data()), value.size());
  }
  [[nodiscard]] bson::ValueView view() const noexcept {
    return {type_, reinterpret_cast<const std::uint8_t*>(bytes_.data()), bytes_.size()};
  }
  /// Bytes that it holds beside the object.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_.size(); }

 private:
  bson::Type type_ = missing.type();
  std::string bytes_;
};

/// Values one after the other, to become an array.
class ValueList {
 public:
  /// Not missing.
  void push(bson::ValueView value) {
    const auto size = static_cast<std::uint32_t>(value.size());
    bytes_.push_back(static_cast<char>(value.type()));
    bytes_.append(reinterpret_cast<const char*>(&size), sizeof size);
    bytes_.append(reinterpret_cast<const char*>(value.data()), value.size());
    ++count_;
  }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_.size(); }
  void clear() noexcept {
    bytes_.clear();
    count_ = 0;
  }
  [[nodiscard]] bson::ValueView array(Evaluation& e) const {
    Evaluation::Builder out(e);
    const auto* at = reinterpret_cast<const std::uint8_t*>(bytes_.data());
    for (std::size_t i = 0; i < count_; ++i) {
      const auto type = static_cast<bson::Type>(*at);
      const auto size = bson::load<std::uint32_t>(at + 1);
      out->push(bson::ValueView(type, at + 5, size));
      at += 5 + size;
    }
    return out.array();
  }

 private:
  std::string bytes_;
  std::size_t count_ = 0;
};

}  // namespace quire::store::embedded
