// Random documents written as JSON and CSV and read back, whatever the borders of what is read.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "files_fixture.hpp"
#include "importer/files/csv_records.hpp"
#include "importer/files/json_fault.hpp"
#include "importer/files/json_to_bson.hpp"
#include "importer/files/record_reader.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"

using namespace quire;
using namespace quire::importer;
using namespace quire::importer::files;
using test::Files;

namespace {

/// Gives a text in pieces of at most `step` bytes.
class Pieces final : public ByteStream {
 public:
  Pieces(std::string text, std::size_t step) : text_(std::move(text)), step_(step) {}
  std::size_t read(char* to, std::size_t size) override {
    const std::size_t n = std::min({size, step_, text_.size() - at_});
    std::copy_n(text_.data() + at_, n, to);
    at_ += n;
    return n;
  }
  bool seek(std::uint64_t) override { return false; }

 private:
  std::string text_;
  std::size_t step_;
  std::size_t at_ = 0;
};

struct Collected final : RecordVisitor {
  void document(bson::View document) override { documents.emplace_back(document); }
  void line(std::span<const Cell> fields, std::span<const std::string>) override {
    auto& row = lines.emplace_back();
    for (const Cell& cell : fields)
      row.push_back(cell.is_null() ? "null" : "." + std::string(cell.text));
  }
  std::vector<bson::Document> documents;
  std::vector<std::vector<std::string>> lines;
  std::vector<std::string> faults;
};

Collected collect(const Place& place, const std::string& text, std::size_t step) {
  Collected out;
  const auto records = open_records(place, std::make_unique<Pieces>(text, step), false);
  while (records->next()) {
    if (const auto fault = records->read(out)) out.faults.push_back(fault->text());
  }
  return out;
}

class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed) {}
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(engine_() % n); }

  std::string text() {
    static const char* parts[] = {"a", "\"",   "\\",   "\n", "\r\n", ",",    "{",
                                  "]", "é",    "🙂",   "\t", " ",    "null", "'",
                                  ";", "\x7F", "日本", "/",  "\x01"};
    std::string out;
    for (auto n = below(8); n > 0; --n) out += parts[below(std::size(parts))];
    return out;
  }
  void value(bson::Writer& w, const std::string& key, int depth) {
    switch (below(depth > 4 ? 7 : 9)) {
      case 0:
        w.append(key, static_cast<std::int32_t>(engine_()));
        return;
      case 1:  // beyond int32, so that it is an int64 again
        w.append(key, (std::int64_t{1} << 40) + static_cast<std::int64_t>(engine_()));
        return;
      case 2:
        w.append(key, static_cast<double>(engine_()) / 3.0 + 0.25);
        return;
      case 3:
        w.append(key, below(2) == 1);
        return;
      case 4:
        w.append_null(key);
        return;
      case 5:
      case 6:
        w.append(key, text());
        return;
      case 7:
        w.begin_document(key);
        fields(w, depth + 1);
        w.end();
        return;
      default:
        w.begin_array(key);
        for (std::uint32_t i = 0, n = below(4); i < n; ++i) value(w, std::to_string(i), depth + 1);
        w.end();
    }
  }
  void fields(bson::Writer& w, int depth) {
    for (std::uint32_t i = 0, n = below(5); i < n; ++i) value(w, text() + std::to_string(i), depth);
  }
  bson::Document document() {
    bson::Writer w;
    fields(w, 1);
    return w.finish();
  }

 private:
  std::mt19937 engine_;
};

std::size_t step_of(std::uint32_t seed) {
  constexpr std::size_t steps[] = {1, 2, 3, 7, 64, 1000, 1'000'000};
  return steps[seed % std::size(steps)];
}

}  // namespace

TEST(FilesProperty, JsonIsReadAsItWasWritten) {
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::vector<bson::Document> documents;
    std::string lines;
    std::string array = "[";
    for (auto n = random.below(12); n > 0; --n) {
      documents.push_back(random.document());
      const std::string json = bson::to_json(documents.back());
      lines += json + (random.below(2) == 0 ? "\n" : " \r\n\n");
      array += (array.size() > 1 ? " ,\n" : " ") +
               (random.below(2) == 0 ? json : bson::to_json(documents.back(), {}, 2));
    }
    array += " ]\n";
    Place place;
    place.format = Format::ndjson;
    const auto from_lines = collect(place, lines, step_of(seed));
    ASSERT_EQ(from_lines.faults, std::vector<std::string>{});
    ASSERT_EQ(from_lines.documents, documents);
    place.format = Format::json;
    ASSERT_EQ(collect(place, array, step_of(seed)).documents, documents);
    place.extended = true;
    ASSERT_EQ(collect(place, array, step_of(seed)).documents, documents);
  }
}

