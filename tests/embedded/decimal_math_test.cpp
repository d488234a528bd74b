#include "store/embedded/engine/decimal_math.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "store/embedded/engine/decimal_parts.hpp"

namespace quire::store::embedded {
namespace {

bson::Decimal128 decimal(std::string_view text) { return bson::Decimal128::from_string(text); }

struct Binary {
  const char* a;
  const char* b;
  const char* result;
};

TEST(DecimalMath, DividesWithTheExponentThatIsPreferred) {
  for (const auto& [a, b, result] : {
           Binary{"10", "2", "5"},
           Binary{"10", "3", "3.333333333333333333333333333333333"},
           Binary{"100", "7", "14.28571428571428571428571428571429"},
           Binary{"1E-6143", "2", "5E-6144"},
           Binary{"1E-6176", "4", "0E-6176"},
           Binary{"0.4999999999999999999999999999999999", "2",
                  "0.2500000000000000000000000000000000"},
           Binary{"9.999999999999999999999999999999999E+6144", "0.1", "Infinity"},
           Binary{"-1", "Infinity", "-0E-6176"},
           Binary{"1", "0", "Infinity"},
           Binary{"0", "0", "NaN"},
           Binary{"4.00", "2", "2.00"},
           Binary{"1", "0.0001", "1E+4"},
       }) {
    EXPECT_EQ(decimal_divide(decimal(a), decimal(b)).str(), result) << a << " / " << b;
  }
}

TEST(DecimalMath, LeavesTheRemainderOfTheDividend) {
  for (const auto& [a, b, result] : {
           Binary{"10.5", "3.2", "0.9"},
           Binary{"-10", "3", "-1"},
           Binary{"1.000000000000000000000000000000000E+6144", "3", "1"},
           Binary{"-9.999999999999999999999999999999999E+6144", "3", "-0"},
           Binary{"1E-6143", "3", "1E-6143"},
           Binary{"5", "1E+6000", "5"},
           Binary{"10", "-Infinity", "10"},
           Binary{"Infinity", "3", "NaN"},
           Binary{"1", "0", "NaN"},
       }) {
    EXPECT_EQ(decimal_remainder(decimal(a), decimal(b)).str(), result) << a << " mod " << b;
  }
}

TEST(DecimalMath, TakesExactRootsWithHalfTheExponent) {
  EXPECT_EQ(decimal_sqrt(decimal("4")).str(), "2");
  EXPECT_EQ(decimal_sqrt(decimal("1.00000000000000000000000000000000")).str(),
            "1.0000000000000000");
  EXPECT_EQ(decimal_sqrt(decimal("0.1")).str(), "0.3162277660168379331998893544432719");
  EXPECT_EQ(decimal_sqrt(decimal("9.999999999999999999999999999999999E+6144")).str(),
            "3.162277660168379331998893544432718E+3072");
  EXPECT_EQ(decimal_sqrt(decimal("-0")).str(), "-0");
  EXPECT_EQ(decimal_sqrt(decimal("-1")).str(), "NaN");
}

TEST(DecimalMath, FillsPowersWithDigits) {
  EXPECT_EQ(decimal_power(decimal("2"), decimal("3")).str(), "8.000000000000000000000000000000000");
  EXPECT_EQ(decimal_power(decimal("-2"), decimal("3")).str(),
            "-8.000000000000000000000000000000000");
  EXPECT_EQ(decimal_power(decimal("-0"), decimal("4")).str(), "0E-6176");
  EXPECT_EQ(decimal_power(decimal("-2"), decimal("0.5")).str(), "NaN");
  EXPECT_EQ(decimal_power(decimal("10"), decimal("7000")).str(), "Infinity");
  EXPECT_EQ(decimal_power(decimal("1"), decimal("Infinity")).str(),
            "1.000000000000000000000000000000000");
}

struct Unary {
  DecimalFunction function;
  const char* x;
  const char* result;
};

TEST(DecimalMath, RoundsThroughABinaryNumberAsTheServersLibrary) {
  for (const auto& [function, x, result] : {
           Unary{DecimalFunction::exp, "-1", "0.3678794411714423215955237701614609"},
           Unary{DecimalFunction::exp, "-0.4999999999999999999999999999999999",
                 "0.6065306597126334236037995349911806"},
           Unary{DecimalFunction::exp, "0", "1"},
           Unary{DecimalFunction::exp, "-9E+6144", "0E-6176"},
           Unary{DecimalFunction::exp, "20000", "Infinity"},
           Unary{DecimalFunction::ln, "2.718281828459045", "0.9999999999999999134157889710887611"},
           Unary{DecimalFunction::ln, "1E-6176", "-14220.76553433122614449511522413063"},
           Unary{DecimalFunction::ln, "0", "-Infinity"},
           Unary{DecimalFunction::log10, "1E-6143", "-6143"},
           Unary{DecimalFunction::log10, "9.999999999999999999999999999999999E+6144", "6145"},
           Unary{DecimalFunction::sin, "-0", "-0"},
           Unary{DecimalFunction::sin, "1", "0.8414709848078965066525023216302991"},
           Unary{DecimalFunction::cos, "0", "1"},
           Unary{DecimalFunction::cos, "100", "0.8623188722876839341019385139508425"},
           Unary{DecimalFunction::tan, "-2", "2.185039863261518991643306102313683"},
           Unary{DecimalFunction::asin, "1", "1.570796326794896619231321691639751"},
           Unary{DecimalFunction::acos, "1.1", "NaN"},
           Unary{DecimalFunction::atan, "-Infinity", "-1.570796326794896619231321691639751"},
           Unary{DecimalFunction::tanh, "-Infinity", "-1"},
           Unary{DecimalFunction::acosh, "1", "0"},
           Unary{DecimalFunction::atanh, "1", "Infinity"},
       }) {
    EXPECT_EQ(decimal_function(function, decimal(x)).str(), result) << x;
  }
}

TEST(DecimalMath, CountsAllDigitsOfALargeAngle) {
  // sin² + cos² = 1 for an angle of 6145 digits, and a turn more changes nothing.
  const auto s = decimal_function(DecimalFunction::sin, decimal("1E+6144"));
  EXPECT_EQ(s.str(), "0.9168078385445297016578219657016703");
}

TEST(DecimalMath, GivesAnglesOfAllQuarters) {
  EXPECT_EQ(decimal_atan2(decimal("1"), decimal("1")).str(),
            "0.7853981633974483096156608458198757");
  EXPECT_EQ(decimal_atan2(decimal("-0"), decimal("-1")).str(),
            "-3.141592653589793238462643383279503");
  EXPECT_EQ(decimal_atan2(decimal("1"), decimal("0")).str(), "1.570796326794896619231321691639751");
}

TEST(DecimalMath, TakesADoubleAsItIs) {
  EXPECT_EQ(decimal_from_exactly(2.5).str(), "2.5");
  EXPECT_EQ(decimal_from_exactly(0.29).str(), "0.2899999999999999800159855567471823");
  EXPECT_EQ(decimal_from_exactly(1e300).str(), "1.000000000000000052504760255204420E+300");
  EXPECT_EQ(decimal_from_exactly(-std::numeric_limits<double>::infinity()).str(), "-Infinity");
}

TEST(DecimalParts, QuantizesInEveryDirection) {
  const auto round = [](const char* text, int exponent, DecimalRounding rounding) {
    const auto out = decimal_quantize(decimal(text), exponent, rounding);
    return out ? out->str() : "none";
  };
  EXPECT_EQ(round("2.5", 0, DecimalRounding::half_even), "2");
  EXPECT_EQ(round("3.5", 0, DecimalRounding::half_even), "4");
  EXPECT_EQ(round("2.5", 0, DecimalRounding::half_away), "3");
  EXPECT_EQ(round("-2.5", 0, DecimalRounding::down), "-3");
  EXPECT_EQ(round("-2.5", 0, DecimalRounding::up), "-2");
  EXPECT_EQ(round("1E-6000", 0, DecimalRounding::up), "1");
  EXPECT_EQ(round("1.1", -3, DecimalRounding::toward_zero), "1.100");
  EXPECT_EQ(round("1E+40", 0, DecimalRounding::toward_zero), "none");
}

TEST(DecimalParts, GivesWholeNumbersWithinBounds) {
  EXPECT_EQ(decimal_to_int64(decimal("-9223372036854775808.9"), DecimalRounding::toward_zero),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(decimal_to_int64(decimal("9223372036854775808"), DecimalRounding::toward_zero),
            std::nullopt);
  EXPECT_EQ(decimal_to_int64(decimal("NaN"), DecimalRounding::toward_zero), std::nullopt);
}

}  // namespace
}  // namespace quire::store::embedded
