#include "observe_fixture.hpp"

namespace quire::observe::test {
namespace {

using Strings = std::vector<std::string>;

FilterNeeds needs(std::string_view json) { return needs_of(bson::from_json(json)); }

TEST(NeedsOf, ASortsFieldsByWhatTheirConditionsAsk) {
  const auto some =
      needs(R"({"b": 1, "a": {"$in": [1, 2]}, "c": {"$gt": 1, "$lt": 5}, "d": {"$ne": 3},
      "e": {"$exists": true}, "l": {"$elemMatch": {"x": 1, "y": {"$gte": 2}}}, "o.0.k": 1,
      "p": {"$near": {}}, "s": {"$size": 2}, "$where": "x"})");
  EXPECT_EQ(some.needs.equality, (Strings{"a", "b", "l.x", "o.k"}));
  EXPECT_EQ(some.needs.range, (Strings{"c", "d", "e", "l.y"}));
  EXPECT_EQ(some.needs.geo, Strings{"p"});
  EXPECT_TRUE(some.any_of.empty());
}

TEST(NeedsOf, ReadsAndInsideAndKeepsTheClausesOfAnOr) {
  const auto both = needs(R"({"$and": [{"a": 1}, {"a": {"$gt": 0}, "b": {"$lt": 2}}]})");
  EXPECT_EQ(both.needs.equality, Strings{"a"});
  EXPECT_EQ(both.needs.range, Strings{"b"});
  const auto either = needs(R"({"t": 1, "$or": [{"a": 1}, {"a": 2}, {"b": {"$gt": 2}}]})");
  EXPECT_EQ(either.needs.equality, Strings{"t"});
  ASSERT_EQ(either.any_of.size(), 2U);
  EXPECT_EQ(either.any_of[0].equality, (Strings{"a", "t"}));
  EXPECT_EQ(either.any_of[1].equality, Strings{"t"});
  EXPECT_EQ(either.any_of[1].range, Strings{"b"});
  EXPECT_EQ(needs(R"({"$or": [{"a": 1}, {"a": 2}]})").needs.equality, Strings{"a"});
}

/// The report of one query on a collection with the given indexes.
class OneQuery {
 public:
  OneQuery() : db_(open(":memory:")) {}

  QueryUse look(const Strings& indexes, const std::string& filter, const std::string& sort = "{}") {
    const auto ns = db_.ns("things");
    (void)db_.store().drop_collection(ns, {});
    for (const auto& text : indexes) {
      const auto spec = bson::from_json(text);
      const bson::View view = spec;
      db_.store().create_indexes(ns, {&view, 1}, {});
    }
    QueryLog log;
    store::CommandEvent query;
    query.command = "find";
    query.database = db_.name();
    query.collection = "things";
    const auto f = bson::from_json(filter);
    const auto s = bson::from_json(sort);
    query.filter = f;
    query.sort = s;
    log.on_command(query);
    auto report = analyze_indexes(db_, std::span<const ModelInfo* const>{}, log);
    EXPECT_EQ(report.queries.size(), 1U);
    return report.queries.at(0);
  }
  static Strings keys(const QueryUse& query) {
    Strings out;
    for (const auto& keys : query.proposals) out.push_back(sort_shape(keys));
    return out;
  }

