#include "store/embedded/pipeline/window_bounds.hpp"

#include <algorithm>

#include "store/embedded/engine/numbers.hpp"
#include "store/embedded/engine/update_decimal.hpp"
#include "store/embedded/expression/numeric.hpp"

namespace quire::store::embedded {

using bson::Type;
using bson::Value;
using bson::ValueView;
using Kind = WindowBounds::Kind;

namespace {

[[noreturn]] void fail(std::string_view what) { fail_expression(9, what); }

enum class Numbers { whole_32, whole, any };

WindowBounds::Bound parse_bound(ValueView given, Numbers numbers, ParseScope& scope) {
  WindowBounds::Bound bound;
  if (given.is_string()) {
    const auto text = given.as_string();
    if (text == "unbounded") return bound;
    if (text != "current") fail("Window bounds must be 'unbounded', 'current', or a number.");
    bound.kind = Kind::current;
    return bound;
  }
  const ExpressionPtr expression = parse_expression(given, scope);
  const ValueView* constant = expression->constant();
  if (constant == nullptr) fail("Window bounds expression must be a constant.");
  if (!is_number(*constant))
    fail(numbers == Numbers::any ? "Range-based bounds expression must be a number"
                                 : "Numeric window bounds must be an integer");
  if (numbers != Numbers::any) {
    const auto part = integer_part(*constant);
    if (!part || !part->whole || part->value != static_cast<std::int32_t>(part->value))
      fail("Numeric window bounds must be an integer of 32 bits");
    bound.offset = Value(static_cast<std::int32_t>(part->value));
  } else {
    bound.offset = Value(*constant);
  }
  bound.kind = Kind::offset;
  return bound;
}

void check_order(const WindowBounds& bounds) {
  const auto number = [](const WindowBounds::Bound& bound) {
    return bound.kind == Kind::current ? Value(std::int32_t{0}) : bound.offset;
  };
  if (bounds.lower.kind == Kind::unbounded || bounds.upper.kind == Kind::unbounded) return;
  const Value lower = number(bounds.lower);
  const Value upper = number(bounds.upper);
  if (compare_values(lower, upper) > 0)
    fail_expression(5339900, "Lower bound must not exceed upper bound: [" + show(lower) + ", " +
                                 show(upper) + "]");
}

/// Whether a range's value is one that the window can be counted from.
bool fits(ValueView value, const WindowBounds& bounds) {
  return bounds.unit ? value.type() == Type::date_time : is_number(value);
}

/// The least (or greatest) value in the window.
ValueView threshold(ValueView base, const WindowBounds::Bound& bound, const WindowBounds& bounds,
                    Evaluation& e) {
  if (bounds.unit)
    return e.date(add_units(bson::load<std::int64_t>(base.data()), *bounds.unit,
                            integer_of(bound.offset.view())));
  std::int64_t sum = 0;
  if (is_integer(base) && is_integer(bound.offset.view()) &&
      compute(IntegerOperation::add, integer_of(base), integer_of(bound.offset.view()), sum))
    return e.int64(sum);
  return e.decimal(decimal_add(to_decimal(base), to_decimal(bound.offset.view())));
}

}  // namespace

WindowBounds WindowBounds::up_to_current() {
  WindowBounds bounds;
  bounds.upper.kind = Kind::current;
  return bounds;
}

WindowBounds WindowBounds::parse(ValueView window, const Sorter& sort, ParseScope& scope) {
  if (!window.is_document()) fail("'window' field must be an object");
  const bson::View object = window.as_document();
  const auto documents = object.find("documents");
  const auto range = object.find("range");
  const auto unit = object.find("unit");
  if (documents && range)
    fail("Window bounds can specify either 'documents' or 'range', not both.");
  if (!range && unit) fail("Window bounds can only specify 'unit' with range-based bounds.");
  WindowBounds bounds;
  if (!range && !documents) {
    if (!object.empty())
      fail(
          "'window' field can only contain 'documents' as the only argument or 'range' with an "
          "optional 'unit' field");
    return bounds;
  }
  const std::size_t fields = object.count();
  const ValueView pair = documents ? *documents : *range;
  if (documents && fields != 1)
    fail("'window' field that specifies documents cannot have other fields");
  if (!pair.is_array() || pair.as_array().count() != 2)
    fail("Window bounds must be a 2-element array: " + show(pair));
  if (range && fields != (unit ? 2U : 1U))
    fail("'window' field that specifies range cannot have other fields besides 'unit'");
  if (unit && !unit->is_string()) fail("'unit' must be a string");
  auto bound = pair.as_array().begin();
  const Numbers numbers = documents ? Numbers::whole_32 : unit ? Numbers::whole : Numbers::any;
  bounds.lower = parse_bound(bound->value, numbers, scope);
  ++bound;
  bounds.upper = parse_bound(bound->value, numbers, scope);
  check_order(bounds);
  if (documents) {
    const bool all = bounds.lower.kind == Kind::unbounded && bounds.upper.kind == Kind::unbounded;
    if (!all && sort.empty()) fail_expression(5339901, "Document-based bounds require a sortBy");
    return bounds;
  }
  bounds.range = true;
  if (unit) {
    bounds.unit = find_time_unit(unit->as_string());
    if (!bounds.unit) fail("unknown time unit value: " + std::string(unit->as_string()));
  }
  if (sort.fields().size() != 1)
    fail_expression(5339902, "Range-based bounds require sortBy a single field");
  if (sort.fields().front().descending)
    fail_expression(8947401, "Range-based bounds require an ascending sortBy");
  return bounds;
}

void WindowFinder::begin(std::size_t size, const SortValues* values) {
  size_ = size;
  values_ = values;
  lower_ = upper_ = 0;
}

WindowFinder::Window WindowFinder::find(std::size_t i, Evaluation& e) {
  if (bounds_.range) return find_range(i, e);
  const auto offset = [](const WindowBounds::Bound& bound) -> std::int64_t {
    return bound.kind == Kind::current ? 0 : integer_of(bound.offset.view());
  };
  const auto at = static_cast<std::int64_t>(i);
  const auto size = static_cast<std::int64_t>(size_);
  std::int64_t begin = 0;
  std::int64_t end = size;
  if (bounds_.lower.kind != Kind::unbounded) begin = at + offset(bounds_.lower);
  if (bounds_.upper.kind != Kind::unbounded) end = at + offset(bounds_.upper) + 1;
  begin = std::clamp<std::int64_t>(begin, 0, size);
  end = std::clamp<std::int64_t>(end, begin, size);
  return {static_cast<std::size_t>(begin), static_cast<std::size_t>(end)};
}

WindowFinder::Window WindowFinder::find_range(std::size_t i, Evaluation& e) {
  const SortValues& values = *values_;
  const ValueView base = values[i].view();
  const std::string type(value_type_name(base));
  if (bounds_.unit) {
    if (base.type() != Type::date_time)
      fail_expression(5429513,
                      "Invalid range: Expected the sortBy field to be a Date, but it was " + type);
  } else {
    if (base.type() == Type::date_time)
      fail_expression(5429413,
                      "Invalid range: For windows that involve date or time ranges, a unit must be "
                      "provided.");
    if (!is_number(base))
      fail_expression(
          5429414, "Invalid range: Expected the sortBy field to be a number, but it was " + type);
  }
  const Window none{i, i};

  std::size_t begin = i;
  if (bounds_.lower.kind == Kind::unbounded) {
    while (lower_ < size_ && !fits(values[lower_], bounds_)) ++lower_;
    begin = lower_;
  } else if (bounds_.lower.kind == Kind::offset) {
    const ValueView least = threshold(base, bounds_.lower, bounds_, e);
    while (lower_ < size_ && compare_values(values[lower_], least) < 0) ++lower_;
    begin = lower_;
  }
  if (begin == size_ || !fits(values[begin], bounds_)) return none;

  if (bounds_.upper.kind == Kind::current) return begin <= i ? Window{begin, i + 1} : none;
  std::size_t end = std::max(begin, upper_);
  if (bounds_.upper.kind == Kind::unbounded) {
    end = std::max(end, i);
    while (end < size_ && fits(values[end], bounds_)) ++end;
    upper_ = end;
    return {begin, end};
  }
  const ValueView most = threshold(base, bounds_.upper, bounds_, e);
  while (end < size_ && compare_values(values[end], most) <= 0) ++end;
  upper_ = std::max(upper_, end);
  return end > begin ? Window{begin, end} : none;
}

}  // namespace quire::store::embedded
