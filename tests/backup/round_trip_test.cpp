#include "backup/file_name.hpp"
#include "fixture.hpp"

namespace quire::backup {
namespace {

using namespace test;

class RoundTrip : public BackupTest {};

std::vector<bson::Document> every_type() {
  auto out = std::vector{bson::from_json(R"json({"_id": 1, "double": 1.5,
    "minus_zero": {"$numberDouble": "-0.0"}, "nan": {"$numberDouble": "NaN"},
    "int32": {"$numberInt": "7"}, "int64": {"$numberLong": "1099511627776"},
    "decimal": {"$numberDecimal": "1.10"}, "true": true, "text": "zero\u0000byte", "empty": "",
    "id": {"$oid": "5f1e7c2a9b3d4e5f60718293"}, "date": {"$date": {"$numberLong": "-1"}},
    "time": {"$timestamp": {"t": 5, "i": 6}}, "null": null, "min": {"$minKey": 1},
    "max": {"$maxKey": 1}, "document": {"b": 1, "a": [1, {"c": null}]},
    "binary": {"$binary": {"base64": "AAEC", "subType": "80"}},
    "uuid": {"$binary": {"base64": "AAECAwQFBgcICQoLDA0ODw==", "subType": "04"}},
    "regex": {"$regularExpression": {"pattern": "^a", "options": "i"}}, "code": {"$code": "f()"},
    "scoped": {"$code": "f()", "$scope": {"x": 1}}, "array": [[], {}, ""]})json")};
  // The test server changes these three into others.
  if (!quire::test::on_server())
    out.push_back(bson::from_json(R"json({"_id": 2, "symbol": {"$symbol": "s"},
      "undefined": {"$undefined": true},
      "pointer": {"$dbPointer": {"$ref": "c", "$id": {"$oid": "5f1e7c2a9b3d4e5f60718293"}}}})json"));
  return out;
}

TEST_F(RoundTrip, KeepsDocumentsOptionsIndexesAndViews) {
  const TestDatabase from, to;
  insert(from.db, "types", every_type());
  std::vector<bson::Document> users;
  for (std::int32_t i = 0; i < 2500; ++i)
    users.push_back(bson::make_document("_id", i, "email", "u" + std::to_string(i), "age", i % 90));
  insert(from.db, "users", users);
  index(from.db, "users", R"({"key": {"email": 1}, "name": "email_1", "unique": true})");
  index(from.db, "users", R"({"key": {"age": -1, "email": 1}, "name": "a"})");
  index(from.db, "users", R"({"key": {"nick": 1}, "name": "nick_1", "sparse": true})");
  index(from.db, "users", R"({"key": {"age": 1}, "name": "adults",
    "partialFilterExpression": {"age": {"$gte": 18}}})");
  index(from.db, "users", R"({"key": {"at": 1}, "name": "at_1", "expireAfterSeconds": 3600})");
  create(from.db, "nothing");
  create(from.db, "ring", R"({"capped": true, "size": 65536, "max": 3})");
  for (int i = 0; i < 5; ++i) insert(from.db, "ring", {bson::make_document("_id", 9 - i)});
  // A document that is older than the validator.
  insert(from.db, "checked", R"({"_id": 1})");
  (void)from.db.run_command(bson::from_json(
      R"({"collMod": "checked", "validator": {"n": {"$type": "int"}}, "validationLevel": "moderate"})"));
  create(from.db, "old_users", R"({"viewOn": "users", "pipeline": [{"$match": {"age": 89}}]})");
  create(from.db, "a_view_of_it", R"({"viewOn": "old_users", "pipeline": [{"$limit": 3}]})");