 private:
  Database db_;
};

#ifdef QUIRE_TEST_EMBEDDED
TEST(EqualitySortRange, AnIndexOfThatOrderServesFully) {
  OneQuery one;
  const Strings esr{R"({"key": {"city": 1, "name": -1, "age": 1}, "name": "i"})"};
  const std::string filter = R"({"city": "x", "age": {"$gte": 1}})";
  EXPECT_EQ(one.look(esr, filter, R"({"name": -1})").service, Service::fully);
  EXPECT_EQ(one.look(esr, filter, R"({"name": 1})").service, Service::fully);  // backwards
  EXPECT_EQ(one.look(esr, filter, R"({"city": 1, "name": 1})").service, Service::fully);
  EXPECT_EQ(one.look(esr, R"({"city": "x"})").service, Service::fully);
  EXPECT_EQ(one.look(esr, R"({"city": "x", "name": {"$gt": "a"}})").service, Service::fully);
  EXPECT_EQ(one.look(esr, filter).service, Service::partly);  // `name` stands between
  EXPECT_EQ(one.look(esr, R"({"age": 1})").service, Service::none);
}

TEST(EqualitySortRange, ARangeBeforeTheSortServesPartlyAndAnotherIsProposed) {
  OneQuery one;
  const auto query = one.look({R"({"key": {"city": 1, "age": 1}, "name": "i"})"},
                              R"({"city": "x", "age": {"$gte": 1}})", R"({"name": -1})");
  EXPECT_EQ(query.service, Service::partly);
  EXPECT_EQ(query.indexes, Strings{"i"});
  EXPECT_EQ(OneQuery::keys(query), Strings{R"({"city":1,"name":-1,"age":1})"});
}

TEST(EqualitySortRange, DirectionsMustAgree) {
  OneQuery one;
  const Strings index{R"({"key": {"a": 1, "b": -1}, "name": "i"})"};
  EXPECT_EQ(one.look(index, "{}", R"({"a": 1, "b": -1})").service, Service::fully);
  EXPECT_EQ(one.look(index, "{}", R"({"a": -1, "b": 1})").service, Service::fully);
  EXPECT_EQ(one.look(index, "{}", R"({"a": 1, "b": 1})").service, Service::partly);
  EXPECT_EQ(one.look(index, R"({"a": {"$gt": 3}})", R"({"a": -1})").service, Service::fully);
}

TEST(EqualitySortRange, AUniqueKeyThatIsGivenNeedsNoMore) {
  OneQuery one;
  EXPECT_EQ(
      one.look({R"({"key": {"b": 1}, "name": "i"})"}, R"({"_id": 1, "a": {"$gt": 2}})").service,
      Service::fully);
  EXPECT_EQ(one.look({R"({"key": {"m": 1}, "name": "i", "unique": true})"}, R"({"m": 1, "a": 2})")
                .service,
            Service::fully);
  EXPECT_EQ(one.look({R"({"key": {"m": 1}, "name": "i"})"}, R"({"m": 1, "a": 2})").service,
            Service::partly);
}

TEST(EqualitySortRange, HiddenPartialAndSparseIndexesCountForLess) {
  OneQuery one;
  EXPECT_EQ(one.look({R"({"key": {"a": 1}, "name": "i", "hidden": true})"}, R"({"a": 1})").service,
            Service::none);
  EXPECT_EQ(one.look({R"({"key": {"a": 1}, "name": "i",
                          "partialFilterExpression": {"b": {"$gt": 1}}})"},
                     R"({"a": 1})")
                .service,
            Service::partly);
  const Strings sparse{R"({"key": {"a": 1}, "name": "i", "sparse": true})"};
  EXPECT_EQ(one.look(sparse, R"({"a": 1})").service, Service::fully);
  EXPECT_EQ(one.look(sparse, "{}", R"({"a": 1})").service, Service::none);
}

TEST(EqualitySortRange, EachClauseOfAnOrHasAnIndexOfItsOwn) {
  OneQuery one;
  const std::string filter = R"({"$or": [{"a": 1}, {"b": {"$gt": 1}}]})";
  auto query = one.look(
      {R"({"key": {"a": 1}, "name": "ia"})", R"({"key": {"b": 1}, "name": "ib"})"}, filter);
  EXPECT_EQ(query.service, Service::fully);
  EXPECT_EQ(query.indexes, (Strings{"ia", "ib"}));
  query = one.look({R"({"key": {"a": 1}, "name": "ia"})"}, filter);
  EXPECT_EQ(query.service, Service::none);  // all documents are read for the other clause
  EXPECT_EQ(OneQuery::keys(query), Strings{R"({"b":1})"});
}

TEST(EqualitySortRange, AQueryForEverythingNeedsNoIndex) {
  OneQuery one;
  const auto query = one.look({}, "{}");
  EXPECT_TRUE(query.reads_all);
  EXPECT_TRUE(query.proposals.empty());
}
#endif

