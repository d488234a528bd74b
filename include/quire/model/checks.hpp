#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "quire/bson/encode.hpp"
#include "quire/model/info.hpp"

namespace quire {

namespace model_detail {
[[nodiscard]] RulePtr between_rule(bson::Value low, bson::Value high);
[[nodiscard]] RulePtr one_of_rule(std::vector<bson::Value> values);
[[nodiscard]] RulePtr length_rule(std::int64_t least, std::int64_t most);
[[nodiscard]] RulePtr matches_rule(std::string pattern, std::string options);
[[nodiscard]] RulePtr not_empty_rule();

template <class V>
bson::Value check_operand(const V& v) {
  if constexpr (std::is_convertible_v<const V&, std::string_view>)
    return bson::Value(std::string_view(v));
  else
    return bson::encode_value(v);
}

/// What a check is made for, so that it is compared with the field's type.
template <class... V>
struct TypedCheck {
  RulePtr rule;
};
struct TextCheck {
  RulePtr rule;
};
struct LengthCheck {
  RulePtr rule;
};
template <class F>
struct CustomCheck {
  std::string text;
  F function;
};
}  // namespace model_detail

/// low ≤ value ≤ high; of a list each element.
template <class A, class B>
[[nodiscard]] model_detail::TypedCheck<A, B> between(const A& low, const B& high) {
  return {model_detail::between_rule(model_detail::check_operand(low),
                                     model_detail::check_operand(high))};
}
/// The value is one of these; of a list each element.
template <class... V>
[[nodiscard]] model_detail::TypedCheck<std::decay_t<V>...> one_of(const V&... values) {
  std::vector<bson::Value> list;
  (list.push_back(model_detail::check_operand(values)), ...);
  return {model_detail::one_of_rule(std::move(list))};
}
/// The number of characters (Unicode code points) of a text, or of elements of a list, or of bytes
/// of a binary, is between `least` and `most`.
[[nodiscard]] inline model_detail::LengthCheck length(std::int64_t least,
                                                      std::int64_t most = std::int64_t{1} << 62) {
  return {model_detail::length_rule(least, most)};
}
/// The text matches a PCRE regular expression anywhere; anchor it by ^ and $. Options of "imsxu".
/// ModelError invalid_model, when the model is first used, for a pattern that cannot be compiled.
[[nodiscard]] inline model_detail::TextCheck matches(std::string pattern,
                                                     std::string options = {}) {
  return {model_detail::matches_rule(std::move(pattern), std::move(options))};
}
/// The text or list has one or more characters or elements. Absent is not empty.
[[nodiscard]] inline model_detail::LengthCheck not_empty() {
  return {model_detail::not_empty_rule()};
}
/// A predicate of one's own: custom("even", [](int n) { return n % 2 == 0; }). It gets the member,
/// looked up through optionals and pointers (empty ones pass).
template <class F>
[[nodiscard]] model_detail::CustomCheck<F> custom(std::string text, F function) {
  return {std::move(text), std::move(function)};
}

}  // namespace quire
