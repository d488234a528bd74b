#pragma once

#include "quire/query/expr.hpp"

/// Text in expressions. Positions and lengths count code points. A null or missing operand gives
/// null where nothing else is said.
namespace quire::query {

/// All the texts, one behind the other; a null makes the whole null.
template <class A, class... More>
[[nodiscard]] auto concat(const A& first, const More&... more) {
  detail::check_text_operand<A>();
  (detail::check_text_operand<More>(), ...);
  return detail::call_many<std::string>("$concat", first, more...);
}
/// Of the letters A to Z alone; null gives "".
template <class A>
  requires detail::is_field_or_expression<A>
[[nodiscard]] auto to_lower(const A& value) {
  detail::check_text_operand<A>();
  return detail::call<std::string>("$toLower", value);
}
template <class A>
  requires detail::is_field_or_expression<A>
[[nodiscard]] auto to_upper(const A& value) {
  detail::check_text_operand<A>();
  return detail::call<std::string>("$toUpper", value);
}
namespace detail {
template <class A>
[[nodiscard]] auto trimmed(std::string_view op, const A& text, std::string_view characters) {
  check_text_operand<A>();
  using Root = expr_root_t<A>;
  const bson::Value input = arg_in<Root>(text);
  const bson::Value chars = characters.empty() ? absent() : arg_in<Root>(characters);
  const Named parts[] = {{"input", input}, {"chars", chars}};
  return Expr<Root, std::string>(call_named(op, parts));
}
}  // namespace detail
/// Without white space, or without any of `characters`, at both ends.
template <class A>
  requires detail::is_field_or_expression<A>
[[nodiscard]] auto trim(const A& text, std::string_view characters = {}) {
  return detail::trimmed("$trim", text, characters);
}
template <class A>
  requires detail::is_field_or_expression<A>
[[nodiscard]] auto trim_left(const A& text, std::string_view characters = {}) {
  return detail::trimmed("$ltrim", text, characters);
}
template <class A>
  requires detail::is_field_or_expression<A>
[[nodiscard]] auto trim_right(const A& text, std::string_view characters = {}) {
  return detail::trimmed("$rtrim", text, characters);
}
/// The store fails for null.
template <class A>
[[nodiscard]] auto str_len(const A& value) {
  detail::check_text_operand<A>();
  return detail::call<std::int32_t>("$strLenCP", value);
}
template <class A>
[[nodiscard]] auto str_len_bytes(const A& value) {
  detail::check_text_operand<A>();
  return detail::call<std::int32_t>("$strLenBytes", value);
}
/// `count` code points from position `start` on.
template <class A, class B, class C>
[[nodiscard]] auto substr(const A& text, const B& start, const C& count) {
  detail::check_text_operand<A>();
  return detail::call<std::string>("$substrCP", text, start, count);
}
/// The parts between the separators.
template <class A, class B>
[[nodiscard]] auto split(const A& a, const B& b) {
  detail::check_text_operand<A>();
  detail::check_text_operand<B>();
  return detail::call<std::vector<std::string>>("$split", a, b);
}
/// Where the part begins, from 0; -1 where it is not in the text.
template <class A, class B>
[[nodiscard]] auto index_of(const A& a, const B& b) {
  detail::check_text_operand<A>();
  detail::check_text_operand<B>();
  return detail::call<std::int32_t>("$indexOfCP", a, b);
}
/// -1, 0 or 1, by the letters A to Z whatever their case.
template <class A, class B>
[[nodiscard]] auto str_case_compare(const A& a, const B& b) {
  detail::check_text_operand<A>();
  detail::check_text_operand<B>();
  return detail::call<std::int32_t>("$strcasecmp", a, b);
}
namespace detail {
template <class A, class B, class C>
[[nodiscard]] auto replaced(std::string_view op, const A& text, const B& find, const C& with) {
  check_text_operand<A>();
  check_text_operand<B>();
  check_text_operand<C>();
  using Root = expr_root_t<A, B, C>;
  const bson::Value values[] = {arg_in<Root>(text), arg_in<Root>(find), arg_in<Root>(with)};
  const Named parts[] = {{"input", values[0]}, {"find", values[1]}, {"replacement", values[2]}};
  return Expr<Root, std::string>(call_named(op, parts));
}
template <class V, class A>
[[nodiscard]] auto matched(std::string_view op, const A& text, std::string_view pattern,
                           std::string_view options) {
  check_text_operand<A>();
  using Root = expr_root_t<A>;
  const bson::Value input = arg_in<Root>(text);
  const bson::Value regex = arg_in<Root>(pattern);
  const bson::Value letters = options.empty() ? absent() : bson::Value(options);
  const Named parts[] = {{"input", input}, {"regex", regex}, {"options", letters}};
  return Expr<Root, V>(call_named(op, parts));
}
}  // namespace detail
/// The first occurrence of `find` replaced.
template <class A, class B, class C>
[[nodiscard]] auto replace_one(const A& text, const B& find, const C& with) {
  return detail::replaced("$replaceOne", text, find, with);
}
template <class A, class B, class C>
[[nodiscard]] auto replace_all(const A& text, const B& find, const C& with) {
  return detail::replaced("$replaceAll", text, find, with);
}
/// Whether a part of the text matches (PCRE); options of "imsx". Null does not.
template <class A>
[[nodiscard]] auto regex_match(const A& text, std::string_view pattern,
                               std::string_view options = {}) {
  return detail::matched<bool>("$regexMatch", text, pattern, options);
}
/// What regex_find gives of a match.
struct RegexMatch {
  std::string match;
  std::int32_t idx = 0;  ///< where it begins
  std::vector<std::optional<std::string>> captures;
};
/// The first match, null for none.
template <class A>
[[nodiscard]] auto regex_find(const A& text, std::string_view pattern,
                              std::string_view options = {}) {
  return detail::matched<RegexMatch>("$regexFind", text, pattern, options);
}
template <class A>
[[nodiscard]] auto regex_find_all(const A& text, std::string_view pattern,
                                  std::string_view options = {}) {
  return detail::matched<std::vector<RegexMatch>>("$regexFindAll", text, pattern, options);
}

}  // namespace quire::query