  for (const bool gzip : {false, true}) {
    if (gzip && !has_gzip()) continue;
    const TestDatabase target;
    const fs::path folder = root / (gzip ? "packed" : "plain");
    BackupOptions options;
    options.gzip = gzip;
    const auto saved = backup(from.db, folder, options);
    ASSERT_TRUE(saved.ok()) << saved.json();
    EXPECT_EQ(saved.collections.size(), 7U);
    EXPECT_EQ(saved.documents(), 2500 + 3 + 1 + static_cast<int>(every_type().size()));
    EXPECT_FALSE(fs::exists(folder.string() + ".part"));
    EXPECT_TRUE(fs::exists(folder / from.db.name() / (gzip ? "users.bson.gz" : "users.bson")));
    EXPECT_FALSE(fs::exists(folder / from.db.name() / "old_users.bson"));
    const auto restored = restore(target.db, folder);
    ASSERT_TRUE(restored.ok()) << restored.json();
    EXPECT_TRUE(restored.manifest);
    EXPECT_EQ(restored.documents(), saved.documents());
    EXPECT_EQ(names(target.db), names(from.db));
    for (const char* name : {"types", "users", "nothing", "ring", "checked"}) {
      expect_same(from.db, target.db, name);
      EXPECT_EQ(indexes_of(target.db, name), indexes_of(from.db, name));
    }
    for (const auto& name : names(from.db))
      EXPECT_EQ(bson::to_json(options_of(target.db, name)),
                bson::to_json(options_of(from.db, name)))
          << name;
    EXPECT_EQ(all(target.db, "a_view_of_it").size(), 3U);
  }
}

TEST_F(RoundTrip, OneDocumentAfterTheOtherAsMongodumpWritesThem) {
  const TestDatabase from;
  insert(from.db, "users", {bson::make_document("_id", 1), bson::make_document("_id", 2)});
  index(from.db, "users", R"({"key": {"a": 1}, "name": "a_1"})");
  backup(from.db, root / "b").or_throw();
  const fs::path data = root / "b" / from.db.name();
  EXPECT_EQ(text_of(data / "users.bson"), bytes_of(all(from.db, "users")));
  const auto metadata = bson::from_json(text_of(data / "users.metadata.json"));
  EXPECT_EQ(metadata["collectionName"].as_string(), "users");
  EXPECT_EQ(metadata["type"].as_string(), "collection");
  EXPECT_FALSE(metadata.contains("options"));  // left out when there are none
  EXPECT_EQ(metadata["uuid"].as_string().size(), 32U);
  EXPECT_EQ(metadata["indexes"].as_array().count(), 2U);
  EXPECT_NE(text_of(data / "users.metadata.json").find(R"({"$numberInt":)"), std::string::npos);
}

TEST_F(RoundTrip, SavesAndRestoresOnlyWhatIsNamed) {
  const TestDatabase from, to;
  for (const char* name : {"a", "b", "c"}) insert(from.db, name, R"({"_id": 1})");
  BackupOptions only;
  only.collections = {"a", "b"};
  backup(from.db, root / "ab", only).or_throw();
  BackupOptions without;
  without.exclude = {"b"};
  backup(from.db, root / "ac", without).or_throw();
  RestoreOptions one;
  one.collections = {"c"};
  EXPECT_EQ(restore(to.db, root / "ab", one).error->code(), ErrorCode::namespace_not_found);
  EXPECT_TRUE(names(to.db).empty());
  restore(to.db, root / "ac", one).or_throw();
  EXPECT_EQ(names(to.db), (std::vector<std::string>{"c"}));
  only.collections = {"zzz"};
  EXPECT_EQ(backup(from.db, root / "no", only).error->code(), ErrorCode::namespace_not_found);
  EXPECT_FALSE(fs::exists(root / "no"));
}

TEST_F(RoundTrip, TheLockOfMigrationsStaysBehindAndTheirHistoryComesAlong) {
  const TestDatabase from, to;
  insert(from.db, "_quire_lock", R"({"_id": "migrate"})");
  insert(from.db, "_quire_history", R"({"_id": "m1"})");
  const auto report = backup(from.db, root / "b");
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report.left_out.size(), 1U);
  restore(to.db, root / "b").or_throw();
  EXPECT_EQ(names(to.db), (std::vector<std::string>{"_quire_history"}));
}

TEST_F(RoundTrip, NamesBecomeFileNamesAsMongodumpEscapesThem) {
  EXPECT_EQ(file_name_of("a/b c%?;,"), "a%2Fb%20c%25%3F%3B%2C");
  EXPECT_EQ(file_name_of("a-b_c.d~e$f&g+h:i=j@k"), "a-b_c.d~e$f&g+h:i=j@k");
  EXPECT_EQ(file_name_of("!*'()\xC3\xA9"), "%21%2A%27%28%29%C3%A9");
  EXPECT_EQ(collection_of("a%2fb%20c"), "a/b c");
  EXPECT_THROW((void)collection_of("a%2"), StoreError);
  EXPECT_THROW((void)collection_of("a%zz"), StoreError);
  EXPECT_EQ(file_name_of(std::string(238, 'x')), std::string(238, 'x'));
  // SHA-1 of 239 times "x", in base64 for URLs.
  const std::string cut = file_name_of(std::string(239, 'x'));
  EXPECT_EQ(cut, std::string(208, 'x') + "%24" + "Nq75d-cu3iRxNs-ce3Tvf9gagoU");
  EXPECT_TRUE(is_cut_off(cut));
  EXPECT_FALSE(is_cut_off(std::string(238, 'x')));

  const TestDatabase from, to;
  const std::vector<std::string> odd = {"a/b", "..", "x y%2F", "\xC3\xA9.metadata.json",
                                        std::string(150, 'n') + "/" + std::string(60, '%')};
  std::vector<std::string> kept;
  for (const auto& name : odd) {
    try {
      create(from.db, name);
    } catch (const Error&) {
      continue;  // not every store takes every name
    }
    insert(from.db, name, {bson::make_document("_id", name)});
    kept.push_back(name);
  }
  std::sort(kept.begin(), kept.end());
  ASSERT_GE(kept.size(), 3U);
  backup(from.db, root / "odd").or_throw();
  const auto report = restore(to.db, root / "odd");
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(names(to.db), kept);
  for (const auto& name : kept) expect_same(from.db, to.db, name);
}

