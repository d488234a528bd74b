#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <string>
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

Document meant_by(const std::string& json) { return from_json(json); }

/// JSON without spaces outside of texts, escapes of texts in one form, and doubles in the digits
/// that they have here: what remains must be the same, so that a wrong form cannot hide.
std::string normal(const std::string& json) {
  std::string out;
  const auto hex = [&](std::size_t at) {
    return static_cast<unsigned>(std::stoul(json.substr(at, 4), nullptr, 16));
  };
  for (std::size_t i = 0; i < json.size();) {
    const char c = json[i];
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
      ++i;
    } else if (c == '"') {
      std::size_t end = i + 1;
      std::string text;
      while (json[end] != '"') {
        if (json[end] != '\\') {
          text += json[end++];
        } else if (json[end + 1] == 'u' && hex(end + 2) < 0x20) {
          text += static_cast<char>(hex(end + 2));
          end += 6;
        } else if (json[end + 1] == 'u' && (hex(end + 2) < 0xD800 || hex(end + 2) > 0xDFFF)) {
          const auto document = from_json("{\"a\":\"" + json.substr(end, 6) + "\"}");
          text += document["a"].as_string();
          end += 6;
        } else {
          const std::string_view names = "bfnrt/";
          const auto at = names.find(json[end + 1]);
          text += at == std::string_view::npos ? std::string{'\\', json[end + 1]}
                                               : std::string(1, "\b\f\n\r\t/"[at]);
          end += 2;
        }
      }
      const bool real =
          out.ends_with("\"$numberDouble\":") && text.find_first_of("Nn") == std::string::npos;
      out += '"' + (real ? std::to_string(std::bit_cast<std::uint64_t>(std::stod(text))) : text);
      out += '"';
      i = end + 1;
    } else if (c == '-' || (c >= '0' && c <= '9')) {
      const auto end = std::min(json.find_first_not_of("+-.eE0123456789", i), json.size());
      const std::string number = json.substr(i, end - i);
      out += number.find_first_of(".eE") == std::string::npos
                 ? number
                 : std::to_string(std::bit_cast<std::uint64_t>(std::stod(number)));
      i = end;
    } else {
      out += c;
      ++i;
    }
  }
  return out;
}

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
      EXPECT_EQ(normal(to_json(canonical, JsonMode::canonical)), normal(canonical_json));
      if (const auto relaxed = text_of(test, "relaxed_extjson"); !relaxed.empty()) {
        EXPECT_EQ(to_json(canonical, JsonMode::relaxed),
                  to_json(meant_by(relaxed), JsonMode::relaxed));
        EXPECT_EQ(normal(to_json(canonical, JsonMode::relaxed)), normal(relaxed));
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

TEST(BsonBinaryVector, DocumentsGoThereAndBack) {
  QUIRE_NEEDS_SHARED(folder, "spec/bson-binary-vector");
  std::size_t cases = 0;
  for_each_file(folder, [&](View file) {
    cases += for_each_case(file, "tests", [&](View test) {
      const auto hex = text_of(test, "canonical_bson");
      if (hex.empty()) return;  // about making vectors alone
      const Document document(from_hex(hex));
      ASSERT_NO_THROW(validate(document));
      const auto json = to_json(document, JsonMode::canonical);
      EXPECT_EQ(from_json(json), document);
      const std::string key(file["test_key"].as_string());
      EXPECT_EQ(document[key].as_binary().subtype, static_cast<BinarySubtype>(9));
    });
  });
  EXPECT_GE(cases, 15U);
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
