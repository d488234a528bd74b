#include <algorithm>

#include "store/embedded/expression/accumulator.hpp"
#include "store/embedded/expression/array_functions.hpp"

namespace quire::store::embedded::array_detail {

using bson::ValueView;

ValueView slice(const Call& c) {
  if (is_nullish(c[0]) || is_nullish(c[1])) return null_value;
  if (!c[0].is_array()) fail_argument(c, 28724, "an array as its first argument", c[0]);
  if (!c[1].is_number()) fail_argument(c, 28725, "a number as its second argument", c[1]);
  const auto second = as_int32(c[1]);
  if (!second) fail_argument(c, 28726, "a whole 32-bit number as its second argument", c[1]);
  const auto count = static_cast<std::int64_t>(c[0].as_array().count());
  std::int64_t begin = 0;
  std::int64_t length = *second;
  if (c.size() == 2) {
    if (length < 0) {
      begin = std::max<std::int64_t>(0, count + length);
      length = count - begin;
    }
  } else {
    begin = *second < 0 ? std::max<std::int64_t>(0, count + *second) : *second;
    if (is_nullish(c[2])) return null_value;
    if (!c[2].is_number()) fail_argument(c, 28727, "a number as its third argument", c[2]);
    const auto third = as_int32(c[2]);
    if (!third) fail_argument(c, 28728, "a whole 32-bit number as its third argument", c[2]);
    if (*third <= 0) fail_argument(c, 28729, "a third argument above 0", c[2]);
    length = *third;
  }
  Evaluation::Builder out(c.e);
  std::int64_t at = 0;
  for (const auto& element : c[0].as_array()) {
    if (at >= begin + length) break;
    if (at++ >= begin) out->push(element.value);
  }
  return out.array();
}

namespace {

std::int32_t range_number(const Call& c, std::size_t i, int code_type, int code_whole,
                          std::string_view what) {
  const std::string needs = "a " + std::string(what);
  if (!c[i].is_number()) fail_argument(c, code_type, needs + " that is a number", c[i]);
  const auto value = as_int32(c[i]);
  if (!value) fail_argument(c, code_whole, needs + " that is a whole 32-bit number", c[i]);
  return *value;
}

}  // namespace

ValueView range(const Call& c) {
  const std::int64_t start = range_number(c, 0, 34443, 34444, "start");
  const std::int64_t end = range_number(c, 1, 34445, 34446, "end");
  const std::int64_t step = c.size() == 3 ? range_number(c, 2, 34447, 34448, "step") : 1;
  if (step == 0) fail_argument(c, 34449, "a step other than 0", c[2]);
  const std::int64_t way = step > 0 ? end - start : start - end;
  const std::int64_t width = step > 0 ? step : -step;
  const std::int64_t count = way <= 0 ? 0 : (way + width - 1) / width;
  constexpr std::int64_t bytes_each = 16;
  check_accumulator_memory(static_cast<std::size_t>(count * bytes_each), "$range");
  Evaluation::Builder out(c.e);
  std::int64_t value = start;
  for (std::int64_t i = 0; i < count; ++i, value += step)
    out->push(static_cast<std::int32_t>(value));
  return out.array();
}

namespace {

std::int32_t index_number(const Call& c, std::size_t i, std::string_view what) {
  const auto value = as_int32(c[i]);
  const std::string needs = std::string(what) + " that is a whole 32-bit number";
  if (!value) fail_argument(c, 9711600, needs, c[i]);
  if (*value < 0) fail_argument(c, 9711601, needs + " of at least 0", c[i]);
  return *value;
}

}  // namespace

ValueView index_of(const Call& c) {
  if (is_nullish(c[0])) return null_value;
  if (!c[0].is_array()) fail_argument(c, 40090, "an array as its first argument", c[0]);
  const std::int32_t start = c.size() > 2 ? index_number(c, 2, "a start") : 0;
  const std::int32_t end = c.size() > 3 ? index_number(c, 3, "an end") : 0x7FFFFFFF;
  std::int32_t at = 0;
  for (const auto& element : c[0].as_array()) {
    if (at >= end) break;
    if (at >= start && same_value(element.value, c[1])) return c.e.int32(at);
    ++at;
  }
  return c.e.int32(-1);
}

}  // namespace quire::store::embedded::array_detail
