#include "store/embedded/engine/regex.hpp"

#include <array>
#include <optional>

#include "quire/core/error.hpp"
#include "store/embedded/expression/expression.hpp"
#include "store/embedded/expression/text.hpp"

namespace quire::store::embedded {
namespace {

using bson::ValueView;
using Spans = std::vector<Regex::Span>;

enum class Kind { match, find, find_all };

/// $regexMatch, $regexFind, $regexFindAll. children: input, regex, options (or null).
class RegexExpression final : public Expression {
 public:
  RegexExpression(const Operator& op, Kind kind, ExpressionPtr input, ExpressionPtr regex,
                  ExpressionPtr options)
      : name_(op.name), kind_(kind) {
    children_.push_back(std::move(input));
    children_.push_back(std::move(regex));
    children_.push_back(std::move(options));
    const ValueView* pattern = children_[1]->constant();
    const bool fixed_options = children_[2] == nullptr || children_[2]->constant() != nullptr;
    if (pattern == nullptr || !fixed_options) return;
    constant_ = true;
    try {
      compiled_ = compile(*pattern, children_[2] == nullptr ? missing : *children_[2]->constant());
    } catch (const QueryError& error) {
      throw ConstantError(error);
    }
  }

  ValueView evaluate(Evaluation& e) const override {
    std::optional<Regex> made;
    if (!constant_) made = compile(child(1, e), children_[2] == nullptr ? missing : child(2, e));
    const std::optional<Regex>& regex = constant_ ? compiled_ : made;
    const ValueView input = child(0, e);
    if (!is_nullish(input) && !input.is_string())
      fail_expression(51104, name_ + " needs 'input' to be of type string, found: " +
                                 std::string(value_type_name(input)));
    if (is_nullish(input) || !regex) return nothing(e);
    const auto text = input.as_string();
    if (kind_ == Kind::match) return boolean_value(regex->matches(text));
    Spans spans;
    if (kind_ == Kind::find) {
      if (!regex->search(text, 0, spans)) return null_value;
      return describe(e, text, spans, count_code_points(text.substr(0, spans[0].from)));
    }
    return find_all(e, text, *regex);
  }

 private:
  [[nodiscard]] ValueView nothing(Evaluation& e) const {
    if (kind_ == Kind::match) return boolean_value(false);
    if (kind_ == Kind::find) return null_value;
    return e.array(bson::View());
  }

  [[nodiscard]] std::optional<Regex> compile(ValueView pattern, ValueView options) const {
    std::string_view text;
    std::string_view flags;
    if (!is_nullish(options)) {
      if (!options.is_string())
        fail_expression(51106, name_ + " needs 'options' to be of type string, found: " +
                                   std::string(value_type_name(options)));
      flags = options.as_string();
    }
    if (pattern.type() == bson::Type::regex) {
      const auto given = pattern.as_regex();
      text = given.pattern;
      if (!given.options.empty()) {
        if (!is_nullish(options))
          fail_expression(51107, name_ +
                                     ": found regex option(s) specified in both 'regex' and "
                                     "'options' fields");
        flags = given.options;
      }
    } else if (pattern.is_string()) {
      text = pattern.as_string();
    } else if (!is_nullish(pattern)) {
      fail_expression(51105, name_ + " needs 'regex' to be of type string or regex, found: " +
                                 std::string(value_type_name(pattern)));
    }
    if (text.find('\0') != text.npos)
      fail_expression(51109, name_ + ": regular expression cannot contain an embedded null byte");
    if (flags.find('\0') != flags.npos)
      fail_expression(51110,
                      name_ + ": regular expression options cannot contain an embedded null byte");
    if (is_nullish(pattern)) return std::nullopt;
    // The server's own limit on patterns.
    constexpr std::size_t most = 16384;
    if (text.size() > most)
      fail_expression(51111, "Invalid Regex in " + name_ + ": the pattern has " +
                                 std::to_string(text.size()) + " bytes, of at most " +
                                 std::to_string(most));
    return Regex(text, flags, {51111, 51108, 51156});
  }

  /// {match, idx, captures}; `index` of the match in code points.
  static ValueView describe(Evaluation& e, std::string_view text, const Spans& spans,
                            std::size_t index) {
    const auto part = [&](const Regex::Span& span) -> ValueView {
      if (span.from == text.npos) return null_value;
      // \K in a lookahead can end a match before it begins.
      return e.string(text.substr(span.from, span.to > span.from ? span.to - span.from : 0));
    };
    Evaluation::Builder captures(e);
    for (std::size_t i = 1; i < spans.size(); ++i) captures->push(part(spans[i]));
    Evaluation::Builder out(e);
    out.append("match", part(spans[0]));
    out.append("idx", e.int32(static_cast<std::int32_t>(index)));
    out.append("captures", captures.array());
    return out.document();
  }

  [[nodiscard]] ValueView find_all(Evaluation& e, std::string_view text, const Regex& regex) const {
    Evaluation::Builder out(e);
    Spans spans;
    std::size_t at = 0;
    std::size_t counted = 0;  // bytes whose code points are in `index`
    std::size_t index = 0;
    do {
      if (!regex.search(text, at, spans)) break;
      const auto [from, to] = spans[0];
      if (from > counted) {
        index += count_code_points(text.substr(counted, from - counted));
        counted = from;
      }
      out.push(describe(e, text, spans, index));
      constexpr std::size_t most = 64U << 20;
      if (out->size() > most)
        fail_expression(51151, name_ +
                                   ": the size of buffer to store output exceeded the 64MB "
                                   "limit");
      // After an empty match the search goes on behind the next code point.
      at = to > at ? to : at;
      if (to <= from) at += at < text.size() ? code_point_size(text, at) : 1;
    } while (at < text.size());
    return out.array();
  }

  std::string name_;
  Kind kind_;
  bool constant_ = false;
  std::optional<Regex> compiled_;  ///< empty where the regex is null, too
};

ExpressionPtr parse_regex(const Operator& op, ValueView argument, ParseScope& scope) {
  static constexpr std::string_view known[] = {"input", "regex", "options"};
  const NamedArguments named(op, argument, known, 51103, 31024);
  (void)named.required("input", 31022);
  (void)named.required("regex", 31023);
  const Kind kind = op.name == "$regexMatch"  ? Kind::match
                    : op.name == "$regexFind" ? Kind::find
                                              : Kind::find_all;
  auto input = named.parse("input", scope);
  auto regex = named.parse("regex", scope);
  return std::make_unique<RegexExpression>(op, kind, std::move(input), std::move(regex),
                                           named.parse("options", scope));
}

constexpr auto table = std::to_array<Operator>({
    parsed_operator("$regexMatch", parse_regex),
    parsed_operator("$regexFind", parse_regex),
    parsed_operator("$regexFindAll", parse_regex),
});

}  // namespace

std::span<const Operator> regex_operators() noexcept { return table; }

}  // namespace quire::store::embedded
