// Flipped bits and bytes in a closed file. Each read gives an error or what it gave before the
// damage; where it gives something else, check() is not clean. Nothing crashes or goes on for ever:
// every damaged file is opened in a process of its own.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <sstream>

#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "workload.hpp"

namespace quire::robustness {
namespace {

constexpr const char* read_options = "?ttl_interval_ms=0&durability=normal&changes=auto";

void run(store::Store& db, std::string_view command) {
  (void)db.run_command("main", bson::from_json(command), nullptr);
}

bson::Document row(int i) {
  const auto more = bson::from_json(R"({"tags":["t)" + std::to_string(i % 4) +
                                    R"(","u"],"at":{"$date":"2040-01-01T00:00:00Z"}})");
  const auto email = "p" + std::to_string(i) + "@x";
  if (i % 3 == 0)
    return bson::make_document("_id", std::int64_t{i}, "group", i % 5, "n", i, "email", email,
                               "maybe", i, "deep", bson::make_document("x", i, "y", more["tags"]));
  const std::string text(i == 7 ? 20000 : 40 + static_cast<std::size_t>(i),
                         static_cast<char>('a' + i % 26));
  return bson::make_document("_id", std::int64_t{i}, "group", i % 5, "n", i, "email", email, "tags",
                             more["tags"], "at", more["at"], "text", text);
}

/// Collections with every kind of index, a capped one, validators, a view, long documents. Returns
/// where the changes begin, if they are logged.
bson::Document fill(const std::string& file, bool changes) {
  const auto db = store::open(
      file + "?ttl_interval_ms=0&durability=normal&changes=" + (changes ? "on" : "off"));
  bson::Document start;
  if (changes) {
    store::WatchOptions options;
    options.max_await = std::chrono::milliseconds(0);
    start = db->watch({"main", {}}, {}, options)->resume_token();
  }
  run(*db, R"({"create":"people","validator":{"_id":{"$exists":true}}})");
  run(*db, R"({"createIndexes":"people","indexes":[
    {"key":{"email":1},"name":"email","unique":true},
    {"key":{"group":1,"n":-1},"name":"group_n"},
    {"key":{"tags":1},"name":"tags"},
    {"key":{"maybe":1},"name":"maybe","sparse":true},
    {"key":{"n":1},"name":"few","partialFilterExpression":{"n":{"$gt":50}}},
    {"key":{"at":1},"name":"at","expireAfterSeconds":1000000000},
    {"key":{"group":"hashed"},"name":"hashed"},
    {"key":{"deep.$**":1},"name":"wild"},
    {"key":{"text":1},"name":"text","hidden":true}]})");
  run(*db, R"({"create":"ring","capped":true,"size":6000})");
  run(*db, R"({"create":"twos","viewOn":"people","pipeline":[{"$match":{"group":2}}]})");
  run(*db, R"({"create":"plain"})");
  for (int i = 0; i < 90; ++i) {
    const auto document = row(i);
    const bson::View view = document;
    (void)db->insert({"main", "people"}, {&view, 1}, {});
    (void)db->insert({"main", "ring"}, {&view, 1}, {});
    if (i % 2 == 0) (void)db->insert({"main", "plain"}, {&view, 1}, {});
  }
  // Free pages, and changes of each kind.
  run(*db, R"({"update":"people","updates":[
    {"q":{"group":1},"u":{"$inc":{"seen":1}},"multi":true}]})");
  run(*db, R"({"delete":"people","deletes":[{"q":{"n":{"$in":[11,12,13]}},"limit":0}]})");
  run(*db, R"({"create":"gone"})");
  run(*db, R"({"drop":"gone"})");
  return start;
}

struct Read {
  std::string name;
  std::function<std::string(store::Store&)> run;
};

std::string all(store::Cursor& cursor) {
  std::string out;
  while (const auto document = cursor.next()) out += bson::to_json(*document) + "\n";
  return out;
}