TEST(FilesProperty, CsvIsReadAsItWasWritten) {
  for (std::uint32_t seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const std::uint32_t columns = 1 + random.below(5);
    std::string text;
    for (std::uint32_t i = 0; i < columns; ++i) text += (i > 0 ? ",c" : "c") + std::to_string(i);
    std::vector<std::vector<std::string>> rows;
    for (auto n = random.below(12); n > 0; --n) {
      text += random.below(2) == 0 ? "\n" : "\r\n";
      auto& row = rows.emplace_back();
      for (std::uint32_t i = 0; i < columns; ++i) {
        if (i > 0) text += ',';
        const std::string value = random.text();
        const bool plain = value.find_first_of("\",\r\n") == value.npos;
        if (plain && random.below(2) == 0) {
          text += value;
          row.push_back(value.empty() ? "null" : "." + value);
          continue;
        }
        row.push_back("." + value);
        text += '"';
        for (const char c : value) text += c == '"' ? std::string("\"\"") : std::string(1, c);
        text += '"';
      }
    }
    if (random.below(2) == 0) text += "\n";
    // Of one column an empty last line and no last line are the same text.
    if (columns == 1 && !rows.empty() && rows.back()[0] == "null" && text.ends_with('\n') &&
        text.find_last_not_of("\r\n") + 2 >= text.size())
      continue;
    Place place;
    place.format = Format::csv;
    const auto read = collect(place, text, step_of(seed));
    ASSERT_EQ(read.faults, std::vector<std::string>{}) << text;
    if (columns == 1 && !rows.empty() && rows.back()[0] == "null" && !text.ends_with("\n\n") &&
        read.lines.size() + 1 == rows.size())
      rows.pop_back();
    ASSERT_EQ(read.lines, rows) << text;
  }
}

TEST(FilesProperty, BordersOfWhatIsReadMeanNothing) {
  const std::string texts[] = {
      R"([{"a": "\"\\\"é🙂\u00e9\ud83d\ude42", "b": [[], {}, "]}"]}, tru, {"c": 1e5, "d": -0.5} , 12, "x\"", ])",
      "{\"a\": \"\\\\\"}\n{\"b\": \"é\"}\r\n\r\n{\"c\": }\n{\"d\": 1",
      "a,b\r\n\"x\r\n\"\"é\",1\r\n2,\"\"\r\n3\n\"4\"5,6\n\"7,8\n9,10\n",
  };
  const Format formats[] = {Format::json, Format::ndjson, Format::csv};
  for (std::size_t i = 0; i < std::size(texts); ++i) {
    SCOPED_TRACE(i);
    Place place;
    place.format = formats[i];
    const auto whole = collect(place, texts[i], texts[i].size());
    EXPECT_GE(whole.faults.size(), 2U);
    for (std::size_t step = 1; step < texts[i].size(); ++step) {
      const auto pieces = collect(place, texts[i], step);
      ASSERT_EQ(pieces.faults, whole.faults) << step;
      ASSERT_EQ(pieces.documents, whole.documents) << step;
      ASSERT_EQ(pieces.lines, whole.lines) << step;
    }
  }
}

TEST(FilesProperty, WhatIsRefusedHasAFaultAndWhatIsTakenHasNone) {
  // Right texts with one byte changed, left out or doubled.
  int refused = 0;
  JsonToBson convert({});
  for (std::uint32_t seed = 1; seed <= 3000; ++seed) {
    Random random(seed);
    std::string text = bson::to_json(random.document());
    const auto at = random.below(static_cast<std::uint32_t>(text.size()));
    static constexpr std::string_view bytes = "{}[]\",:\\0e.-tn \x80\xC3";
    if (random.below(2) == 0) {
      text[at] = bytes[random.below(bytes.size())];
    } else {
      text.erase(at, 1);
    }
    std::string padded = text + std::string(Window::padding, '\0');
    bool taken = true;
    std::string why;
    try {
      (void)convert.convert(std::string_view(padded).substr(0, text.size()));
    } catch (const JsonFault& fault) {
      taken = false;
      why = fault.why;
    }
    const auto fault = find_fault(text);
    if (taken) {
      ASSERT_FALSE(fault) << text << fault->why;
    } else {
      ++refused;
      ASSERT_TRUE(fault || why.find("twice") != why.npos || why == "no JSON object" ||
                  why.find("not exact") != why.npos || why.find("zero byte") != why.npos)
          << text << ": " << why;
    }
  }
  EXPECT_GT(refused, 1000);
}
