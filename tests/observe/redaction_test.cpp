#include "observe_fixture.hpp"

namespace quire::observe::test {
namespace {

using Redaction = ObservedStore;
INSTANTIATE_TEST_SUITE_P(Stores, Redaction, ::testing::ValuesIn(all_stores()), store_name);

/// All texts that the observers of a store make.
class Everything {
 public:
  explicit Everything(const Database& db)
      : metrics_(std::make_shared<Metrics>()),
        log_(std::make_shared<QueryLog>()),
        subscriptions_{attach(db, metrics_), attach(db, log_),
                       on_command(db, [this](const store::CommandEvent& event) { note(event); }),
                       slow_log(db, {.threshold = std::chrono::microseconds(0),
                                     .sink = [this](const SlowOperation& one) {
                                       texts_ += one.str() + "\n";
                                       ++lines_;
                                     }})} {}

  /// Ends and gives all.
  std::string texts(const Database& db) {
    for (auto& one : subscriptions_) one.end();
    texts_ += metrics_->prometheus(db);
    texts_ += health(db).json();
    texts_ += analyze_indexes<Person>(db, *log_).str();
    for (const auto& shape : log_->shapes()) texts_ += shape.filter + shape.sort_shape;
    return texts_;
  }
  [[nodiscard]] int lines() const { return lines_; }

 private:
  void note(const store::CommandEvent& event) {
    // The filter is documented to hold values; all texts are not to.
    for (const std::string_view text :
         {event.command, event.database, event.collection, event.error, event.server})
      texts_ += std::string(text) + "\n";
  }

  std::string texts_;
  int lines_ = 0;
  std::shared_ptr<Metrics> metrics_;
  std::shared_ptr<QueryLog> log_;
  std::array<Subscription, 4> subscriptions_;
};

TEST_P(Redaction, NoValueOfAFilterADocumentOrADuplicateKeyIsInAnyText) {
  Everything everything(*db_);
  const Person person{.email = "hunter2@example.org", .age = 47114711, .city = "Secretville"};
  people_->insert(person);
  EXPECT_EQ(code_of([&] { people_->insert(Person{.email = "hunter2@example.org"}); }),
            ErrorCode::duplicate_key);
  EXPECT_EQ(code_of([&] {
              people_->insert(Person{.email = "other"});
              people_->update_one(email == "other", email.set("hunter2@example.org"));
            }),
            ErrorCode::duplicate_key);
  (void)people_->find(email == "hunter2@example.org" && age >= 47114711).to_vector();
  (void)people_->find_one(any_of(city == "Secretville", age < 47114711));
  (void)people_->count(city == "Secretville");
  people_->update_many(city == "Secretville", city.set("Secretville"));
  people_->remove_one(city == "Secretville" && age == 1);
  (void)people_->find_one_and_update(city == "Secretville", age.inc(1));
  const auto bad = bson::from_json(R"({"age": {"$hunter2": "Secretville"}})");
  (void)code_of([&] {
    const auto cursor = db_->store().find(db_->ns("people"), bad, {});
    (void)cursor->next();
  });
  const auto texts = everything.texts(*db_);
  EXPECT_GE(everything.lines(), 10);
  EXPECT_NE(texts.find("duplicate_key"), std::string::npos);
  EXPECT_NE(texts.find(R"({"city":"?"})"), std::string::npos);
  for (const char* secret : {"hunter2@", "47114711", "Secretville"})
    EXPECT_EQ(texts.find(secret), std::string::npos) << secret << " in " << texts;
}

#ifdef QUIRE_TEST_MONGODB
TEST(RedactionOfUris, NoPasswordIsInAnyText) {
  QUIRE_NEEDS_SERVER(given, "auth");
  const std::string uri =
      given + (given.find('?') == std::string::npos ? "?" : "&") + "authSource=admin";
  const auto db = open(uri);
  Everything everything(db);
  auto people = db.collection<Person>();
  people.insert(Person{.email = "a"});
  (void)people.find(age > 3).to_vector();
  const auto texts = everything.texts(db);
  EXPECT_NE(texts.find("insert"), std::string::npos);
  for (const char* secret : {"p@ss/word:1", "p%40ss%2Fword%3A1", "ss/word", "ss%2Fword"})
    EXPECT_EQ(texts.find(secret), std::string::npos) << secret;
  db.store().drop_database(db.name());

  // The wrong password: the error that health tells of.
  auto wrong = uri;
  wrong.replace(wrong.find("p%40ss"), 6, "Hunter%32");
  const auto refused = open(wrong);
  const auto report = health(refused, std::chrono::seconds(5));
  EXPECT_FALSE(report.ok());
  EXPECT_FALSE(report.health.error.empty());
  for (const char* secret : {"Hunter", "ss%2Fword", "word%3A1", "word:1"})
    EXPECT_EQ(report.json().find(secret), std::string::npos) << report.json();
}
#endif

}  // namespace
}  // namespace quire::observe::test
