#include <gtest/gtest.h>

#include "expression_fixture.hpp"

namespace quire::store::embedded::testing {
namespace {

constexpr const char* document = R"({"s": "42", "n": null, "o": {"a": 1},
    "uuid": {"$binary": {"base64": "EjRWeBI0EjQSNBI0VniQEg==", "subType": "04"}},
    "bytes": {"$binary": {"base64": "Pj4+Pg==", "subType": "00"}},
    "id": {"$oid": "5ab9c3da0000000000000000"}})";

class ConvertExpression : public ::testing::TestWithParam<Case> {};
TEST_P(ConvertExpression, GivesTheValueOfTheServer) {
  EXPECT_EQ(evaluate(GetParam().expression, document), without_blanks(GetParam().result))
      << GetParam().expression;
}
class ConvertFailure : public ::testing::TestWithParam<Failure> {};
TEST_P(ConvertFailure, HasTheNumberOfTheServer) {
  EXPECT_EQ(failure_of(GetParam().expression, document), GetParam().code) << GetParam().expression;
}

INSTANTIATE_TEST_SUITE_P(
    Numbers, ConvertExpression,
    ::testing::Values(
        Case{R"({"$toInt": "$s"})", "42"}, Case{R"({"$toInt": "+7"})", "7"},
        Case{R"({"$toInt": -1.9})", "-1"}, Case{R"({"$toInt": [true]})", "1"},
        Case{R"({"$type": {"$toLong": 5}})", R"("long")"},
        Case{R"({"$toLong": {"$date": "1970-01-01T00:00:01Z"}})", "1000"},
        Case{R"({"$toDouble": ".5"})", "0.5"}, Case{R"({"$toDouble": "1e3"})", "1000.0"},
        Case{R"({"$toDouble": "-Infinity"})", R"({"$numberDouble": "-Infinity"})"},
        Case{R"({"$toDecimal": 2.5})", R"({"$numberDecimal": "2.50000000000000"})"},
        Case{R"({"$toDecimal": "1.50"})", R"({"$numberDecimal": "1.50"})"},
        Case{R"({"$toDecimal": "123456789012345678901234567890123456"})",
             R"({"$numberDecimal": "1.234567890123456789012345678901235E+35"})"},
        Case{R"({"$toBool": "false"})", "true"}, Case{R"({"$toBool": "$absent"})", "null"},
        Case{R"({"$isNumber": "$s"})", "false"}, Case{R"({"$type": "$absent"})", R"("missing")"}));

INSTANTIATE_TEST_SUITE_P(
    Texts, ConvertExpression,
    ::testing::Values(
        Case{R"({"$toString": 0.1})", R"("0.1")"}, Case{R"({"$toString": 1e16})", R"("1e+16")"},
        Case{R"({"$toString": 9e-5})", R"("9e-05")"},
        Case{R"({"$toString": 9999999999999998.0})", R"("9999999999999998")"},
        Case{R"({"$toString": {"$numberDouble": "-0.0"}})", R"("-0")"},
        Case{R"({"$toString": {"$numberDouble": "NaN"}})", R"("NaN")"},
        Case{R"({"$toString": {"$date": "2024-06-15T12:30:45.123Z"}})",
             R"("2024-06-15T12:30:45.123Z")"},
        Case{R"({"$toString": "$uuid"})", R"("12345678-1234-1234-1234-123456789012")"},
        Case{R"({"$toString": "$bytes"})", R"("Pj4+Pg==")"},
        Case{R"({"$toDate": "2024-01-01"})", R"({"$date": "2024-01-01T00:00:00Z"})"},
        Case{R"({"$toDate": "$id"})", R"({"$date": "2018-03-27T04:08:58Z"})"},
        Case{R"({"$toObjectId": "5AB9C3DA0000000000000000"})",
             R"({"$oid": "5ab9c3da0000000000000000"})"},
        Case{R"({"$eq": [{"$toUUID": "12345678-1234-1234-1234-123456789012"}, "$uuid"]})",
             "true"}));

