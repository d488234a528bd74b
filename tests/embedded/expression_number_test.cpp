#include <gtest/gtest.h>

#include "expression_fixture.hpp"

namespace quire::store::embedded::testing {
namespace {

constexpr const char* document = R"({"i": 7, "l": {"$numberLong": "10"}, "d": 2.5,
    "m": {"$numberDecimal": "1.5"}, "t": {"$date": "2026-01-01T00:00:00Z"}, "zero": 0, "n": null,
    "s": "text", "b": true})";

class NumberExpression : public ::testing::TestWithParam<Case> {};
TEST_P(NumberExpression, GivesTheValueOfTheServer) {
  EXPECT_EQ(evaluate(GetParam().expression, document), without_blanks(GetParam().result))
      << GetParam().expression;
}
class NumberFailure : public ::testing::TestWithParam<Failure> {};
TEST_P(NumberFailure, HasTheNumberOfTheServer) {
  EXPECT_EQ(failure_of(GetParam().expression, document), GetParam().code) << GetParam().expression;
}

INSTANTIATE_TEST_SUITE_P(
    Sums, NumberExpression,
    ::testing::Values(
        Case{R"({"$add": []})", "0"}, Case{R"({"$add": ["$i", "$l"]})", "17"},
        Case{R"({"$add": ["$i", 1.5]})", "8.5"},
        Case{R"({"$add": ["$m", "$d"]})", R"({"$numberDecimal": "4.00000000000000"})"},
        Case{R"({"$type": {"$add": [2147483647, 1]}})", R"("long")"},
        Case{R"({"$type": {"$add": [{"$numberLong": "9223372036854775807"}, 1]}})", R"("double")"},
        Case{R"({"$add": ["$t", 2.5]})", R"({"$date": "2026-01-01T00:00:00.003Z"})"},
        Case{R"({"$add": [{"$numberDecimal": "2.5"}, "$t"]})",
             R"({"$date": "2026-01-01T00:00:00.002Z"})"},
        Case{R"({"$add": ["$n", {"$divide": [1, "$zero"]}]})", "null"},
        Case{R"({"$subtract": ["$t", "$t"]})", "0"},
        Case{R"({"$subtract": ["$t", 1]})", R"({"$date": "2025-12-31T23:59:59.999Z"})"},
        Case{R"({"$subtract": ["$s", null]})", "null"},
        Case{R"({"$multiply": [3, "$d", 2]})", "15.0"},
        // The product of doubles is kept from the first operand on.
        Case{R"({"$multiply": [0, -1, 2.5]})", "-0.0"},
        Case{R"({"$multiply": [0, -1]})", "0"},
        Case{R"({"$multiply": [{"$numberLong": "9007199254740993"}, 1.0]})", "9007199254740992.0"},
        Case{R"({"$type": {"$multiply": [65536, 65536]}})", R"("long")"},
        Case{R"({"$multiply": [1.5, {"$numberDecimal": "2.0"}]})",
             R"({"$numberDecimal": "3.000000000000000"})"},
        Case{R"({"$divide": [6, 4]})", "1.5"}, Case{R"({"$mod": [-7, 3]})", "-1"},
        Case{R"({"$mod": [-2147483648, -1]})", "0"}, Case{R"({"$mod": [5.5, 2]})", "1.5"}));

INSTANTIATE_TEST_SUITE_P(
    Functions, NumberExpression,
    ::testing::Values(
        Case{R"({"$type": {"$abs": -2147483648}})", R"("long")"}, Case{R"({"$ceil": 1.2})", "2.0"},
        Case{R"({"$floor": -1.2})", "-2.0"},
        Case{R"({"$ceil": {"$numberDecimal": "Infinity"}})", R"({"$numberDecimal": "NaN"})"},
        Case{R"({"$floor": {"$numberDecimal": "-1.5"}})", R"({"$numberDecimal": "-2"})"},
        Case{R"({"$exp": 0})", "1.0"}, Case{R"({"$ln": 1})", "0.0"},
        Case{R"({"$log": [{"$numberDecimal": "64"}, 2]})",
             R"({"$numberDecimal": "5.999999999999999999999999999999999"})"},
        Case{R"({"$log10": 1000})", "3.0"}, Case{R"({"$pow": [2, 10]})", "1024"},
        Case{R"({"$pow": [2, -1]})", "0.5"}, Case{R"({"$pow": [-1, -3]})", "-1"},
        Case{R"({"$type": {"$pow": [2, 40]}})", R"("long")"},
        Case{R"({"$type": {"$pow": [2, 80]}})", R"("double")"}, Case{R"({"$sqrt": 16})", "4.0"},
        Case{R"({"$sigmoid": 0})", "0.5"}, Case{R"({"$round": [2.5]})", "2.0"},
        Case{R"({"$round": [1234, -2]})", "1200"},
        Case{R"({"$type": {"$round": [2147483647, -1]}})", R"("long")"},
        Case{R"({"$trunc": [0.29, 2]})", "0.28"}, Case{R"({"$trunc": [1.5, null]})", "null"},
        Case{R"({"$trunc": [{"$numberDecimal": "1.1"}, 3]})", R"({"$numberDecimal": "1.100"})"},
        Case{R"({"$trunc": [{"$numberDecimal": "1.1"}, 100]})", R"({"$numberDecimal": "1.1"})"}));

