#include "store/embedded/expression/numeric.hpp"

#include <cmath>
#include <string>

#include "store/embedded/engine/update_decimal.hpp"

namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;

namespace {

int rank(Type type) noexcept {
  switch (type) {
    case Type::int32:
      return 0;
    case Type::int64:
      return 1;
    case Type::double_:
      return 2;
    default:
      return 3;
  }
}

}  // namespace

Type wider_type(Type a, Type b) noexcept { return rank(a) < rank(b) ? b : a; }

bson::Decimal128 to_decimal(ValueView number) {
  switch (number.type()) {
    case Type::decimal128:
      return bson::load<bson::Decimal128>(number.data());
    case Type::double_:
      return decimal_from(bson::load<double>(number.data()));
    default:
      return decimal_from(integer_of(number));
  }
}

bool compute(IntegerOperation operation, std::int64_t a, std::int64_t b,
             std::int64_t& out) noexcept {
  switch (operation) {
    case IntegerOperation::add:
      return !__builtin_add_overflow(a, b, &out);
    case IntegerOperation::subtract:
      return !__builtin_sub_overflow(a, b, &out);
    case IntegerOperation::multiply:
      return !__builtin_mul_overflow(a, b, &out);
  }
  return false;
}

ValueView integer_result(Evaluation& e, Type type, std::int64_t value) {
  return type == Type::int32 ? e.narrow(value) : e.int64(value);
}

void fail_type(int code, std::string_view name, std::string_view supported, ValueView value) {
  fail_expression(code, std::string(name) + " only supports " + std::string(supported) + ", not " +
                            std::string(value_type_name(value)));
}

}  // namespace quire::store::embedded