INSTANTIATE_TEST_SUITE_P(
    Bytes, ConvertExpression,
    ::testing::Values(
        Case{R"({"$convert": {"input": "$bytes", "to": "string", "format": "base64url"}})",
             R"("Pj4-Pg")"},
        Case{R"({"$convert": {"input": "$bytes", "to": "string", "format": "hex"}})",
             R"("3E3E3E3E")"},
        Case{R"({"$convert": {"input": "$bytes", "to": "string", "format": "utf8"}})", R"(">>>>")"},
        Case{R"({"$convert": {"input": "Pj4-Pg", "to": "binData", "format": "base64url"}})",
             R"({"$binary": {"base64": "Pj4+Pg==", "subType": "00"}})"},
        Case{R"({"$convert": {"input": 42, "to": {"type": "binData", "subtype": 5}}})",
             R"({"$binary": {"base64": "KgAAAA==", "subType": "05"}})"},
        Case{R"({"$convert": {"input": 42, "to": "binData", "byteOrder": "big"}})",
             R"({"$binary": {"base64": "AAAAKg==", "subType": "00"}})"},
        Case{R"({"$convert": {"input": {"$binary": {"base64": "AIA=", "subType": "00"}},
                 "to": "int"}})",
             "-32768"},
        Case{R"({"$toDouble": {"$binary": {"base64": "AACAPw==", "subType": "00"}}})", "1.0"}));

INSTANTIATE_TEST_SUITE_P(
    Convert, ConvertExpression,
    ::testing::Values(
        Case{R"({"$convert": {"input": "x", "to": "int", "onError": "$s"}})", R"("42")"},
        Case{R"({"$convert": {"input": "$n", "to": "int", "onNull": 1}})", "1"},
        Case{R"({"$convert": {"input": "$n", "to": "no type"}})", "null"},
        Case{R"({"$convert": {"input": 1, "to": "$absent", "byteOrder": 5}})", "null"},
        Case{R"({"$convert": {"input": 42, "to": 16}})", "42"},
        Case{R"({"$convert": {"input": 42, "to": {"type": 2}}})", R"("42")"}));

INSTANTIATE_TEST_SUITE_P(
    Failures, ConvertFailure,
    ::testing::Values(
        Failure{R"({"$toInt": "4.2"})", 241}, Failure{R"({"$toInt": ""})", 241},
        Failure{R"({"$toInt": "+-1"})", 241}, Failure{R"({"$toInt": 2147483648.0})", 241},
        Failure{R"({"$toInt": {"$numberDouble": "NaN"}})", 241},
        Failure{R"({"$toInt": [1, 2]})", 50723}, Failure{R"({"$toInt": "$o"})", 241},
        Failure{R"({"$toDouble": "0x1"})", 241}, Failure{R"({"$toDouble": " 1"})", 241},
        Failure{R"({"$toDouble": "1e400"})", 241}, Failure{R"({"$toDecimal": "1E+6145"})", 241},
        Failure{R"({"$toDecimal": "1E-6177"})", 241}, Failure{R"({"$toDecimal": "1E"})", 241},
        Failure{R"({"$toDate": 5})", 241}, Failure{R"({"$toObjectId": "5ab9"})", 241},
        Failure{R"({"$toUUID": "12345678123412341234123456789012"})", 241},
        Failure{R"({"$toString": "$o"})", 241},
        Failure{R"({"$toString": {"$date": {"$numberLong": "-62167219200001"}}})", 18537},
        Failure{R"({"$convert": 1})", 9}, Failure{R"({"$convert": {"input": 1}})", 9},
        Failure{R"({"$convert": {"input": 1, "to": "int", "x": 1}})", 9},
        Failure{R"({"$convert": {"input": 1, "to": 99}})", 9},
        Failure{R"({"$convert": {"input": 1, "to": "x"}})", 2},
        Failure{R"({"$convert": {"input": 1, "to": "array"}})", 241},
        Failure{R"({"$convert": {"input": "x", "to": "binData"}})", 4341115},
        Failure{R"({"$convert": {"input": 1, "to": {"type": "binData", "subtype": 1.5}}})",
                4341106},
        Failure{R"({"$convert": {"input": 1, "to": {"type": "binData", "subtype": 10}}})", 4341107},
        Failure{R"({"$convert": {"input": 1, "to": {"type": "binData", "subtype": "x"}}})",
                4341108},
        Failure{R"({"$convert": {"input": "x", "to": "binData", "format": 1}})", 4341114},
        Failure{R"({"$convert": {"input": "x", "to": "binData", "format": "x"}})", 4341125},
        Failure{R"({"$convert": {"input": 1, "to": "binData", "byteOrder": 1}})", 9130001},
        Failure{R"({"$convert": {"input": 1, "to": "binData", "byteOrder": "x"}})", 9130002}));

}  // namespace
}  // namespace quire::store::embedded::testing
