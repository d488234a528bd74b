#include <vector>

#include "store/embedded/expression/text.hpp"

namespace quire::store::embedded::string_detail {

using bson::ValueView;

namespace {

/// What is cut off without `chars`.
constexpr std::string_view spaces[] = {std::string_view("\0", 1),
                                       "\t",
                                       "\n",
                                       "\v",
                                       "\f",
                                       "\r",
                                       " ",
                                       "\u00A0",
                                       "\u1680",
                                       "\u2000",
                                       "\u2001",
                                       "\u2002",
                                       "\u2003",
                                       "\u2004",
                                       "\u2005",
                                       "\u2006",
                                       "\u2007",
                                       "\u2008",
                                       "\u2009",
                                       "\u200A"};

using Points = std::vector<std::string_view>;

Points points_of(std::string_view text) {
  Points out;
  for (std::size_t at = 0; at < text.size(); at += out.back().size())
    out.push_back(text.substr(at, code_point_size(text, at)));
  return out;
}

ValueView trim(const Call& c, bool left, bool right) {
  if (is_nullish(c[0])) return null_value;
  if (!c[0].is_string())
    fail_expression(50699, std::string(c.op.name) + " requires its input to be a string, got " +
                               show(c[0]) + " (of type " + std::string(value_type_name(c[0])) +
                               ") instead.");
  Points given;
  std::span<const std::string_view> cut = spaces;
  if (c.size() == 2) {
    if (is_nullish(c[1])) return null_value;
    if (!c[1].is_string())
      fail_expression(50700, std::string(c.op.name) + " requires 'chars' to be a string, got " +
                                 show(c[1]) + " (of type " + std::string(value_type_name(c[1])) +
                                 ") instead.");
    given = points_of(c[1].as_string());
    cut = given;
  }
  auto text = c[0].as_string();
  const auto drop = [&](bool front) {
    for (;;) {
      bool found = false;
      for (const auto point : cut) {
        found = front ? text.starts_with(point) : text.ends_with(point);
        if (!found) continue;
        front ? text.remove_prefix(point.size()) : text.remove_suffix(point.size());
        break;
      }
      if (!found) return;
    }
  };
  if (left) drop(true);
  if (right) drop(false);
  return c.e.string(text);
}
ValueView trim_both(const Call& c) { return trim(c, true, true); }
ValueView trim_left(const Call& c) { return trim(c, true, false); }
ValueView trim_right(const Call& c) { return trim(c, false, true); }

}  // namespace

ExpressionPtr parse_trim(const Operator& op, ValueView argument, ParseScope& scope) {
  static constexpr Operator both = function_operator("$trim", trim_both, 1, 2);
  static constexpr Operator left = function_operator("$ltrim", trim_left, 1, 2);
  static constexpr Operator right = function_operator("$rtrim", trim_right, 1, 2);
  static constexpr std::string_view known[] = {"input", "chars"};
  const NamedArguments named(op, argument, known, 50696, 50694);
  (void)named.required("input", 50695);
  std::vector<ExpressionPtr> arguments;
  arguments.push_back(named.parse("input", scope));
  if (auto chars = named.parse("chars", scope)) arguments.push_back(std::move(chars));
  return make_function(op.name == both.name   ? both
                       : op.name == left.name ? left
                                              : right,
                       std::move(arguments));
}

}  // namespace quire::store::embedded::string_detail
