// Documents that were edited since their old values were kept: nothing of them is lost.
#include "kept.hpp"

namespace quire::migrate::test::kept {

/// Three documents that were edited since: a kept field, a removed one, one made anew.
class Edits : public Kept {
 protected:
  MigrationReport back(Edited edited) {
    put_people(db);
    EXPECT_TRUE((MigrationRunner{db, transforming()}.run().ok()));
    update(db, "people", R"({"_id":1})", R"({"$set":{"last":"Lovelace"}})");
    (void)db.store().remove(db.ns("people"), bson::make_document("_id", 3), {});
    put(db, "people", R"({"_id":2,"first":"New","last":"One","_v":2})");
    UndoOptions options;
    options.edited = edited;
    return MigrationRunner{db, transforming()}.undo(options).rollback("split");
  }
};

TEST_P(Edits, AreRejects) {
  const auto report = back(Edited::reject);
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.migrations.at(0).rejected, 3);
  EXPECT_EQ(report.migrations.at(0).changed, 0);
  ASSERT_EQ(report.warnings.size(), 1U);
  for (const char* id : {"people 1", "people 2", "people 3"})
    EXPECT_NE(report.warnings[0].find(id), std::string::npos) << report.warnings[0];
  EXPECT_FALSE(report.next.empty());
  EXPECT_EQ(count(db, "people", R"({"_id":1,"first":"Ada","last":"Lovelace","_v":2})"), 1);
  EXPECT_EQ(count(db, "people", R"({"_id":2,"first":"New"})"), 1);
  EXPECT_EQ(count(db, "people", R"({"_id":3})"), 0);
  EXPECT_EQ(count(db, "_quire_rejects", R"({"_id.stage":"undo","name":"irreversible"})"), 3);
  EXPECT_EQ(count(db, "_quire_rejects", R"({"_id.key":1,"document.before.name":"Ada King"})"), 1);
  EXPECT_EQ(count(db, "_quire_rejects",
                  R"({"_id.key":2,"document.before.note":"unknown to the structs"})"),
            1);
}

TEST_P(Edits, AreKept) {
  const auto report = back(Edited::keep);
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.migrations.at(0).rejected, 0);
  EXPECT_EQ(count(db, "people", R"({"_id":1,"last":"Lovelace"})"), 1);
  EXPECT_EQ(count(db, "_quire_rejects"), 0);
}

TEST_P(Edits, AreOverwrittenWhereTheyAreThere) {
  const auto report = back(Edited::overwrite);
  ASSERT_TRUE(report.ok()) << report.json();
  EXPECT_EQ(report.migrations.at(0).rejected, 1);  // the one that is gone
  EXPECT_EQ(count(db, "people", R"({"_id":1,"name":"Ada King","first":{"$exists":false}})"), 1);
  EXPECT_EQ(count(db, "people", R"({"_id":2,"name":"","note":"unknown to the structs"})"), 1);
  EXPECT_EQ(count(db, "_quire_rejects", R"({"_id.key":3})"), 1);
}

INSTANTIATE_TEST_SUITE_P(Preimages, Edits, ::testing::Bool(), way_of);

}  // namespace quire::migrate::test::kept