TEST_F(RoundTrip, FromFileToServerToFile) {
  QUIRE_NEEDS_SERVER(uri, "replica_set");
  if (quire::test::on_server()) GTEST_SKIP() << "once is enough";
  const TestDatabase a("quire:" + (root / "a.quire").string() + "?durability=normal"), server(uri),
      b("quire:" + (root / "b.quire").string() + "?durability=normal");
  insert(a.db, "types", {every_type().front()});
  index(a.db, "types", R"({"key": {"double": 1}, "name": "d", "unique": true})");
  create(a.db, "some", R"({"viewOn": "types", "pipeline": []})");
  backup(a.db, root / "one").or_throw();
  const auto there = restore(server.db, root / "one");
  ASSERT_TRUE(there.ok()) << there.json();
  backup(server.db, root / "two").or_throw();
  restore(b.db, root / "two").or_throw();
  expect_same(a.db, b.db, "types");
  EXPECT_EQ(names(b.db), names(a.db));
  EXPECT_EQ(text_of(root / "one" / a.db.name() / "types.bson"),
            text_of(root / "two" / server.db.name() / "types.bson"));
}

TEST_F(RoundTrip, AFileIsSavedAsOfOneMomentWhileOthersWrite) {
  if (quire::test::on_server()) GTEST_SKIP() << "about files";
  const auto path = fs::relative(root / "a.quire");  // as programs name their file
  const Database db = open("quire:" + path.string() + "?durability=normal");
  for (std::int32_t i = 0; i < 3000; ++i) insert(db, "a", {bson::make_document("_id", i)});
  insert(db, "b", R"({"_id": 0})");
  BackupOptions options;
  bool wrote = false;
  options.progress = [&](const Progress& progress) {
    if (wrote || progress.done < 1000) return;
    wrote = true;  // in the middle: must not wait for the backup, and is not in it
    insert(db, "a", R"({"_id": 1000000})");
    insert(db, "b", R"({"_id": 1})");
  };
  const auto report = backup(db, root / "b", options);
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_TRUE(wrote);
  EXPECT_TRUE(report.snapshot) << report.consistency;
  EXPECT_EQ(report.documents(), 3001);
  EXPECT_EQ(all(db, "b").size(), 2U);
}

TEST_F(RoundTrip, AServersBackupThatSaysSoIsOfOneMoment) {
  if (!quire::test::on_server()) GTEST_SKIP() << "about servers";
  const TestDatabase from;
  insert(from.db, "a", R"({"_id": 0})");
  insert(from.db, "b", R"({"_id": 0})");
  BackupOptions options;
  bool wrote = false;
  options.progress = [&](const Progress&) {
    if (std::exchange(wrote, true)) return;
    insert(from.db, "b", R"({"_id": 1})");
  };
  const auto report = backup(from.db, root / "b", options);
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.documents(), report.snapshot ? 2 : 3) << report.consistency;
  EXPECT_EQ(report.consistency.empty(), report.snapshot);
}

TEST_F(RoundTrip, SaysWhenItIsNotOfOneMoment) {
  const TestDatabase from;
  insert(from.db, "a", R"({"_id": 1})");
  BackupOptions options;
  options.snapshot = false;
  const auto report = backup(from.db, root / "b", options);
  ASSERT_TRUE(report.ok());
  EXPECT_FALSE(report.snapshot);
  EXPECT_FALSE(report.consistency.empty());
  EXPECT_FALSE(bson::from_json(text_of(root / "b" / "quire-manifest.json"))["snapshot"].as_bool());
}

}  // namespace
}  // namespace quire::backup
