// Which way a query takes, and that every way gives what a scan gives.
#include <algorithm>
#include <array>

#include "file_fixture.hpp"
#include "quire/core/error.hpp"
#include "random_document.hpp"
#include "sanitized.hpp"

namespace quire::store::embedded {
namespace {

class Planner : public FileTest {
 protected:
  std::shared_ptr<Store> store = open(":memory:");

  void fill(int n) {
    for (int i = 0; i < n; ++i) {
      insert(*store, R"({"_id": )" + std::to_string(i) + R"(, "a": )" + std::to_string(i % 10) +
                         R"(, "b": )" + std::to_string(i) + R"(, "tags": [)" +
                         std::to_string(i % 3) + ", " + std::to_string(i % 5) + "]}");
    }
  }
  struct Way {
    std::string index;  // "" = a scan
    std::int64_t returned = 0, keys = 0, documents = 0;
  };
  Way way(std::string_view filter, std::string_view sort = "{}", std::string_view hint = "{}",
          std::string_view hint_name = "") {
    const auto f = json(filter), s = json(sort), h = json(hint);
    FindOptions options;
    options.sort = s;
    options.hint = h;
    options.hint_name = hint_name;
    const auto plan = store->explain({"main", "c"}, f, options);
    Way out;
    bson::View stage = plan["queryPlanner"].as_document()["winningPlan"].as_document();
    for (;;) {
      if (const auto name = stage.find("indexName")) out.index = name->as_string();
      if (stage["stage"].as_string() == "IDHACK") out.index = "_id_";
      const auto input = stage.find("inputStage");
      if (!input) break;
      stage = input->as_document();
    }
    const auto numbers = plan["executionStats"].as_document();
    const auto number = [&](std::string_view key) {
      const auto value = numbers[key];
      return value.type() == bson::Type::int32 ? value.as_int32() : value.as_int64();
    };
    out.returned = number("nReturned");
    out.keys = number("totalKeysExamined");
    out.documents = number("totalDocsExamined");
    return out;
  }
};

TEST_F(Planner, PrefersEqualityThenRangeThenOrder) {
  fill(100);
  create_index(*store, R"({"key": {"a": 1, "b": 1}, "name": "a_b"})");
  create_index(*store, R"({"key": {"b": 1}, "name": "b"})");
  EXPECT_EQ(way(R"({"_id": 5})").index, "_id_");
  const auto equality = way(R"({"a": 3, "b": {"$gte": 50}})");
  EXPECT_EQ(equality.index, "a_b");
  EXPECT_EQ(equality.returned, 5);
  EXPECT_EQ(equality.documents, 5);
  const auto range = way(R"({"b": {"$gt": 90}})");
  EXPECT_EQ(range.index, "b");
  EXPECT_EQ(range.returned, 9);
  EXPECT_LE(range.keys, 10);
  EXPECT_EQ(way("{}", R"({"b": -1})").index, "b");
  EXPECT_EQ(way(R"({"c": 1})").index, "");
  const auto in = way(R"({"b": {"$in": [1, 50, 99, 1000]}})");
  EXPECT_EQ(in.index, "b");
  EXPECT_EQ(in.returned, 3);
  EXPECT_EQ(in.documents, 3);
}

TEST_F(Planner, TakesPartialAndSparseIndexesOnlyWhereTheyHoldAllThatMatches) {
  fill(50);
  create_index(
      *store,
      R"({"key": {"a": 1}, "name": "part", "partialFilterExpression": {"b": {"$gte": 25}}})");
  EXPECT_EQ(way(R"({"a": 3})").index, "");
  EXPECT_EQ(way(R"({"a": 3, "b": {"$gt": 30}})").index, "part");
  EXPECT_EQ(way(R"({"a": 3, "b": {"$gt": 20}})").index, "");
  create_index(*store, R"({"key": {"rare": 1}, "name": "sparse", "sparse": true})");
  EXPECT_EQ(way(R"({"rare": 5})").index, "sparse");
  EXPECT_EQ(way(R"({"rare": null})").index, "");
  EXPECT_EQ(way(R"({"rare": null})").returned, 50);
  EXPECT_EQ(way(R"({"rare": {"$exists": false}})").returned, 50);
  EXPECT_EQ(way("{}", R"({"rare": 1})").returned, 50);
}

TEST_F(Planner, FollowsHintsAndRefusesWrongOnes) {
  fill(20);
  create_index(*store, R"({"key": {"a": 1}, "name": "a"})");
  create_index(*store, R"({"key": {"b": 1}, "name": "hidden_b", "hidden": true})");
  EXPECT_EQ(way(R"({"b": 3})").index, "");
  EXPECT_EQ(way(R"({"b": 3})", "{}", R"({"a": 1})").index, "a");
  EXPECT_EQ(way(R"({"b": 3})", "{}", "{}", "a").index, "a");
  try {
    (void)way(R"({"b": 3})", "{}", R"({"z": 1})");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.backend_code(), 2);
  }
}

TEST_F(Planner, GivesWhatAScanGives) {
  // The same documents with and without indexes; random filters over colliding names.
  const auto plain = open(":memory:");
  for (const char* spec :
       {R"({"key": {"a": 1}, "name": "a"})", R"({"key": {"b": -1, "a": 1}, "name": "b_a"})",
        R"({"key": {"a.b": 1}, "name": "ab", "sparse": true})",
        R"({"key": {"c": 1}, "name": "c", "partialFilterExpression": {"c": {"$exists": true}}})"}) {
    create_index(*store, spec);
  }
  std::int64_t inserted = 0;
  for (std::uint64_t seed = 1; seed <= 250; ++seed) {
    auto made = test::RandomDocument(seed, {.deprecated = false}).document();
    bson::Writer writer;
    writer.append("_id", static_cast<std::int64_t>(seed));
    for (const auto& element : made) {
      if (element.key != "_id") writer.append_raw(element);
    }
    const auto document = writer.finish();
    const bson::View view = document;
    if (!store->insert({"main", "c"}, {&view, 1}, {}).errors.empty()) continue;  // parallel arrays
    ++inserted;
    ASSERT_TRUE(plain->insert({"main", "c"}, {&view, 1}, {}).errors.empty());
  }
  ASSERT_GT(inserted, 150);
  const auto ids = [](Store& from, bson::View filter) {
    std::vector<std::int64_t> out;
    const auto cursor = from.find({"main", "c"}, filter, {});
    while (auto document = cursor->next()) out.push_back((*document)["_id"].as_int64());
    std::sort(out.begin(), out.end());
    return out;
  };
  const std::array<std::string_view, 4> names{"a", "b", "c", "a.b"};
  const std::array<std::string_view, 7> operators{"$eq",  "$gt", "$gte", "$lt",
                                                  "$lte", "$ne", "$in"};
  int met = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(seed);
    test::Random random(seed);
    bson::Writer filter;
    for (int i = 0; i < 2; ++i) {
      const auto name = random.pick(names);
      const auto values =
          test::RandomDocument(random.next(), {.deprecated = false, .regex = false}).document();
      const auto first = values.begin();
      if (first == values.end()) continue;
      const auto how = random.pick(operators);
      filter.begin_document(name);
      if (how == "$in") {
        filter.begin_array("$in").push(first->value).push(std::int32_t{1}).end();
      } else {
        filter.append(how, first->value);
      }
      filter.end();
    }
    const auto query = filter.finish();
    std::vector<std::int64_t> wanted;
    try {
      wanted = ids(*plain, query);
    } catch (const QueryError&) {
      continue;
    }
    met += !wanted.empty();
    ASSERT_EQ(ids(*store, query), wanted) << bson::to_json(query.view());
  }
  EXPECT_GT(met, 50);
  EXPECT_TRUE(check(*store).ok()) << check(*store).str();
}

