#include "quire/bson/types.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <thread>
#include <vector>

#include "quire/core/error.hpp"

namespace quire {
namespace {

ErrorCode code_of(auto&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode{0};
}

TEST(ObjectId, IsEmptyUntilGiven) {
  EXPECT_TRUE(ObjectId{}.empty());
  EXPECT_FALSE(ObjectId::generate().empty());
}

TEST(ObjectId, GoesThroughTextInEitherCase) {
  const auto id = ObjectId::from_string("65a0B1c2D3e4f5061728394A");
  EXPECT_EQ(id.str(), "65a0b1c2d3e4f5061728394a");
  EXPECT_EQ(ObjectId::from_string(id.str()), id);
  EXPECT_EQ(id.time().time_since_epoch().count(), 0x65a0b1c2);
}

TEST(ObjectId, RefusesOtherText) {
  for (const char* text : {"", "65a0b1c2d3e4f5061728394", "65a0b1c2d3e4f5061728394aa",
                           "65a0b1c2d3e4f5061728394g", "+5a0b1c2d3e4f5061728394a"}) {
    EXPECT_EQ(code_of([&] { (void)ObjectId::from_string(text); }), ErrorCode::invalid_object_id)
        << text;
  }
}

TEST(ObjectId, BeginsWithThePresent) {
  const auto before = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const auto made = ObjectId::generate().time();
  EXPECT_GE(made, before);
  EXPECT_LE(made, before + std::chrono::seconds(5));
}

TEST(ObjectId, IsUniqueAcrossThreads) {
  std::vector<std::vector<ObjectId>> made(4);
  {
    std::vector<std::jthread> threads;
    for (auto& ids : made) {
      threads.emplace_back([&ids] {
        for (int i = 0; i < 5'000; ++i) ids.push_back(ObjectId::generate());
      });
    }
  }
  std::set<ObjectId> all;
  for (const auto& ids : made) all.insert(ids.begin(), ids.end());
  EXPECT_EQ(all.size(), 20'000U);
}

TEST(ObjectId, IsUniqueAcrossAFork) {
  (void)ObjectId::generate();  // the parent's state exists before the fork
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    for (int i = 0; i < 100; ++i) {
      const auto id = ObjectId::generate();
      if (write(ends[1], id.bytes.data(), 12) != 12) _exit(1);
    }
    _exit(0);
  }
  close(ends[1]);
  std::set<ObjectId> ids;
  for (int i = 0; i < 100; ++i) ids.insert(ObjectId::generate());
  ObjectId theirs;
  while (read(ends[0], theirs.bytes.data(), 12) == 12) ids.insert(theirs);
  close(ends[0]);
  waitpid(child, nullptr, 0);
  EXPECT_EQ(ids.size(), 200U);
}

TEST(Decimal128, KeepsTheDigitsGiven) {
  for (const char* text : {"0", "-0", "5.0", "5.00", "1E+3", "-1E-6176", "NaN", "Infinity",
                           "-Infinity", "9.999999999999999999999999999999999E+6144"}) {
    EXPECT_EQ(Decimal128::from_string(text).str(), text);
  }
  EXPECT_NE(Decimal128::from_string("5.0"), Decimal128::from_string("5.00"));
  EXPECT_EQ(Decimal128{}.str(), "0");
}

TEST(Decimal128, TellsSpecialValues) {
  EXPECT_TRUE(Decimal128::from_string("NaN").is_nan());
  EXPECT_TRUE(Decimal128::from_string("-inf").is_infinite());
  EXPECT_TRUE(Decimal128::from_string("-inf").is_negative());
  EXPECT_FALSE(Decimal128::from_string("1").is_infinite());
}

TEST(Decimal128, RefusesWhatIsNoneOrWouldBeRounded) {
  for (const std::string text :
       {"", ".", "e5", "1e", "1.2.3", "--1", "1 ", "0x1", "inf1", "1E9999",
        "10000000000000000000000000000000001", "1.00000000000000000000000000000000001"}) {
    EXPECT_EQ(code_of([&] { (void)Decimal128::from_string(text); }), ErrorCode::invalid_decimal)
        << text;
  }
  EXPECT_EQ(code_of([] { (void)Decimal128::from_string(std::string_view("1\0002", 3)); }),
            ErrorCode::invalid_decimal);
}

TEST(Uuid, GoesThroughText) {
  const auto uuid = Uuid::from_string("00112233-4455-6677-8899-AABBCCDDEEFF");
  EXPECT_EQ(uuid.str(), "00112233-4455-6677-8899-aabbccddeeff");
  EXPECT_TRUE(Uuid{}.empty());
}

TEST(Uuid, MadeOnesAreOfVersionFourAndDiffer) {
  const auto a = Uuid::generate();
  EXPECT_EQ(a.str()[14], '4');
  EXPECT_EQ(a.bytes[8] >> 6, 2);
  EXPECT_NE(a, Uuid::generate());
}

TEST(Uuid, RefusesOtherText) {
  for (const char* text :
       {"", "00112233445566778899aabbccddeeff", "00112233-4455-6677-8899-aabbccddeef",
        "0011223344-55-6677-8899-aabbccddeeff", "00112233-4455-6677-8899-aabbccddeefg"}) {
    EXPECT_EQ(code_of([&] { (void)Uuid::from_string(text); }), ErrorCode::invalid_argument) << text;
  }
}

TEST(Timestamp, OrdersBySecondsThenIncrement) {
  EXPECT_LT((Timestamp{.increment = 9, .seconds = 1}), (Timestamp{.increment = 0, .seconds = 2}));
  EXPECT_LT((Timestamp{.increment = 1, .seconds = 2}), (Timestamp{.increment = 2, .seconds = 2}));
}

}  // namespace
}  // namespace quire