Read found(std::string collection, std::string filter, std::string sort = "{}",
           std::string hint = "") {
  return {"find " + collection + " " + filter + " " + sort + " " + hint, [=](store::Store& db) {
            const auto f = bson::from_json(filter), s = bson::from_json(sort);
            store::FindOptions options;
            options.sort = s;
            options.hint_name = hint;
            return all(*db.find({"main", collection}, f, options));
          }};
}

Read counted(std::string collection, std::string filter) {
  return {"count " + collection + " " + filter, [=](store::Store& db) {
            const auto f = bson::from_json(filter);
            return std::to_string(db.count({"main", collection}, f, {}));
          }};
}

Read aggregated(std::string collection, std::string pipeline) {
  return {"aggregate " + collection + " " + pipeline, [=](store::Store& db) {
            const auto p = bson::from_json(R"({"p":)" + pipeline + "}");
            return all(*db.aggregate({"main", collection}, p["p"].as_array(), {}));
          }};
}

/// All changes behind a token.
Read changes(const bson::Document& from) {
  return {"watch", [from](store::Store& db) {
            store::WatchOptions options;
            options.resume_after = from;
            options.max_await = std::chrono::milliseconds(0);
            options.show_expanded_events = true;
            const auto stream = db.watch({"main", {}}, {}, options);
            std::string out;
            while (const auto event = stream->next()) out += bson::to_json(*event) + "\n";
            return out;
          }};
}

std::vector<Read> reads() {
  std::vector<Read> out = {
      {"dump", dump},
      found("people", "{}"),
      found("people", R"({"email":{"$gte":"p2"}})", R"({"email":1})", "email"),
      found("people", R"({"group":{"$in":[1,3]}})", R"({"group":1,"n":-1})", "group_n"),
      found("people", R"({"group":2,"n":{"$lt":40}})"),
      found("people", R"({"tags":"t2"})", "{}", "tags"),
      found("people", R"({"maybe":{"$gt":10}})", R"({"maybe":-1})", "maybe"),
      found("people", R"({"n":{"$gt":60}})", R"({"n":1})", "few"),
      found("people", R"({"group":4})", "{}", "hashed"),
      found("people", R"({"deep.x":{"$gt":30}})", "{}", "wild"),
      found("people", R"({"at":{"$type":"date"}})", R"({"_id":1})"),
      found("people", R"({"deep.y":"t3"})", R"({"n":-1})"),
      found("ring", "{}", R"({"$natural":-1})"),
      found("plain", R"({"_id":{"$gt":20}})", R"({"_id":-1})"),
      found("twos", "{}"),
      counted("people", "{}"),
      counted("people", R"({"group":3})"),
      counted("people", R"({"email":{"$lt":"p5"}})"),
      counted("people", R"({"text":{"$regex":"^b"}})"),
      counted("ring", "{}"),
      counted("plain", "{}"),
      aggregated("people", R"([{"$group":{"_id":"$group","n":{"$sum":"$n"},"c":{"$count":{}}}},
                               {"$sort":{"_id":1}}])"),
      aggregated("people", R"([{"$unwind":"$tags"},{"$sortByCount":"$tags"},{"$sort":{"_id":1}}])"),
      aggregated("plain", R"([{"$lookup":{"from":"people","localField":"n","foreignField":"n",
                                          "as":"p"}},{"$sort":{"_id":1}}])"),
      {"distinct",
       [](store::Store& db) {
         return bson::to_json(db.distinct({"main", "people"}, "tags", {}, {}));
       }},
  };
  for (int i = 0; i < 90; i += 2) {
    out.push_back(found("people", R"({"_id":)" + std::to_string(i) + "}"));
    out.push_back(found("people", R"({"email":"p)" + std::to_string(i) + R"(@x"})"));
  }
  return out;
}

enum Outcome { correct = 10, error, found_by_check, wrong, foreign };