TEST(QueryLog, IsBoundedAndLeavesOutWhatIsNoQueryOrFailed) {
  QueryLog log({.max_shapes = 2});
  const auto a = bson::from_json(R"({"a": 1})");
  const auto b = bson::from_json(R"({"b": 1})");
  const auto c = bson::from_json(R"({"c": 1})");
  auto query = event("find", "users", std::chrono::microseconds(7));
  for (const auto* filter : {&a, &b, &c, &a}) {
    query.filter = *filter;
    log.on_command(query);
  }
  EXPECT_EQ(log.left_out(), 1U);
  query.filter = a;
  query.ok = false;
  query.code = ErrorCode::invalid_query;
  log.on_command(query);
  query.code = ErrorCode::timeout;  // the ones that need an index most
  log.on_command(query);
  log.on_command(event("insert", "users", std::chrono::microseconds(7)));
  log.on_command(event("getMore", "users", std::chrono::microseconds(7)));
  const auto shapes = log.shapes("app");
  ASSERT_EQ(shapes.size(), 2U);
  EXPECT_EQ(shapes[0].filter, R"({"a":"?"})");
  EXPECT_EQ(shapes[0].count, 3U);
  EXPECT_EQ(shapes[0].total, std::chrono::microseconds(21));
  EXPECT_EQ(shapes[0].longest, std::chrono::microseconds(7));
  EXPECT_TRUE(log.shapes("another").empty());
  log.clear();
  EXPECT_TRUE(log.shapes().empty());
  EXPECT_EQ(code_of([] { const QueryLog none({.max_shapes = 0}); }), ErrorCode::invalid_argument);
}

using IndexReportOf = ObservedStore;
INSTANTIATE_TEST_SUITE_P(Stores, IndexReportOf, ::testing::ValuesIn(all_stores()), store_name);