TEST_F(Planner, LeavesNothingOfAUniqueIndexThatCannotBe) {
  fill(20);
  try {
    create_index(*store, R"({"key": {"a": 1}, "name": "a", "unique": true})");
    FAIL() << "accepted";
  } catch (const StoreError& error) {
    EXPECT_EQ(error.code(), ErrorCode::duplicate_key);
  }
  EXPECT_EQ(store->list_indexes({"main", "c"}).size(), 1U);
  EXPECT_TRUE(check(*store).ok());
  EXPECT_EQ(insert(*store, R"({"_id": 100, "a": 1})").inserted, 1);
}

/// Values of all kinds of numbers and what stands beside them in an index.
std::vector<std::string> odd_values() {
  std::vector<std::string> out;
  for (const char* text :
       {"NaN", "-Infinity", "Infinity", "-0.0", "0.1", "5.0", "9007199254740993", "1e308"}) {
    out.push_back(R"({"$numberDouble": ")" + std::string(text) + "\"}");
  }
  for (const char* text : {"NaN", "-Infinity", "Infinity", "5", "5.0", "0.1", "9007199254740993"})
    out.push_back(R"({"$numberDecimal": ")" + std::string(text) + "\"}");
  for (const char* text : {"-3", "0", "5", "7", "9007199254740992", "9007199254740993"})
    out.push_back(R"({"$numberLong": ")" + std::string(text) + "\"}");
  for (const char* text :
       {R"("")", R"("5")", R"("a")", R"("a\u0000b")", R"({"$symbol": "a"})", "null", "true",
        R"({"$date": {"$numberLong": "5"}})", R"({"$timestamp": {"t": 5, "i": 0}})",
        R"({"$oid": "000000000000000000000005"})", R"({"x": 5})", R"({"$minKey": 1})"}) {
    out.emplace_back(text);
  }
  return out;
}

