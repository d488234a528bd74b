#include <algorithm>
#include <array>

#include "store/embedded/engine/numbers.hpp"
#include "store/embedded/expression/accumulator.hpp"

namespace quire::store::embedded {

using bson::ValueView;

namespace {

enum class Shape { expression, nothing, input_and_n, top, percentile };

struct Kind {
  std::string_view name;
  Shape shape;
  AccumulatorPtr (*make)(const AccumulatorOptions& options);
  int code_not_object = 0;
};

constexpr auto kinds = std::to_array<Kind>({
    {"$sum", Shape::expression, make_sum},
    {"$avg", Shape::expression, make_avg},
    {"$min", Shape::expression, make_min},
    {"$max", Shape::expression, make_max},
    {"$first", Shape::expression, make_first},
    {"$last", Shape::expression, make_last},
    {"$push", Shape::expression, make_push},
    {"$addToSet", Shape::expression, make_add_to_set},
    {"$count", Shape::nothing, make_sum},
    {"$mergeObjects", Shape::expression, make_merge_objects},
    {"$stdDevPop", Shape::expression, make_std_dev_pop},
    {"$stdDevSamp", Shape::expression, make_std_dev_samp},
    {"$concatArrays", Shape::expression, make_concat_arrays},
    {"$setUnion", Shape::expression, make_set_union},
    {"$firstN", Shape::input_and_n, make_first_n, 5787801},
    {"$lastN", Shape::input_and_n, make_last_n, 5787801},
    {"$minN", Shape::input_and_n, make_min_n, 5787900},
    {"$maxN", Shape::input_and_n, make_max_n, 5787900},
    {"$top", Shape::top, make_top},
    {"$bottom", Shape::top, make_bottom},
    {"$topN", Shape::top, make_top_n},
    {"$bottomN", Shape::top, make_bottom_n},
    {"$percentile", Shape::percentile, make_percentile, 7429703},
    {"$median", Shape::percentile, make_median, 7436100},
});

}  // namespace

void check_accumulator_memory(std::size_t bytes, std::string_view name) {
  if (bytes > Accumulator::memory_limit)
    fail_expression(
        146, std::string(name) + " used too much memory: its values of one group take " +
                 std::to_string(bytes) + " bytes, the limit is " +
                 std::to_string(Accumulator::memory_limit) + "; take fewer or smaller values");
}

std::int64_t check_n(ValueView value, const NCodes& codes) {
  if (!value.is_number())
    fail_expression(codes.type, "Value for 'n' must be of integral type, but found " + show(value));
  const auto part = integer_part(value);
  if (!part || !part->whole)
    fail_expression(codes.whole,
                    "Value for 'n' must be of integral type, but found " + show(value));
  if (part->value <= 0)
    fail_expression(codes.positive, "'n' must be greater than 0, found " + show(value));
  return part->value;
}

struct AccumulatorParser {
  static AccumulatorSpec parse(const bson::Element& op, ParseScope& scope, AccumulatorPlace place) {
    AccumulatorSpec spec;
    spec.place_ = place;
    if (op.key == "$accumulator") refuse_expression("$accumulator, which runs JavaScript");
    const auto kind = std::find_if(kinds.begin(), kinds.end(),
                                   [&](const Kind& known) { return known.name == op.key; });
    if (kind == kinds.end())
      fail_expression(15952, "unknown group operator '" + std::string(op.key) + "'");
    spec.name_ = kind->name;
    spec.maker_ = kind->make;
    switch (kind->shape) {
      case Shape::expression:
        if (op.value.is_array() && place == AccumulatorPlace::group)
          fail_expression(40237,
                          "The " + std::string(kind->name) + " accumulator is a unary operator");
        spec.argument_ = parse_expression(op.value, scope);
        break;
      case Shape::nothing:
        if (!op.value.is_document() || !op.value.as_document().empty())
          fail_expression(place == AccumulatorPlace::group ? 14 : 9,
                          "$count takes no arguments, i.e. $count:{}");
        spec.argument_ = make_constant(bson::Value(std::int32_t{1}).view());
        break;
      case Shape::input_and_n: {
        auto parts = parse_input_and_n(op.value, scope, kind->code_not_object);
        spec.argument_ = std::move(parts.input);
        spec.n_ = std::move(parts.n);
        break;
      }
      case Shape::top: {
        auto parts = parse_top_arguments(kind->name, op.value, scope);
        spec.argument_ = std::move(parts.argument);
        spec.n_ = std::move(parts.n);
        break;
      }
      case Shape::percentile: {
        auto parts = parse_percentile_arguments(kind->name, op.value, scope, kind->code_not_object);
        spec.argument_ = std::move(parts.input);
        spec.percentiles_ = std::move(parts.percentiles);
        break;
      }
    }
    return spec;
  }
};

AccumulatorSpec AccumulatorSpec::parse_operator(const bson::Element& op, ParseScope& scope,
                                                AccumulatorPlace place) {
  return AccumulatorParser::parse(op, scope, place);
}

AccumulatorSpec AccumulatorSpec::parse(const bson::Element& field, ParseScope& scope) {
  const std::string name(field.key);
  if (name.find('.') != name.npos)
    fail_expression(40235, "The field name '" + name + "' cannot contain '.'");
  if (name.starts_with('$'))
    fail_expression(40236, "The field name '" + name + "' cannot be an operator name");
  if (!field.value.is_document())
    fail_expression(40234, "The field '" + name + "' must be an accumulator object");
  const bson::View object = field.value.as_document();
  if (object.count() != 1)
    fail_expression(40238, "The field '" + name + "' must specify one accumulator");
  AccumulatorSpec spec = AccumulatorParser::parse(*object.begin(), scope, AccumulatorPlace::group);
  spec.field_ = name;
  return spec;
}

AccumulatorOptions AccumulatorSpec::options(ValueView key, Evaluation& e) const {
  AccumulatorOptions options{name_, 1, percentiles_};
  if (n_ == nullptr) return options;
  const NCodes& codes = place_ == AccumulatorPlace::group ? n_codes_of_groups : n_codes_elsewhere;
  if (const ValueView* constant = n_->constant()) {
    options.n = check_n(*constant, codes);
    return options;
  }
  const ValueView root = e.slot(Evaluation::root_slot);
  const ValueView current = e.slot(Evaluation::current_slot);
  e.set_root(key.is_document() ? key.as_document() : bson::View());
  const ValueView n = n_->evaluate(e);
  e.set_slot(Evaluation::root_slot, root);
  e.set_slot(Evaluation::current_slot, current);
  options.n = check_n(n, codes);
  return options;
}

}  // namespace quire::store::embedded