/// In a child: what the damaged file does. What is wrong is told on standard error.
int judge(const std::string& file, const std::vector<Read>& reads,
          const std::vector<std::string>& right) {
  std::string differs;
  bool failed = false;
  const auto attempt = [&](const std::string& name, auto&& action) {
    try {
      action();
    } catch (const Error& problem) {
      failed = true;
      if (problem.code() == ErrorCode::internal) {
        std::fprintf(stderr, "%s: an untyped error: %s\n", name.c_str(), problem.what());
        ::_exit(foreign);
      }
    } catch (const std::exception& problem) {
      std::fprintf(stderr, "%s: a foreign exception: %s\n", name.c_str(), problem.what());
      ::_exit(foreign);
    }
  };
  attempt("open", [&] {
    const auto db = store::open(file + read_options);
    for (std::size_t i = 0; i < reads.size(); ++i) {
      attempt(reads[i].name, [&] {
        if (reads[i].run(*db) != right[i] && differs.empty()) differs = reads[i].name;
      });
    }
  });
  bool clean = false;
  attempt("check", [&] {
    const auto db = store::open(file + read_options);
    clean = store::embedded::check(*db).ok();
  });
  if (!differs.empty() && clean) {
    std::fprintf(stderr, "a wrong answer and a clean check(): %s\n", differs.c_str());
    return wrong;
  }
  if (!differs.empty() || (!clean && !failed)) return found_by_check;
  return failed ? error : correct;
}

class Corruption : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    const auto start = fill(folder_.file(), GetParam());
    std::ostringstream bytes;
    bytes << std::ifstream(folder_.file(), std::ios::binary).rdbuf();
    pristine_ = bytes.str();
    reads_ = reads();
    if (GetParam()) reads_.push_back(changes(start));
    const auto db = store::open(folder_.file() + read_options);
    ASSERT_EQ(check_text(*db), "ok");
    for (const auto& read : reads_) right_.push_back(read.run(*db));
    if (GetParam()) {
      ASSERT_GT(right_.back().size(), 1000U);
    }
  }

  int outcome_of(const std::string& bytes) {
    folder_.clear();
    std::ofstream(folder_.file(), std::ios::binary) << bytes;
    const auto child = ::fork();
    if (child == 0) {
      ::alarm(60);
      ::_exit(judge(folder_.file(), reads_, right_));
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  Folder folder_;
  std::string pristine_;
  std::vector<Read> reads_;
  std::vector<std::string> right_;
};

TEST_P(Corruption, IsNeverAWrongDocumentWithACleanCheck) {
  ASSERT_EQ(outcome_of(pristine_), correct);
  const int flips = 30 * rounds(1);
  const char* seed = std::getenv("QUIRE_ROBUSTNESS_SEED");
  std::mt19937 random(seed == nullptr ? 5 : static_cast<unsigned>(std::atoi(seed)));
  std::map<int, int> outcomes;
  for (int i = 0; i < flips; ++i) {
    std::string bytes = pristine_;
    // Every third in the catalog's pages in front, where little damage goes far.
    const auto range = i % 3 == 0 ? std::min<std::size_t>(bytes.size(), 5 * 8192) : bytes.size();
    // Most of a page is room for more: half of the time the byte hit is one that is in use.
    auto at = random() % range;
    while (i % 2 == 0 && bytes[at] == 0) at = random() % range;
    const auto before = static_cast<unsigned char>(bytes[at]);
    const auto after = static_cast<unsigned char>(
        random() % 2 == 0 ? before ^ (1U << (random() % 8)) : before + 1 + random() % 255);
    bytes[at] = static_cast<char>(after);
    const int outcome = outcome_of(bytes);
    ++outcomes[outcome];
    if (outcome != correct && outcome != error && outcome != found_by_check)
      ADD_FAILURE() << "flip " << i << ": byte " << at << " of " << bytes.size() << " (page "
                    << at / 8192 + 1 << ") from " << int{before} << " to " << int{after}
                    << " ends with " << outcome;
  }
  EXPECT_GT(outcomes[error], 0);
  EXPECT_GT(outcomes[found_by_check], 0);
  std::printf("%d flips: %d changed no answer, %d gave errors, %d found by check() alone\n", flips,
              outcomes[correct], outcomes[error], outcomes[found_by_check]);
}

INSTANTIATE_TEST_SUITE_P(Changes, Corruption, ::testing::Bool(),
                         [](const auto& of) { return of.param ? "Logged" : "NotLogged"; });

}  // namespace
}  // namespace quire::robustness