TEST_P(IndexReportOf, TellsDeclaredPresentUnusedAndMissing) {
  auto& store = db_->store();
  const auto ns = db_->ns("people");
  store.drop_index(ns, "age_1", {});
  const auto old = bson::from_json(R"({"key": {"phone": 1}, "name": "phone_1"})");
  const bson::View view = old;
  store.create_indexes(ns, {&view, 1}, {});
  people_->insert(Person{.email = "a@example.org", .age = 3, .city = "Rome"});

  const auto log = std::make_shared<QueryLog>();
  auto watching = attach(*db_, log);
  for (int i = 0; i < 3; ++i) (void)people_->find_one(email == std::to_string(i));
  (void)people_->find(age >= 3).sort(age.asc()).to_vector();
  people_->update_many(city == "Rome" && age > 1, age.inc(1));
  (void)people_->find(city == "Rome").sort(email.desc()).to_vector();
  (void)people_->count(city == "Oslo");
  watching.end();

  const auto report = analyze_indexes<Person>(*db_, *log);
  std::map<std::string, IndexUse> by_name;
  for (const auto& index : report.indexes) by_name[index.name] = index;
  ASSERT_EQ(by_name.size(), 4U) << report.str();
  EXPECT_EQ(by_name["_id_"].state, IndexState::undeclared);
  EXPECT_FALSE(by_name["_id_"].unused());
  EXPECT_EQ(by_name["email_1"].state, IndexState::in_place);
  // Three reads by it; the sort by e-mail is ordered by it, too.
  EXPECT_EQ(by_name["email_1"].used, 4U);
  EXPECT_EQ(by_name["age_1"].state, IndexState::missing);
  EXPECT_EQ(by_name["phone_1"].state, IndexState::undeclared);
  ASSERT_EQ(report.missing().size(), 1U);
  ASSERT_EQ(report.unused().size(), 1U);
  EXPECT_EQ(report.unused()[0].name, "phone_1");

  ASSERT_EQ(report.queries.size(), 5U);
  std::map<std::string, QueryUse> queries;
  for (const auto& query : report.queries)
    queries[query.shape.filter + query.shape.sort_shape] = query;
  EXPECT_EQ(queries[R"({"email":"?"}{})"].service, Service::fully);
  EXPECT_EQ(queries[R"({"email":"?"}{})"].shape.count, 3U);
  const auto& by_age = queries[R"({"age":{"$gte":"?"}}{"age":1})"];
  EXPECT_EQ(by_age.service, Service::none);
  EXPECT_EQ(by_age.declared, Strings{"age_1"});
  EXPECT_TRUE(by_age.proposals.empty());
  const auto& sorted = queries[R"({"city":"?"}{"email":-1})"];
  EXPECT_EQ(sorted.service, Service::partly);
  EXPECT_EQ(OneQuery::keys(sorted), Strings{R"({"city":1,"email":-1})"});

  Strings proposals;
  for (const auto& proposal : report.proposals()) proposals.push_back(sort_shape(proposal.keys));
  std::sort(proposals.begin(), proposals.end());
  // That of {city} alone begins the others.
  EXPECT_EQ(proposals, (Strings{R"({"city":1,"age":1})", R"({"city":1,"email":-1})"}));

  const auto text = report.str(false);
  for (const char* part : {"people\n", "email_1", "missing", "undeclared, unused", "fully",
                           R"(add {"city":1,"age":1})", "create the declared age_1"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
  EXPECT_EQ(text.find(" \n"), std::string::npos) << text;

  // What is proposed is what the store then uses.
  for (const auto& proposal : report.proposals()) {
    bson::Writer spec;
    spec.append("key", proposal.keys).append("name", sort_shape(proposal.keys));
    const auto made = spec.finish();
    const bson::View one = made;
    store.create_indexes(ns, {&one, 1}, {});
  }
  people_->sync_indexes();
  const auto after = analyze_indexes<Person>(*db_, *log);
  EXPECT_TRUE(after.missing().empty());
  for (const auto& query : after.queries)
    EXPECT_EQ(query.service, Service::fully) << after.str(false);
  if (!embedded()) return;  // the test server takes the first index that fits, not the best
  const auto plan = bson::to_json(people_->find(city == "Rome").sort(email.desc()).explain());
  EXPECT_NE(plan.find(R"({\"city\":1,\"email\":-1})"), std::string::npos) << plan;
}

TEST_P(IndexReportOf, ShowsTheServersOwnCountsWhereItHasThem) {
  (void)people_->find_one(email == "a");
  bool has = false;
  try {
    const auto stage = bson::from_json(R"({"$indexStats": {}})");
    bson::Writer stages;
    stages.push(stage.view());
    const auto pipeline = stages.finish();
    const auto cursor = db_->store().aggregate(db_->ns("people"), pipeline, {});
    if (const auto row = cursor->next()) has = row->contains("accesses");
  } catch (const StoreError&) {
  }
  const QueryLog none;
  const auto report = analyze_indexes<Person>(*db_, none);
  ASSERT_EQ(report.indexes.size(), 3U);
  // The embedded store has the stage, but counts no uses.
  for (const auto& index : report.indexes)
    EXPECT_EQ(index.accesses.has_value(), has && !embedded()) << index.name;
}

TEST_P(IndexReportOf, ACollectionThatIsNotThereHasAllIndexesMissing) {
  (void)db_->store().drop_collection(db_->ns("people"), {});
  const QueryLog none;
  const auto report = analyze_indexes<Person>(*db_, none);
  EXPECT_EQ(report.missing().size(), 2U);
  EXPECT_EQ(report.indexes.size(), 2U);
}

TEST_P(IndexReportOf, AnIndexWithOtherOptionsDiffers) {
  db_->store().drop_index(db_->ns("people"), "email_1", {});
  const auto spec = bson::from_json(R"({"key": {"email": 1}, "name": "email_1"})");
  const bson::View view = spec;
  db_->store().create_indexes(db_->ns("people"), {&view, 1}, {});
  const QueryLog none;
  for (const auto& index : analyze_indexes<Person>(*db_, none).indexes) {
    if (index.name != "email_1") continue;
    EXPECT_EQ(index.state, IndexState::differs);
    EXPECT_EQ(index.difference, "unique");
  }
}

}  // namespace
}  // namespace quire::observe::test
