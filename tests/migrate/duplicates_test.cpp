#include "quire/migrate/duplicates.hpp"

#include <algorithm>
#include <random>

#include "fixture.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {
namespace {

using namespace test;

bson::Document keys(std::string_view json) { return bson::from_json(json); }

std::vector<std::string> ids_of(const DuplicateGroups& found) {
  std::vector<std::string> out;
  for (const auto& group : found.groups) {
    std::string text = bson::to_json(group.key) + ":";
    for (const auto& id : group.ids) text += " " + bson::to_json(id.view());
    out.push_back(text);
  }
  return out;
}

TEST(Duplicates, GroupsAreThoseOfAUniqueIndex) {
  Database db = empty_database();
  put(db, "users", R"({"_id": 1, "email": "a"})");
  put(db, "users", R"({"_id": 2, "email": "a"})");
  put(db, "users", R"({"_id": 3})");
  put(db, "users", R"({"_id": 4, "email": null})");
  put(db, "users", R"({"_id": 5, "email": {"$numberLong": "7"}})");
  put(db, "users", R"({"_id": 6, "email": 7.0})");
  put(db, "users", R"({"_id": 7, "email": ["b", "c", "b"]})");
  put(db, "users", R"({"_id": 8, "email": ["c", "d"]})");
  put(db, "users", R"({"_id": 9, "email": []})");
  put(db, "users", R"({"_id": 10, "email": []})");
  put(db, "users", R"({"_id": 11, "email": [["c"]]})");
  const auto found = find_duplicates(db, "users", keys(R"({"email": 1})"));
  EXPECT_FALSE(found.empty());
  auto groups = ids_of(found);
  std::sort(groups.begin(), groups.end());
  EXPECT_EQ(groups, (std::vector<std::string>{R"({"email": "a"}: 1 2)", R"({"email": "c"}: 7 8)",
                                              R"({"email": 7}: 5 6)", R"({"email": null}: 3 4)",
                                              R"({"email": {"$undefined": true}}: 9 10)"}));
  EXPECT_TRUE(find_duplicates(db, "users", keys(R"({"email": 1, "_id": 1})")).empty());
  EXPECT_TRUE(find_duplicates(db, "absent", keys(R"({"email": 1})")).empty());
}

TEST(Duplicates, SparseAndPartialLeaveOut) {
  Database db = empty_database();
  put(db, "users", R"({"_id": 1})");
  put(db, "users", R"({"_id": 2})");
  put(db, "users", R"({"_id": 3, "a": 1, "old": true})");
  put(db, "users", R"({"_id": 4, "a": 1})");
  EXPECT_EQ(find_duplicates(db, "users", keys(R"({"a": 1})")).groups.size(), 2U);
  EXPECT_EQ(find_duplicates(db, "users", keys(R"({"a": 1})"), {.sparse = true}).groups.size(), 1U);
  DuplicateOptions options;
  options.partial_filter = keys(R"({"old": true})");
  EXPECT_TRUE(find_duplicates(db, "users", keys(R"({"a": 1})"), options).empty());
}

TEST(Duplicates, ListsAreCutAndSayHowMany) {
  Database db = empty_database();
  for (int i = 0; i < 30; ++i)
    put(db, "c", R"({"_id": )" + std::to_string(i) + R"(, "k": )" + std::to_string(i % 10) + "}");
  DuplicateOptions options;
  options.most = 4;
  options.most_ids = 2;
  const auto found = find_duplicates(db, "c", keys(R"({"k": 1})"), options);
  ASSERT_EQ(found.groups.size(), 4U);
  EXPECT_TRUE(found.more);
  EXPECT_EQ(found.groups[0].documents, 3);
  EXPECT_EQ(found.groups[0].ids.size(), 2U);
  EXPECT_EQ(bson::from_json(found.json())["schema"].as_string(), "quire.duplicates/1");
  EXPECT_NE(found.str().find("3 documents, _id 0, 10, …"), std::string::npos) << found.str();
}

TEST(Duplicates, KeysThatNoUniqueIndexHasAreRefused) {
  Database db = empty_database();
  const auto code = [&](const char* json) {
    try {
      (void)find_duplicates(db, "c", keys(json));
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::internal;
  };
  for (const char* json : {"{}", R"({"a": "text"})", R"({"a": 0})", R"({"a..b": 1})",
                           R"({"$a": 1})", R"({"": 1})", R"({"a": true})"})
    EXPECT_EQ(code(json), ErrorCode::invalid_index) << json;
  EXPECT_EQ(code(R"({"a.0": 1})"), ErrorCode::unsupported);
  EXPECT_EQ(code(R"({"a.b.c.d.e.f.g": 1})"), ErrorCode::unsupported);
  EXPECT_TRUE(find_duplicates(db, "c", keys(R"({"a.b.c.d.e.f": 1, "a.b.c.d.e.g": -1})")).empty());
}

/// Values, lists, lists of documents and gaps, all out of few, so that they meet.
class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  bson::Value value(int depth) {
    switch (pick(depth > 0 ? 9 : 6)) {
      case 0:
        return bson::Value(static_cast<std::int32_t>(pick(2)));
      case 1:
        return bson::Value(static_cast<std::int64_t>(pick(2)));
      case 2:
        return bson::Value(static_cast<double>(pick(2)));
      case 3:
        return bson::Value("x");
      case 4:
        return {};
      case 5:
        return bson::Value(pick(2) == 0);
      case 6:
      case 7: {
        bson::Writer w;
        const int n = pick(3);
        for (int i = 0; i < n; ++i) w.append(std::to_string(i), value(depth - 1));
        return bson::Value::array(w.finish());
      }
      default:
        return bson::Value(fields({"b", "c"}, depth - 1));
    }
  }
  bson::Document fields(const std::vector<const char*>& names, int depth) {
    bson::Writer w;
    for (const char* name : names) {
      if (pick(4) > 0) w.append(name, value(depth));
    }
    return w.finish();
  }
  int pick(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }

 private:
  std::mt19937 random_;
};

/// A unique index is made, one document put in, then the other: refused exactly when a group has
/// both.
TEST(Duplicates, AreWhatTheStoreRefusesPairByPair) {
  const bool server = quire::test::on_server();
  const char* definitions[] = {R"({"a": 1})", R"({"a.b": 1})", R"({"a": 1, "d": -1})",
                               R"({"a.b": 1, "a.c": 1})", R"({"a.b": 1, "d.c": 1})"};
  int pairs = 0, duplicates = 0, lonely = 0;
  for (unsigned seed = 0; seed < (server ? 5U : 120U); ++seed) {
    Database db = empty_database();
    Generator generator(seed);
    const bson::Document definition = keys(definitions[seed % std::size(definitions)]);
    // SecantusDB gives null, not "missing", as the type of an absent field of a variable.
    const bool nested = definition.view().begin()->key.find('.') != std::string_view::npos;
    const bool sparse = seed % 3 == 1 && !(server && nested);
    std::vector<bson::Document> documents;
    std::vector<bson::View> views;
    for (std::int32_t i = 0; i < (server ? 5 : 8); ++i) {
      bson::Writer w;
      w.append("_id", i).append_all(generator.fields({"a", "d"}, 3));
      documents.push_back(w.finish());
    }
    views.assign(documents.begin(), documents.end());
    ASSERT_TRUE(db.store().insert(db.ns("all"), views, {}).errors.empty());
    const auto found = find_duplicates(db, "all", definition, {.sparse = sparse});
    bson::Writer spec;
    spec.append("key", definition).append("name", "one").append("unique", true);
    if (sparse) spec.append("sparse", true);
    const bson::Document index = spec.finish();
    const bson::View index_view = index;
    db.store().create_indexes(db.ns("pair"), {&index_view, 1}, {});
    const auto taken = [&](bson::View document) {
      return db.store().insert(db.ns("pair"), {&document, 1}, {}).errors.empty();
    };
    const auto clear = [&] {
      store::RemoveOptions every;
      every.multi = true;
      (void)db.store().remove(db.ns("pair"), {}, every);
    };
    const auto has = [](const std::vector<bson::Value>& ids, std::size_t i) {
      return std::find(ids.begin(), ids.end(), bson::Value(static_cast<std::int32_t>(i))) !=
             ids.end();
    };
    bool whole = true;
    for (std::size_t i = 0; i < documents.size(); ++i) {
      clear();
      const bool alone = taken(documents[i]);
      if (!alone) ++lonely;
      EXPECT_EQ(!alone, has(found.parallel_ids, i))
          << bson::to_json(definition) << bson::to_json(documents[i]);
      whole = whole && alone;
      for (std::size_t j = i + 1; alone && j < documents.size(); ++j) {
        if (has(found.parallel_ids, j)) continue;
        clear();
        (void)taken(documents[i]);
        const bool both = taken(documents[j]);
        const bool grouped =
            std::any_of(found.groups.begin(), found.groups.end(),
                        [&](const auto& group) { return has(group.ids, i) && has(group.ids, j); });
        EXPECT_EQ(!both, grouped) << bson::to_json(definition) << (sparse ? " sparse " : " ")
                                  << bson::to_json(documents[i]) << bson::to_json(documents[j]);
        ++pairs;
        duplicates += grouped ? 1 : 0;
        whole = whole && both;
      }
    }
    bool made = true;
    try {
      db.store().create_indexes(db.ns("all"), {&index_view, 1}, {});
    } catch (const StoreError&) {
      made = false;
    }
    EXPECT_EQ(made, found.empty()) << found.str();
    EXPECT_EQ(made, whole);
  }
  if (server) return;
  EXPECT_GT(duplicates, 300);
  EXPECT_GT(pairs - duplicates, 300);
  EXPECT_GT(lonely, 10);
}

}  // namespace
}  // namespace quire::migrate
