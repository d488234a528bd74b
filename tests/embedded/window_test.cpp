#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "quire/bson/json.hpp"
#include "quire/core/error.hpp"
#include "store/embedded/pipeline/stage.hpp"

namespace quire::store::embedded {
namespace {

class NoSources final : public Sources {
 public:
  StagePtr open(Namespace, std::optional<Matcher>, const Read&, const Run&) override {
    throw Error(ErrorCode::internal, "a stage reads a collection");
  }
  bool has_index_on(Namespace, std::string_view) override { return false; }
};

struct Limits {
  std::size_t memory = Run::default_memory_limit;
  bool disk = true;
};

/// The documents that a pipeline makes of those in `documents`, as a JSON array without spaces.
std::string run(const std::string& pipeline, const std::string& documents, Limits limits = {}) {
  const auto stages = bson::from_json(R"({"v": [)" + pipeline + "]}");
  ParseScope scope;
  PipelineContext context{scope, "db", "c", PipelinePlace::top, 0, false, {}, {}};
  const StageSpecs specs = parse_pipeline(stages["v"].as_array(), context);
  std::vector<bson::Document> input;
  const auto list = bson::from_json(R"({"v": )" + documents + "}");
  for (const auto& element : list["v"].as_array()) input.emplace_back(element.value.as_document());
  NoSources sources;
  Deadline deadline{std::chrono::milliseconds(0)};
  Run running(sources, deadline, 0);
  running.memory_limit = limits.memory;
  running.allow_disk_use = limits.disk;
  const StagePtr last = open_stages(specs, list_stage(std::move(input)), running);
  std::string out;
  while (const auto document = last->next()) {
    if (!out.empty()) out += ',';
    out += bson::to_json(*document);
  }
  std::erase(out, ' ');
  return "[" + out + "]";
}

/// The field r of the results of one window function, over {t, v}, sorted by t.
std::string window(const std::string& function, const std::string& documents) {
  return run(R"({"$setWindowFields": {"sortBy": {"t": 1}, "output": {"r": )" + function +
                 R"(}}}, {"$project": {"_id": 0, "r": 1}})",
             documents);
}

int failure_of(const std::string& pipeline, const std::string& documents = "[]") {
  try {
    (void)run(pipeline, documents);
  } catch (const Error& error) {
    return error.backend_code();
  }
  return 0;
}

std::string plain(std::string text) {
  std::erase(text, ' ');
  std::erase(text, '\n');
  return text;
}

struct Case {
  const char* function;
  const char* documents;
  const char* result;
};
constexpr const char* four = R"([{"t": 1, "v": 1}, {"t": 2, "v": 4}, {"t": 3, "v": 2},
                                 {"t": 4, "v": 3}])";

class WindowFunctions : public ::testing::TestWithParam<Case> {};
TEST_P(WindowFunctions, GiveTheResultOfTheServer) {
  const auto& c = GetParam();
  EXPECT_EQ(window(c.function, c.documents), plain(c.result)) << c.function;
}

