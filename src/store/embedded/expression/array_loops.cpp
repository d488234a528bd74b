#include "store/embedded/expression/array_functions.hpp"
#include "store/embedded/expression/held_value.hpp"

namespace quire::store::embedded::array_detail {

using bson::ValueView;

namespace {

[[noreturn]] void fail_input(int code, std::string_view op, ValueView input) {
  fail_expression(code, "input to " + std::string(op) + " must be an array, not " + show(input) +
                            " of type " + std::string(value_type_name(input)));
}

/// The name after `as`: "this" where it is not given.
std::string variable_name(const NamedArguments& arguments) {
  const auto as = arguments.get("as");
  if (!as) return "this";
  return as->is_string() ? std::string(as->as_string()) : std::string();
}

/// Lets go of what the passes of a loop computed, so that they do not add up: of what each pass
/// gives, nothing may be needed that was not copied.
class LoopMemory {
 public:
  explicit LoopMemory(Evaluation& e) : arena_(e.arena()), mark_(arena_.mark()) {}
  /// Whether it is time to let go.
  [[nodiscard]] bool is_full() const noexcept {
    constexpr std::size_t most = 256U << 10;
    return arena_.used() > mark_.total - mark_.left + most;
  }
  void release() noexcept { arena_.rewind(mark_); }
  void release_if_full() noexcept {
    if (is_full()) release();
  }

 private:
  Arena& arena_;
  Arena::Mark mark_;
};

/// children: input, in
class Map final : public Expression {
 public:
  Map(ExpressionPtr input, std::size_t slot, ExpressionPtr in) : slot_(slot) {
    children_.push_back(std::move(input));
    children_.push_back(std::move(in));
  }
  ValueView evaluate(Evaluation& e) const override {
    const ValueView input = child(0, e);
    if (is_nullish(input)) return null_value;
    if (!input.is_array()) fail_input(16883, "$map", input);
    Evaluation::Builder out(e);
    LoopMemory memory(e);
    for (const auto& element : input.as_array()) {
      e.set_slot(slot_, element.value);
      out.push(child(1, e));
      memory.release_if_full();
    }
    return out.array();
  }

 private:
  std::size_t slot_;
};

/// children: input, cond, limit or null
class Filter final : public Expression {
 public:
  Filter(ExpressionPtr input, std::size_t slot, ExpressionPtr condition, ExpressionPtr limit)
      : slot_(slot) {
    children_.push_back(std::move(input));
    children_.push_back(std::move(condition));
    children_.push_back(std::move(limit));
  }
  ValueView evaluate(Evaluation& e) const override {
    const ValueView input = child(0, e);
    if (is_nullish(input)) return null_value;
    if (!input.is_array()) fail_input(28651, "$filter", input);
    std::int64_t left = most(e);
    Evaluation::Builder out(e);
    LoopMemory memory(e);
    for (const auto& element : input.as_array()) {
      memory.release_if_full();
      e.set_slot(slot_, element.value);
      if (!is_true(child(1, e))) continue;
      out->push(element.value);
      if (--left == 0) break;
    }
    return out.array();
  }

 private:
  /// How many to take; 0 = all.
  std::int64_t most(Evaluation& e) const {
    if (children_[2] == nullptr) return 0;
    const ValueView limit = child(2, e);
    if (is_nullish(limit)) return 0;
    const auto value = as_int32(limit);
    if (!value)
      fail_expression(327391, "$filter: limit must be a whole 32-bit number, found " + show(limit));
    if (*value <= 0)
      fail_expression(327392, "$filter: limit must be greater than 0, found " + show(limit));
    return *value;
  }
  std::size_t slot_;
};

/// children: input, initialValue, in
class Reduce final : public Expression {
 public:
  Reduce(ExpressionPtr input, ExpressionPtr initial, std::size_t this_slot, std::size_t value_slot,
         ExpressionPtr in)
      : this_slot_(this_slot), value_slot_(value_slot) {
    children_.push_back(std::move(input));
    children_.push_back(std::move(initial));
    children_.push_back(std::move(in));
  }
  ValueView evaluate(Evaluation& e) const override {
    const ValueView input = child(0, e);
    if (is_nullish(input)) return null_value;
    if (!input.is_array()) fail_input(40080, "$reduce", input);
    ValueView value = child(1, e);
    LoopMemory memory(e);
    HeldValue held, next;
    bool released = false;
    for (const auto& element : input.as_array()) {
      e.set_slot(this_slot_, element.value);
      e.set_slot(value_slot_, value);
      value = child(2, e);
      if (!memory.is_full()) continue;
      next.set(value);
      std::swap(held, next);
      value = held.view();
      memory.release();
      released = true;
    }
    return released ? e.keep(value) : value;  // it may be in `held`
  }

 private:
  std::size_t this_slot_;
  std::size_t value_slot_;
};

}  // namespace

Parsed parse_map(const Operator& op, ValueView argument, ParseScope& scope) {
  static constexpr std::string_view known[] = {"input", "as", "in"};
  const NamedArguments arguments(op, argument, known, 16878, 16879);
  (void)arguments.required("input", 16880);
  (void)arguments.required("in", 16882);
  ExpressionPtr input = arguments.parse("input", scope);
  const std::size_t slot = scope.push(variable_name(arguments));
  ExpressionPtr in = arguments.parse("in", scope);
  scope.pop();
  return std::make_unique<Map>(std::move(input), slot, std::move(in));
}

Parsed parse_filter(const Operator& op, ValueView argument, ParseScope& scope) {
  static constexpr std::string_view known[] = {"input", "as", "cond", "limit"};
  const NamedArguments arguments(op, argument, known, 28646, 28647);
  (void)arguments.required("input", 28648);
  (void)arguments.required("cond", 28650);
  ExpressionPtr input = arguments.parse("input", scope);
  ExpressionPtr limit = arguments.parse("limit", scope);
  const std::size_t slot = scope.push(variable_name(arguments));
  ExpressionPtr condition = arguments.parse("cond", scope);
  scope.pop();
  return std::make_unique<Filter>(std::move(input), slot, std::move(condition), std::move(limit));
}

Parsed parse_reduce(const Operator& op, ValueView argument, ParseScope& scope) {
  static constexpr std::string_view known[] = {"input", "initialValue", "in"};
  const NamedArguments arguments(op, argument, known, 40075, 40076);
  (void)arguments.required("input", 40077);
  (void)arguments.required("initialValue", 40078);
  (void)arguments.required("in", 40079);
  ExpressionPtr input = arguments.parse("input", scope);
  ExpressionPtr initial = arguments.parse("initialValue", scope);
  const std::size_t this_slot = scope.push("this");
  const std::size_t value_slot = scope.push("value");
  ExpressionPtr in = arguments.parse("in", scope);
  scope.pop();
  scope.pop();
  return std::make_unique<Reduce>(std::move(input), std::move(initial), this_slot, value_slot,
                                  std::move(in));
}

}  // namespace quire::store::embedded::array_detail
