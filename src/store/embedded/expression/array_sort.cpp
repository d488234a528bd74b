#include <algorithm>
#include <numeric>

#include "quire/bson/value.hpp"
#include "store/embedded/expression/accumulator.hpp"
#include "store/embedded/expression/array_functions.hpp"

namespace quire::store::embedded::array_detail {

using bson::ValueView;

namespace {

struct SortKey {
  std::vector<std::string> steps;  // none = the element itself
  bool descending;
};

/// The value at a path through objects (and, by number, arrays); null where it leads nowhere.
ValueView plain_value_at(ValueView from, const std::vector<std::string>& steps) {
  for (const auto& step : steps) {
    if (!from.is_document() && !from.is_array()) return null_value;
    const auto next = from.as_nested().find(step);
    if (!next) return null_value;
    from = *next;
  }
  return from;
}

/// children: input
class SortArray final : public Expression {
 public:
  SortArray(ExpressionPtr input, std::vector<SortKey> keys) : keys_(std::move(keys)) {
    children_.push_back(std::move(input));
  }
  ValueView evaluate(Evaluation& e) const override {
    const ValueView input = child(0, e);
    if (is_nullish(input)) return null_value;
    if (!input.is_array())
      fail_expression(2942504,
                      "The input argument to $sortArray must be an array, but was of type: " +
                          std::string(value_type_name(input)));
    const auto elements = elements_of(input);
    std::vector<ValueView> keys;
    keys.reserve(elements.size() * keys_.size());
    for (const auto& element : elements) {
      for (const auto& key : keys_) keys.push_back(plain_value_at(element, key.steps));
    }
    std::vector<std::size_t> order(elements.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      for (std::size_t i = 0; i < keys_.size(); ++i) {
        const int less = compare_values(keys[a * keys_.size() + i], keys[b * keys_.size() + i]);
        if (less != 0) return keys_[i].descending ? less > 0 : less < 0;
      }
      return a < b;
    });
    Evaluation::Builder out(e);
    for (const std::size_t i : order) out->push(elements[i]);
    return out.array();
  }

 private:
  std::vector<SortKey> keys_;
};

bool parse_direction(ValueView value) {
  const auto direction = value.is_number() ? as_int32(value) : std::nullopt;
  if (!direction || (*direction != 1 && *direction != -1))
    fail_expression(2, "The $sort element value must be either 1 or -1, found " + show(value));
  return *direction < 0;
}

std::vector<SortKey> parse_keys(ValueView sort) {
  if (!sort.is_document()) return {{{}, parse_direction(sort)}};
  std::vector<SortKey> keys;
  for (const auto& field : sort.as_document()) {
    SortKey key{{}, parse_direction(field.value)};
    std::string_view rest = field.key;
    for (;;) {
      const auto dot = rest.find('.');
      key.steps.emplace_back(rest.substr(0, dot));
      if (key.steps.back().empty())
        fail_expression(
            2, "The sort field is empty or has an empty part: '" + std::string(field.key) + "'");
      if (dot == rest.npos) break;
      rest.remove_prefix(dot + 1);
    }
    keys.push_back(std::move(key));
  }
  if (keys.empty())
    fail_expression(2, "The sort pattern is empty when it should be a set of fields.");
  return keys;
}

/// children: n, input
class FirstN final : public Expression {
 public:
  using Maker = AccumulatorPtr (*)(const AccumulatorOptions& options);
  FirstN(std::string_view name, Maker maker, InputAndN parts) : name_(name), maker_(maker) {
    children_.push_back(std::move(parts.n));
    children_.push_back(std::move(parts.input));
  }
  ValueView evaluate(Evaluation& e) const override {
    AccumulatorOptions options{name_};
    options.n = check_n(child(0, e), n_codes_elsewhere);
    const ValueView input = child(1, e);
    if (!input.is_array()) fail_expression(5788200, "Input must be an array, found " + show(input));
    const AccumulatorPtr taken = maker_(options);
    for (const auto& element : input.as_array()) taken->add(element.value, e);
    return taken->result(e);
  }

 private:
  std::string_view name_;
  Maker maker_;
};

}  // namespace

Parsed parse_sort_array(const Operator& op, ValueView argument, ParseScope& scope) {
  static constexpr std::string_view known[] = {"input", "sortBy"};
  const NamedArguments arguments(op, argument, known, 2942500, 2942501);
  (void)arguments.required("input", 2942502);
  const ValueView sort = arguments.required("sortBy", 2942503);
  ExpressionPtr input = arguments.parse("input", scope);
  return std::make_unique<SortArray>(std::move(input), parse_keys(sort));
}

Parsed parse_first_n(const Operator& op, ValueView argument, ParseScope& scope) {
  const bool ends = op.name == "$firstN" || op.name == "$lastN";
  auto parts = parse_input_and_n(argument, scope, ends ? 5787801 : 5787900);
  const FirstN::Maker maker = op.name == "$firstN"  ? make_first_n
                              : op.name == "$lastN" ? make_last_n
                              : op.name == "$minN"  ? make_min_n
                                                    : make_max_n;
  return std::make_unique<FirstN>(op.name, maker, std::move(parts));
}

}  // namespace quire::store::embedded::array_detail