INSTANTIATE_TEST_SUITE_P(
    Accumulators, WindowFunctions,
    ::testing::Values(
        Case{R"({"$sum": "$v"})", four, R"([{"r": 10}, {"r": 10}, {"r": 10}, {"r": 10}])"},
        Case{R"({"$sum": "$v", "window": {"documents": ["unbounded", "current"]}})", four,
             R"([{"r": 1}, {"r": 5}, {"r": 7}, {"r": 10}])"},
        Case{R"({"$sum": "$v", "window": {"documents": [-1, 0]}})", four,
             R"([{"r": 1}, {"r": 5}, {"r": 6}, {"r": 5}])"},
        Case{R"({"$sum": "$v", "window": {"documents": [1, 2]}})", four,
             R"([{"r": 6}, {"r": 5}, {"r": 3}, {"r": 0}])"},
        Case{R"({"$sum": "$v", "window": {"documents": [-1, 0]}})",
             R"([{"t": 1, "v": 1e100}, {"t": 2, "v": 1}, {"t": 3, "v": 2}])",
             R"([{"r": 1e+100}, {"r": 1e+100}, {"r": 3}])"},
        Case{R"({"$sum": "$v", "window": {"documents": [0, 0]}})",
             R"([{"t": 1, "v": {"$numberDouble": "NaN"}}, {"t": 2, "v": 1}])",
             R"([{"r": {"$numberDouble": "NaN"}}, {"r": 1}])"},
        Case{R"({"$avg": "$v", "window": {"documents": [-1, 0]}})", four,
             R"([{"r": 1.0}, {"r": 2.5}, {"r": 3.0}, {"r": 2.5}])"},
        Case{R"({"$min": "$v", "window": {"documents": [-1, 1]}})", four,
             R"([{"r": 1}, {"r": 1}, {"r": 2}, {"r": 2}])"},
        Case{R"({"$max": "$v", "window": {"documents": [-1, 0]}})", four,
             R"([{"r": 1}, {"r": 4}, {"r": 4}, {"r": 3}])"},
        Case{R"({"$push": "$v", "window": {"documents": ["current", 1]}})", four,
             R"([{"r": [1, 4]}, {"r": [4, 2]}, {"r": [2, 3]}, {"r": [3]}])"},
        Case{R"({"$addToSet": "$v", "window": {"documents": [-1, 0]}})",
             R"([{"t": 1, "v": 1}, {"t": 2, "v": 1}, {"t": 3, "v": 2}])",
             R"([{"r": [1]}, {"r": [1]}, {"r": [1, 2]}])"},
        Case{R"({"$concatArrays": "$v", "window": {"documents": [-1, 0]}})",
             R"([{"t": 1, "v": [1]}, {"t": 2, "v": [2, 3]}, {"t": 3, "v": []}])",
             R"([{"r": [1]}, {"r": [1, 2, 3]}, {"r": [2, 3]}])"},
        Case{R"({"$count": {}, "window": {"documents": [-1, 0]}})", four,
             R"([{"r": 1}, {"r": 2}, {"r": 2}, {"r": 2}])"},
        Case{R"({"$topN": {"n": 2, "sortBy": {"v": -1}, "output": "$v"},
                 "window": {"documents": [-2, 0]}})",
             four, R"([{"r": [1]}, {"r": [4, 1]}, {"r": [4, 2]}, {"r": [4, 3]}])"},
        Case{R"({"$bottom": {"sortBy": {"v": -1}, "output": "$v"},
                 "window": {"documents": [-1, 0]}})",
             four, R"([{"r": 1}, {"r": 1}, {"r": 2}, {"r": 2}])"},
        Case{R"({"$maxN": {"n": 2, "input": "$v"}, "window": {"documents": [-2, 0]}})", four,
             R"([{"r": [1]}, {"r": [4, 1]}, {"r": [4, 2]}, {"r": [4, 3]}])"},
        Case{R"({"$lastN": {"n": 2, "input": "$v"}, "window": {"documents": [-2, 0]}})", four,
             R"([{"r": [1]}, {"r": [1, 4]}, {"r": [4, 2]}, {"r": [2, 3]}])"},
        Case{R"({"$median": {"input": "$v", "method": "approximate"},
                 "window": {"documents": [-2, 0]}})",
             four, R"([{"r": 1.0}, {"r": 1.0}, {"r": 2.0}, {"r": 3.0}])"},
        Case{R"({"$stdDevPop": "$v", "window": {"documents": [-1, 0]}})", four,
             R"([{"r": 0}, {"r": 1.5}, {"r": 1.0}, {"r": 0.5}])"},
        Case{R"({"$covariancePop": ["$t", "$v"], "window": {"documents": [-1, 0]}})", four,
             R"([{"r": 0.0}, {"r": 0.75}, {"r": -0.5}, {"r": 0.25}])"}));

INSTANTIATE_TEST_SUITE_P(
    Ranges, WindowFunctions,
    ::testing::Values(
        Case{R"({"$sum": "$v", "window": {"range": [-1, 0]}})",
             R"([{"t": 1, "v": 1}, {"t": 1.5, "v": 2}, {"t": 3, "v": 4}, {"t": 3, "v": 8}])",
             R"([{"r": 1}, {"r": 3}, {"r": 12}, {"r": 12}])"},
        Case{R"({"$sum": "$v", "window": {"range": ["unbounded", "current"]}})",
             R"([{"t": 1, "v": 1}, {"t": 2, "v": 2}, {"t": 2, "v": 4}])",
             R"([{"r": 1}, {"r": 3}, {"r": 7}])"},
        Case{R"({"$sum": "$v", "window": {"range": ["unbounded", -3]}})",
             R"([{"t": 1, "v": 1}, {"t": 3, "v": 2}, {"t": 5, "v": 4}])",
             R"([{"r": 0}, {"r": 0}, {"r": 1}])"},
        Case{R"({"$sum": "$v", "window": {"range": [-2, -1]}})",
             R"([{"t": 1, "v": 1}, {"t": 2, "v": 2}, {"t": 9, "v": 4}])",
             R"([{"r": 0}, {"r": 1}, {"r": 0}])"},
        Case{R"({"$push": "$v", "window": {"range": [-1, 0], "unit": "month"}})",
             R"([{"t": {"$date": "2023-01-31T00:00:00Z"}, "v": 1},
                 {"t": {"$date": "2023-02-28T00:00:00Z"}, "v": 2},
                 {"t": {"$date": "2023-03-31T00:00:00Z"}, "v": 3}])",
             R"([{"r": [1]}, {"r": [1, 2]}, {"r": [2, 3]}])"}));