INSTANTIATE_TEST_SUITE_P(
    AnglesAndBits, NumberExpression,
    ::testing::Values(Case{R"({"$sin": 0})", "0.0"}, Case{R"({"$cos": "$n"})", "null"},
                      Case{R"({"$atan2": [0, -1]})", "3.141592653589793"},
                      Case{R"({"$tanh": {"$numberDecimal": "Infinity"}})",
                           R"({"$numberDecimal": "1"})"},
                      Case{R"({"$degreesToRadians": 180})", "3.141592653589793"},
                      Case{R"({"$radiansToDegrees": {"$numberDecimal": "1"}})",
                           R"({"$numberDecimal": "57.29577951308232087679815481410517"})"},
                      Case{R"({"$bitAnd": []})", "-1"}, Case{R"({"$bitAnd": [12, 10]})", "8"},
                      Case{R"({"$bitOr": [1, {"$numberLong": "6"}]})", "7"},
                      Case{R"({"$bitXor": [6, 3, null, "text"]})", "null"},
                      Case{R"({"$bitNot": 5})", "-6"}));

INSTANTIATE_TEST_SUITE_P(
    Failures, NumberFailure,
    ::testing::Values(
        Failure{R"({"$add": ["$b"]})", 14}, Failure{R"({"$add": ["$t", "$t"]})", 16612},
        Failure{R"({"$add": ["$t", {"$numberLong": "9223372036854775807"}]})", 15},
        Failure{R"({"$subtract": [1, "$t"]})", 14}, Failure{R"({"$multiply": [2, "$s"]})", 14},
        Failure{R"({"$divide": [1, "$zero"]})", 2}, Failure{R"({"$divide": ["$s", 1]})", 14},
        Failure{R"({"$mod": [1, 0]})", 16610}, Failure{R"({"$mod": ["$s", 2]})", 16611},
        Failure{R"({"$mod": [1, {"$numberDecimal": "0"}]})", 5733415},
        Failure{R"({"$abs": {"$numberLong": "-9223372036854775808"}})", 28680},
        Failure{R"({"$abs": "$s"})", 28765}, Failure{R"({"$ln": 0})", 28766},
        Failure{R"({"$log": ["$s", 10]})", 28756}, Failure{R"({"$log": [10, "$s"]})", 28757},
        Failure{R"({"$log": [0, 10]})", 28758}, Failure{R"({"$log": [10, 1]})", 28759},
        Failure{R"({"$log10": -1})", 28761}, Failure{R"({"$pow": ["$s", 1]})", 28762},
        Failure{R"({"$pow": [1, "$s"]})", 28763}, Failure{R"({"$pow": [0, -1]})", 28764},
        Failure{R"({"$sqrt": -1})", 28714}, Failure{R"({"$sigmoid": [1]})", 14},
        Failure{R"({"$round": "$s"})", 51081}, Failure{R"({"$round": [1, "2"]})", 16004},
        Failure{R"({"$round": [1, 1.5]})", 51082}, Failure{R"({"$round": [1, 101]})", 51083},
        Failure{R"({"$round": [1, {"$numberDouble": "NaN"}]})", 31109},
        Failure{R"({"$round": [{"$numberLong": "9223372036854775807"}, -1]})", 51080},
        Failure{R"({"$sin": {"$numberDouble": "Infinity"}})", 50989},
        Failure{R"({"$acos": {"$numberDecimal": "1.00000000000000000000000000001"}})", 50989},
        Failure{R"({"$acosh": 0.5})", 50989}, Failure{R"({"$tan": "$s"})", 28765},
        Failure{R"({"$atan2": ["$s", 1]})", 51044}, Failure{R"({"$atan2": [1, "$s"]})", 51045},
        Failure{R"({"$bitAnd": [1.5]})", 14}, Failure{R"({"$bitNot": "$s"})", 28765}));

}  // namespace
}  // namespace quire::store::embedded::testing
