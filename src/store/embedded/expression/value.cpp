#include "store/embedded/expression/value.hpp"

#include <cmath>
#include <cstdlib>

#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "store/embedded/engine/compare.hpp"
#include "store/embedded/engine/keys.hpp"

namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;

bool is_true(ValueView value) noexcept {
  switch (value.type()) {
    case Type::null:
    case Type::undefined:
      return false;
    case Type::boolean:
      return *value.data() != 0;
    case Type::int32:
    case Type::int64:
      return integer_of(value) != 0;
    case Type::double_:
      return bson::load<double>(value.data()) != 0;
    case Type::decimal128: {
      const auto decimal = bson::load<bson::Decimal128>(value.data());
      if (decimal.is_nan() || decimal.is_infinite()) return true;
      // The large form has a coefficient beyond 34 digits, which counts as zero.
      if ((decimal.high >> 61 & 3) == 3) return false;
      return decimal.low != 0 || (decimal.high & 0x1FFFFFFFFFFFFULL) != 0;
    }
    default:
      return !is_missing(value);
  }
}

double to_double(ValueView number) noexcept {
  switch (number.type()) {
    case Type::double_:
      return bson::load<double>(number.data());
    case Type::decimal128: {
      const std::string text = bson::load<bson::Decimal128>(number.data()).str();
      return std::strtod(text.c_str(), nullptr);
    }
    default:
      return static_cast<double>(integer_of(number));
  }
}

int compare_values(ValueView a, ValueView b) {
  const auto rank = [](ValueView value) {
    return value.type() == Type::min_key ? 0
           : is_missing(value)           ? 1
                                         : (value.type() == Type::undefined ? 1 : 2);
  };
  if (is_missing(a) || is_missing(b)) return rank(a) - rank(b);
  return compare(a, b);
}

void append_group_key(std::string& out, ValueView value) {
  if (is_missing(value)) {
    out.push_back('\0');
    return;
  }
  out.push_back('\1');
  append_key(out, value);
}

std::string_view value_type_name(ValueView value) noexcept {
  return is_missing(value) ? "missing" : bson::type_name(value.type());
}

std::string show(ValueView value) {
  if (is_missing(value)) return "MISSING";
  constexpr std::size_t most = 150;
  if (value.size() > 4096)
    return "(a " + std::string(bson::type_name(value.type())) + " of " +
           std::to_string(value.size()) + " bytes)";
  const bson::Document holder = bson::make_document("v", value);
  std::string text = bson::to_json(holder.view());
  // {"v": …}
  const auto colon = text.find(':');
  std::string out = text.substr(colon + 1, text.size() - colon - 2);
  if (!out.empty() && out.front() == ' ') out.erase(0, 1);
  if (out.size() > most) out = out.substr(0, most) + "...";
  return out;
}

}  // namespace quire::store::embedded