INSTANTIATE_TEST_SUITE_P(
    ByPlace, WindowFunctions,
    ::testing::Values(
        Case{R"({"$rank": {}})", R"([{"t": 1}, {"t": 1}, {"t": 2}])",
             R"([{"r": 1}, {"r": 1}, {"r": 3}])"},
        Case{R"({"$denseRank": {}})", R"([{"t": 1}, {"t": 1}, {"t": 2}])",
             R"([{"r": 1}, {"r": 1}, {"r": 2}])"},
        Case{R"({"$documentNumber": {}})", R"([{"t": 1}, {"t": 1}, {"t": 2}])",
             R"([{"r": 1}, {"r": 2}, {"r": 3}])"},
        Case{R"({"$shift": {"output": "$v", "by": -1, "default": "none"}})", four,
             R"([{"r": "none"}, {"r": 1}, {"r": 4}, {"r": 2}])"},
        Case{R"({"$first": "$v", "window": {"documents": [-1, 0]}})", four,
             R"([{"r": 1}, {"r": 1}, {"r": 4}, {"r": 2}])"},
        Case{R"({"$last": "$v", "window": {"documents": [1, 2]}})", four,
             R"([{"r": 2}, {"r": 3}, {"r": 3}, {"r": null}])"},
        Case{R"({"$derivative": {"input": "$v"}, "window": {"documents": [-1, 0]}})", four,
             R"([{"r": null}, {"r": 3.0}, {"r": -2.0}, {"r": 1.0}])"},
        Case{R"({"$integral": {"input": "$v"}, "window": {"documents": [-1, 0]}})", four,
             R"([{"r": 0}, {"r": 2.5}, {"r": 3.0}, {"r": 2.5}])"},
        Case{R"({"$expMovingAvg": {"input": "$v", "N": 3}})", four,
             R"([{"r": 1.0}, {"r": 2.5}, {"r": 2.25}, {"r": 2.625}])"},
        Case{R"({"$locf": "$v"})", R"([{"t": 1}, {"t": 2, "v": 5}, {"t": 3, "v": null}])",
             R"([{"r": null}, {"r": 5}, {"r": 5}])"},
        Case{R"({"$linearFill": "$v"})",
             R"([{"t": 0}, {"t": 1, "v": 10}, {"t": 2}, {"t": 4, "v": 40}, {"t": 5}])",
             R"([{"r": null}, {"r": 10}, {"r": 20.0}, {"r": 40}, {"r": null}])"},
        Case{R"({"$minMaxScaler": {"input": "$v", "min": 0, "max": 6}})", four,
             R"([{"r": 0.0}, {"r": 6.0}, {"r": 2.0}, {"r": 4.0}])"}));

TEST(SetWindowFields, PartsAndSortsItsInput) {
  const auto* stage = R"({"$setWindowFields": {"partitionBy": "$p", "sortBy": {"t": -1}, "output":
      {"n.r": {"$documentNumber": {}}, "s": {"$sum": "$t"}}}})";
  const auto* documents =
      R"([{"p": "b", "t": 1}, {"t": 5}, {"p": "b", "t": 3}, {"p": null, "t": 7}])";
  const auto expected = plain(R"([{"p": null, "t": 7, "n": {"r": 1}, "s": 12},
      {"t": 5, "n": {"r": 2}, "s": 12}, {"p": "b", "t": 3, "n": {"r": 1}, "s": 4},
      {"p": "b", "t": 1, "n": {"r": 2}, "s": 4}])");
  EXPECT_EQ(run(stage, documents), expected);
  // And with all of it on disk.
  EXPECT_EQ(run(stage, documents, {10, true}), expected);
  EXPECT_THROW((void)run(stage, documents, {10, false}), StoreError);
}

