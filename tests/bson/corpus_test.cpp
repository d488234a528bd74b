#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "quire/bson/bson.hpp"
#include "quire/core/error.hpp"
#include "shared_data.hpp"

namespace quire::bson {
namespace {

Buffer from_hex(std::string_view hex) {
  Buffer bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(
        static_cast<std::uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

/// Calls f(file name, contents) for each file of the corpus.
template <class F>
void for_each_file(const std::filesystem::path& folder, F f) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  ASSERT_FALSE(files.empty());
  for (const auto& file : files) {
    SCOPED_TRACE(file.filename().string());
    const auto document = from_json(test::read_file(file));
    f(document.view());
  }
}

template <class F>
std::size_t for_each_case(View file, std::string_view list, F f) {
  const auto cases = file.find(list);
  if (!cases) return 0;
  std::size_t n = 0;
  for (const auto& one : cases->as_array()) {
    const View test = one.value.as_document();
    SCOPED_TRACE(std::string(test["description"].as_string()));
    f(test);
    ++n;
  }
  return n;
}

std::string text_of(View test, std::string_view key) {
  const auto value = test.find(key);
  return value ? std::string(value->as_string()) : std::string{};
}

/// JSON texts are compared as the documents that they mean.
Document meant_by(const std::string& json) { return from_json(json); }

TEST(BsonCorpus, ValidDocumentsGoThereAndBack) {
  QUIRE_NEEDS_SHARED(folder, "spec/bson-corpus");
  std::size_t cases = 0;
  for_each_file(folder, [&](View file) {
    cases += for_each_case(file, "valid", [&](View test) {
      const Document canonical(from_hex(text_of(test, "canonical_bson")));
      const bool lossy = test.find("lossy").has_value();
      ASSERT_NO_THROW(validate(canonical));
      const auto canonical_json = text_of(test, "canonical_extjson");
      EXPECT_EQ(to_json(meant_by(canonical_json), JsonMode::canonical),
                to_json(canonical, JsonMode::canonical));
      if (!lossy) {
        EXPECT_EQ(meant_by(canonical_json), canonical) << to_json(canonical, JsonMode::canonical);
        EXPECT_EQ(from_json(to_json(canonical, JsonMode::canonical)), canonical);
      }
      if (const auto relaxed = text_of(test, "relaxed_extjson"); !relaxed.empty()) {
        EXPECT_EQ(to_json(canonical, JsonMode::relaxed),
                  to_json(meant_by(relaxed), JsonMode::relaxed));
      }
      if (const auto degenerate = text_of(test, "degenerate_bson"); !degenerate.empty()) {
        const Document other(from_hex(degenerate));
        EXPECT_EQ(to_json(other, JsonMode::canonical), to_json(canonical, JsonMode::canonical));
      }
      if (const auto degenerate = text_of(test, "degenerate_extjson");
          !degenerate.empty() && !lossy) {
        EXPECT_EQ(meant_by(degenerate), canonical);
      }
    });
  });
  EXPECT_GE(cases, 700U);
}

TEST(BsonCorpus, WrongBytesAreRefused) {
  QUIRE_NEEDS_SHARED(folder, "spec/bson-corpus");
  std::size_t cases = 0;
  for_each_file(folder, [&](View file) {
    cases += for_each_case(file, "decodeErrors", [&](View test) {
      EXPECT_THROW(
          {
            const Document document(from_hex(text_of(test, "bson")));
            validate(document);
          },
          Error);
    });
  });
  EXPECT_GE(cases, 70U);
}

TEST(BsonCorpus, WrongTextIsRefused) {
  QUIRE_NEEDS_SHARED(folder, "spec/bson-corpus");
  std::size_t cases = 0;
  for_each_file(folder, [&](View file) {
    const bool decimals = file["bson_type"].as_string() == "0x13";
    cases += for_each_case(file, "parseErrors", [&](View test) {
      const auto text = text_of(test, "string");
      if (decimals) {
        EXPECT_THROW((void)Decimal128::from_string(text), FormatError) << text;
      } else {
        EXPECT_THROW((void)from_json(text), Error) << text;
      }
    });
  });
  EXPECT_GE(cases, 180U);
}

}  // namespace
}  // namespace quire::bson