// A count that keys alone tell is the number of documents that a find gives.
TEST_F(Planner, CountsByKeysWhatAFindGives) {
  create_index(*store, R"({"key": {"v": 1}, "name": "v"})");
  create_index(*store, R"({"key": {"d": -1}, "name": "d"})");
  const auto values = odd_values();
  for (std::size_t i = 0; i < values.size(); ++i) {
    insert(*store, R"({"_id": )" + std::to_string(i) + R"(, "v": )" + values[i] + R"(, "d": )" +
                       values[i] + "}");
  }
  insert(*store, R"({"_id": 100})");
  for (const auto& value : values) {
    try {
      insert(*store, R"({"_id": )" + value + "}");
    } catch (const StoreError& error) {
      EXPECT_EQ(error.code(), ErrorCode::duplicate_key);  // equal to another one, or a number above
    }
  }
  const auto compare = [&](const std::string& filter) {
    const auto document = json(filter);
    std::int64_t found = 0;
    const auto natural = json(R"({"$natural": 1})");
    FindOptions scan;
    scan.hint = natural;
    const auto cursor = store->find({"main", "c"}, document, scan);
    while (cursor->next()) ++found;
    EXPECT_EQ(store->count({"main", "c"}, document, {}), found) << filter;
  };
  const std::array<const char*, 5> operators{"$eq", "$gt", "$gte", "$lt", "$lte"};
  constexpr std::size_t step = test::sanitized ? 3 : 1;
  std::size_t pairs = 0;
  for (const char* field : {"v", "d", "_id"}) {
    for (const std::string& value : values) {
      for (const char* one : operators) {
        compare(R"({")" + std::string(field) + R"(": {")" + one + R"(": )" + value + "}}");
        // Under a sanitizer each third pair, of each value another third.
        for (std::size_t i = pairs++ % step; i < values.size(); i += step) {
          const std::string& other = values[i];
          compare(R"({")" + std::string(field) + R"(": {")" + one + R"(": )" + value +
                  R"(, "$lte": )" + other + "}}");
        }
      }
    }
  }
  for (const char* type : {"double", "number", "string", "symbol", "object", "array", "null",
                           "undefined", "bool", "date", "timestamp", "objectId", "minKey"}) {
    for (const char* field : {"v", "d", "_id"})
      compare(R"({")" + std::string(field) + R"(": {"$type": ")" + type + "\"}}");
  }
  for (const char* filter :
       {R"({"v": {"$type": ["string", "null", "array"]}})",
        R"({"_id": {"$type": [2, 3, 5, 7, 8, 9, 17, 11, 12, 13, 15, 127, 10, 6, -1]}})",
        R"({"_id": {"$gt": 3, "$lte": 7}})", R"({"_id": {"$gt": 7, "$lte": 3}})",
        R"({"_id": {"$gte": 0}})", R"({"_id": {"$lt": 9}})", R"({"_id": {"$gt": 3}, "v": null})",
        R"({"$and": [{"_id": {"$gt": 3}}, {"_id": {"$lt": 9}}]})"}) {
    compare(filter);
  }
}

TEST_F(Planner, FindsTypesByTheirStretchesOfAnIndex) {
  fill(100);
  create_index(*store, R"({"key": {"tags": 1}, "name": "tags"})");
  insert(*store, R"({"_id": "text", "b": 5, "tags": ["x", ["y"], 7]})");
  insert(*store, R"({"_id": {"x": 1}, "tags": []})");
  const auto texts = way(R"({"_id": {"$type": "string"}})");
  EXPECT_EQ(texts.index, "_id_");
  EXPECT_EQ(texts.returned, 1);
  EXPECT_EQ(texts.documents, 1);
  EXPECT_EQ(way(R"({"_id": {"$type": ["bool", "date"]}})").documents, 0);
  const auto of_elements = way(R"({"tags": {"$type": "string"}})");
  EXPECT_EQ(of_elements.index, "tags");
  EXPECT_EQ(of_elements.returned, 1);
  // An array is in the index by its elements: all documents are looked at.
  EXPECT_EQ(way(R"({"tags": {"$type": "array"}})").returned, 102);
  EXPECT_EQ(way(R"({"tags": {"$type": ["array", "string"]}})").returned, 102);
}

}  // namespace
}  // namespace quire::store::embedded