TEST(SetWindowFields, FailsWithTheNumbersOfTheServer) {
  const auto output = [](const std::string& function, const char* sort = R"({"t": 1})") {
    return failure_of(R"({"$setWindowFields": {"sortBy": )" + std::string(sort) +
                          R"(, "output": {"r": )" + function + "}}}",
                      R"([{"t": "a", "v": "x"}])");
  };
  EXPECT_EQ(failure_of(R"({"$setWindowFields": 1})"), 9);
  EXPECT_EQ(failure_of(R"({"$setWindowFields": {}})"), 40414);
  EXPECT_EQ(failure_of(R"({"$setWindowFields": {"output": 1}})"), 14);
  EXPECT_EQ(failure_of(R"({"$setWindowFields": {"output": {}, "x": 1}})"), 40415);
  EXPECT_EQ(
      failure_of(R"({"$setWindowFields": {"partitionBy": "$p", "output": {}}})", R"([{"p": [1]}])"),
      14);
  EXPECT_EQ(output("5"), 9);
  EXPECT_EQ(output(R"({"$nothing": 1})"), 9);
  EXPECT_EQ(output(R"({"$sum": 1, "$avg": 1})"), 9);
  EXPECT_EQ(output(R"({"$sum": 1, "window": {"documents": [1, 0]}})"), 5339900);
  EXPECT_EQ(output(R"({"$sum": 1, "window": {"documents": [0, 1]}})", "{}"), 5339901);
  EXPECT_EQ(output(R"({"$sum": 1, "window": {"range": [0, 1]}})", R"({"a": 1, "b": 1})"), 5339902);
  EXPECT_EQ(output(R"({"$sum": 1, "window": {"range": [0, 1]}})", R"({"a": -1})"), 8947401);
  EXPECT_EQ(output(R"({"$sum": 1, "window": {"range": [0, 1]}})"), 5429414);
  EXPECT_EQ(output(R"({"$sum": 1, "window": {"range": [0, 1], "unit": "day"}})"), 5429513);
  EXPECT_EQ(output(R"({"$rank": {}, "window": {}})"), 5371601);
  EXPECT_EQ(output(R"({"$rank": {}})", "{}"), 5371602);
  EXPECT_EQ(output(R"({"$rank": 1})"), 5371603);
  EXPECT_EQ(output(R"({"$firstN": {"n": 0, "input": 1}})"), 5787908);
  EXPECT_EQ(output(R"({"$linearFill": "$v"})"), 14);
  EXPECT_EQ(output(R"({"$integral": {"input": "$v", "unit": "month"}})"), 5490710);
  EXPECT_EQ(output(R"({"$derivative": {"input": "$v"}})"), 9);
}

TEST(Fill, TakesTheMethodOrTheValue) {
  EXPECT_EQ(
      run(R"({"$fill": {"sortBy": {"t": 1}, "partitionByFields": ["p"], "output":
                  {"v": {"method": "linear"}, "w": {"value": "none"}}}})",
          R"([{"p": 1, "t": 3, "v": 9}, {"p": 1, "t": 1, "v": 1, "w": "some"},
                    {"p": 1, "t": 2}, {"p": 2, "t": 2}])"),
      plain(R"([{"p": 1, "t": 1, "v": 1, "w": "some"}, {"p": 1, "t": 2, "v": 5.0, "w": "none"},
                      {"p": 1, "t": 3, "v": 9, "w": "none"},
                      {"p": 2, "t": 2, "v": null, "w": "none"}])"));
  EXPECT_EQ(failure_of(R"({"$fill": {"output": {}}})"), 6050203);
  EXPECT_EQ(failure_of(R"({"$fill": {"output": {"a": 1}}})"), 6050200);
  EXPECT_EQ(failure_of(R"({"$fill": {"output": {"a": {"method": "x"}}}})"), 6050202);
  EXPECT_EQ(failure_of(R"({"$fill": {"output": {"a": {"method": "locf", "value": 1}}}})"), 6050201);
  EXPECT_EQ(failure_of(R"({"$fill": {"output": {"a": {"method": "linear"}}}})"), 605001);
}

