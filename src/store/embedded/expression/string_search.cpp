#include <algorithm>

#include "store/embedded/expression/text.hpp"

namespace quire::store::embedded::string_detail {

using bson::ValueView;

namespace {

struct Search {
  std::string_view text;
  std::string_view token;
  std::size_t from = 0;
  std::size_t to = 0;
};

std::size_t bound(const Call& c, std::size_t argument, std::size_t otherwise) {
  if (c.size() <= argument) return otherwise;
  const std::string name = argument == 2 ? "starting" : "ending";
  std::int32_t out = 0;
  if (!is_int32(c[argument], out))
    fail_expression(
        40096, std::string(c.op.name) + " requires an integral " + name +
                   " index, found a value of type: " + std::string(value_type_name(c[argument])) +
                   ", with value: " + show(c[argument]));
  if (out < 0)
    fail_expression(40097, std::string(c.op.name) + " requires a nonnegative " + name +
                               " index, found: " + std::to_string(out));
  return static_cast<std::size_t>(out);
}

/// The arguments, or false where the answer is null.
bool read_search(const Call& c, int code_text, int code_token, Search& out) {
  if (is_nullish(c[0])) return false;
  if (!c[0].is_string())
    fail_expression(code_text, std::string(c.op.name) +
                                   " requires a string as the first argument, found: " +
                                   std::string(value_type_name(c[0])));
  if (!c[1].is_string())
    fail_expression(code_token, std::string(c.op.name) +
                                    " requires a string as the second argument, found: " +
                                    std::string(value_type_name(c[1])));
  out.text = c[0].as_string();
  out.token = c[1].as_string();
  out.from = bound(c, 2, 0);
  out.to = bound(c, 3, std::string_view::npos);
  return true;
}

}  // namespace

ValueView index_of_bytes(const Call& c) {
  Search s;
  if (!read_search(c, 40091, 40092, s)) return null_value;
  s.to = std::min(s.to, s.text.size());
  if (s.from > s.text.size() || s.to < s.from) return c.e.int32(-1);
  const auto at = s.text.substr(0, s.to).find(s.token, s.from);
  return c.e.int32(at == s.text.npos ? -1 : static_cast<std::int32_t>(at));
}

/// The token must begin before the end, and may reach beyond it.
ValueView index_of_code_points(const Call& c) {
  Search s;
  if (!read_search(c, 40093, 40094, s)) return null_value;
  if (s.from == 0 && s.text.empty() && s.token.empty()) return c.e.int32(0);
  std::size_t at = 0;
  for (std::size_t point = 0; point < s.to && at < s.text.size(); ++point) {
    if (point >= s.from && s.text.substr(at).starts_with(s.token))
      return c.e.int32(static_cast<std::int32_t>(point));
    at += code_point_size(s.text, at);
  }
  return c.e.int32(-1);
}

ValueView split(const Call& c) {
  if (is_nullish(c[0]) || is_nullish(c[1])) return null_value;
  if (!c[0].is_string())
    fail_expression(40085,
                    "$split requires an expression that evaluates to a string as a first "
                    "argument, found: " +
                        std::string(value_type_name(c[0])));
  if (!c[1].is_string())
    fail_expression(10503900,
                    "$split requires an expression that evaluates to a string as a "
                    "second argument, found: " +
                        std::string(value_type_name(c[1])));
  const auto text = c[0].as_string();
  const auto separator = c[1].as_string();
  if (separator.empty()) fail_expression(40087, "$split requires a non-empty separator");
  Evaluation::Builder out(c.e);
  std::size_t at = 0;
  for (;;) {
    const auto next = text.find(separator, at);
    if (next == text.npos) break;
    out->push(text.substr(at, next - at));
    at = next + separator.size();
  }
  out->push(text.substr(at));
  return out.array();
}

namespace {

/// Arguments: input, find, replacement. False where the answer is null.
bool read_replace(const Call& c) {
  static constexpr const char* names[] = {"input", "find", "replacement"};
  static constexpr int codes[] = {10503904, 10503901, 10503902};
  bool null = false;
  for (std::size_t i = 0; i < 3; ++i) {
    if (is_nullish(c[i])) {
      null = true;
    } else if (!c[i].is_string()) {
      fail_expression(codes[i], std::string(c.op.name) + " requires that '" + names[i] +
                                    "' be a string, found: " + std::string(value_type_name(c[i])));
    }
  }
  return !null;
}

ValueView replace_one(const Call& c) {
  if (!read_replace(c)) return null_value;
  const auto text = c[0].as_string();
  const auto find = c[1].as_string();
  const auto at = text.find(find);
  if (at == text.npos) return c[0];
  std::string out(text.substr(0, at));
  out += c[2].as_string();
  out += text.substr(at + find.size());
  return c.e.string(out);
}

ValueView replace_all(const Call& c) {
  if (!read_replace(c)) return null_value;
  const auto text = c[0].as_string();
  const auto find = c[1].as_string();
  const auto replacement = c[2].as_string();
  std::string out;
  std::size_t at = 0;
  for (;;) {
    const auto next = text.find(find, at);
    if (next == text.npos) break;
    out += text.substr(at, next - at);
    out += replacement;
    check_string_size(out.size());
    at = next + find.size();
    if (!find.empty()) continue;
    // Nothing is found before each byte and at the end.
    if (at == text.size()) break;
    out += text[at++];
  }
  out += text.substr(at);
  return c.e.string(out);
}

}  // namespace

ExpressionPtr parse_replace(const Operator& op, ValueView argument, ParseScope& scope) {
  static constexpr Operator one = function_operator("$replaceOne", replace_one, 3, 3);
  static constexpr Operator all = function_operator("$replaceAll", replace_all, 3, 3);
  static constexpr std::string_view known[] = {"input", "find", "replacement"};
  const NamedArguments named(op, argument, known, 51751, 51750);
  (void)named.required("input", 51749);
  (void)named.required("find", 51748);
  (void)named.required("replacement", 51747);
  std::vector<ExpressionPtr> arguments;
  for (const auto name : known) arguments.push_back(named.parse(name, scope));
  return make_function(op.name == one.name ? one : all, std::move(arguments));
}

}  // namespace quire::store::embedded::string_detail