TEST(Densify, MakesTheValuesBetween) {
  EXPECT_EQ(run(R"({"$densify": {"field": "t", "range": {"step": 2, "bounds": "full"}}})",
                R"([{"t": 7}, {"t": 1, "v": 1}, {"v": 2}, {"t": 4}])"),
            plain(R"([{"v": 2}, {"t": 1, "v": 1}, {"t": 3}, {"t": 4}, {"t": 5}, {"t": 7}])"));
  EXPECT_EQ(
      run(R"({"$densify": {"field": "t", "partitionByFields": ["p"],
                  "range": {"step": 1, "bounds": "partition"}}})",
          R"([{"p": "a", "t": 1}, {"p": "a", "t": 3}, {"p": "b", "t": 5}, {"p": "b", "t": 6}])"),
      plain(R"([{"p": "a", "t": 1}, {"p": "a", "t": 2}, {"p": "a", "t": 3},
                      {"p": "b", "t": 5}, {"p": "b", "t": 6}])"));
  EXPECT_EQ(run(R"({"$densify": {"field": "t", "partitionByFields": ["p"],
                  "range": {"step": 1, "bounds": "full"}}})",
                R"([{"p": "a", "t": 1}, {"p": "b", "t": 3}])"),
            plain(R"([{"p": "a", "t": 1}, {"p": "b", "t": 1}, {"p": "b", "t": 2},
                      {"p": "b", "t": 3}, {"p": "a", "t": 2}, {"p": "a", "t": 3}])"));
  EXPECT_EQ(run(R"({"$densify": {"field": "n.t", "range": {"step": 1, "bounds": [2, 5]}}})",
                R"([{"n": {"t": 1}}, {"n": {"t": 3}}, {"n": {"t": 9}}])"),
            plain(R"([{"n": {"t": 1}}, {"n": {"t": 2}}, {"n": {"t": 3}}, {"n": {"t": 4}},
                      {"n": {"t": 9}}])"));
  EXPECT_EQ(run(R"({"$densify": {"field": "t", "range": {"step": 1, "bounds": [2, 4]}}})", "[]"),
            plain(R"([{"t": 2}, {"t": 3}])"));
  EXPECT_EQ(run(R"({"$densify": {"field": "t", "range": {"step": 1, "unit": "month",
                  "bounds": "full"}}})",
                R"([{"t": {"$date": "2024-01-15T00:00:00Z"}},
                    {"t": {"$date": "2024-03-15T00:00:00Z"}}])"),
            plain(R"([{"t": {"$date": "2024-01-15T00:00:00Z"}},
                      {"t": {"$date": "2024-02-15T00:00:00Z"}},
                      {"t": {"$date": "2024-03-15T00:00:00Z"}}])"));
}

TEST(Densify, FailsWithTheNumbersOfTheServer) {
  const auto range = [](const std::string& text, const char* documents = "[]") {
    return failure_of(R"({"$densify": {"field": "t", "range": )" + text + "}}", documents);
  };
  EXPECT_EQ(failure_of(R"({"$densify": 1})"), 9);
  EXPECT_EQ(failure_of(R"({"$densify": {"field": "t"}})"), 40414);
  EXPECT_EQ(range(R"({"step": 0, "bounds": "full"})"), 5733401);
  EXPECT_EQ(range(R"({"step": 1.5, "unit": "day", "bounds": "full"})"), 6586400);
  EXPECT_EQ(range(R"({"step": 1, "bounds": "all"})"), 5946802);
  EXPECT_EQ(range(R"({"step": 1, "bounds": "partition"})"), 5733408);
  EXPECT_EQ(range(R"({"step": 1, "bounds": 1})"), 5733404);
  EXPECT_EQ(range(R"({"step": 1, "bounds": [1]})"), 5733403);
  EXPECT_EQ(range(R"({"step": 1, "bounds": [2, 1]})"), 5733402);
  EXPECT_EQ(range(R"({"step": 1, "bounds": [1, 2.5]})"), 5876900);
  EXPECT_EQ(range(R"({"step": 1, "bounds": ["a", "b"]})"), 5946800);
  EXPECT_EQ(range(R"({"step": 1, "bounds": "full"})", R"([{"t": "a"}])"), 5733201);
  EXPECT_EQ(range(R"({"step": 1, "unit": "day", "bounds": "full"})", R"([{"t": 1}])"), 6053600);
  EXPECT_EQ(range(R"({"step": 1, "bounds": [0, 1000000]})"), 5897900);
}

}  // namespace
}  // namespace quire::store::embedded
