// quire_differential: random documents, filters, sorts, projections, updates and pipelines, run on
// an embedded store in memory and on a server; the answers are compared.
//   quire_differential [--uri URI] [--seed N] [--operations N] [--seconds N] [--known FILE]
//                      [--only reads|writes] [--unshrunk] [--most N]
// Without --uri the server is the `standalone` of the file that $QUIRE_TEST_SERVERS names; without
// either it ends with status 77, which ctest shows as skipped. Batch i takes the seed N + i: the
// seed of a printed line repeats its batch, with --operations 1. A disagreement is made small and
// printed as a line of JSON, unless a line of --known FILE explains it. The exit status is 1 when
// one was not explained; after --most such the run ends.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

#include "generator.hpp"
#include "known.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "run.hpp"
#include "shrink.hpp"

namespace quire::differential {
namespace {

constexpr int documents_of_reads = 10;
constexpr int reads_of_batch = 30;
constexpr int documents_of_writes = 6;
constexpr int writes_of_batch = 20;
constexpr int changes_of_batch = 10;
constexpr int id_step = 1000;  // between the documents of one statement and the next
constexpr int shrink_tries = 150;

struct Options {
  std::string uri;
  std::uint64_t seed = 1;
  long operations = 20'000;
  long seconds = 0;  // 0 = no limit
  int most = 25;
  bool reads = true;
  bool writes = true;
  bool unshrunk = false;
  KnownDifferences known;
};

struct Counts {
  long operations = 0;
  long failures = 0;           // on both sides alike
  long refused = 0;            // by the embedded store
  long refused_by_server = 0;  // by the server alone
  long unknown = 0;
  std::map<std::string, long> known;
};

class Run {
 public:
  explicit Run(const Options& options)
      : options_(options), embedded_(store::open(":memory:")), server_(store::open(options.uri)) {}

  int run() {
    const auto begin = std::chrono::steady_clock::now();
    for (std::uint64_t batch = 0; counts_.operations < options_.operations; ++batch) {
      const auto spent = std::chrono::steady_clock::now() - begin;
      if (options_.seconds > 0 && spent > std::chrono::seconds(options_.seconds)) break;
      if (counts_.unknown >= options_.most) break;
      seed_ = options_.seed + batch;
      Generator generator(seed_);
      const bool reads = options_.reads && (!options_.writes || seed_ % 3 != 0);
      if (options_.reads && options_.writes && seed_ % 10 == 7) {
        change_batch(generator);
      } else if (reads) {
        read_batch(generator);
      } else {
        write_batch(generator);
      }
    }
    server_->drop_database(batch_database_);
    server_->drop_database(shrink_database_);
    std::printf(
        "%ld operations: %ld failed, %ld refused, %ld refused by the server, %ld unexplained\n",
        counts_.operations, counts_.failures, counts_.refused, counts_.refused_by_server,
        counts_.unknown);
    for (const auto& [reason, count] : counts_.known)
      std::printf("%6ld known: %s\n", count, reason.c_str());
    return counts_.unknown == 0 ? 0 : 1;
  }

 private:
  // Prepares both; false when they disagree on that already, or the documents cannot be inserted.
  bool prepared(const std::vector<Node>& documents, Node& index) {
    const auto mine = prepare(*embedded_, batch_database_, documents, index);
    const auto theirs = prepare(*server_, batch_database_, documents, index);
    if (differ(mine, theirs)) {
      report({documents, index, one("count", bson::Value(collection_name))});
      return false;
    }
    if (!mine.failed) return true;
    if (index.kind == Node::Kind::leaf) return false;
    index = Node();
    return prepared(documents, index);
  }

  void read_batch(Generator& generator) {
    const auto documents = generator.documents(documents_of_reads);
    Node index;
    if (generator.chance(50)) index = generator.index_keys();
    if (!prepared(documents, index)) return;
    for (int i = 0; i < reads_of_batch; ++i) {
      const Node command = generator.read_command(collection_name);
      const auto mine = answer(*embedded_, batch_database_, command);
      const auto theirs = answer(*server_, batch_database_, command);
      count(mine, theirs);
      if (differ(mine, theirs)) report({documents, index, command});
    }
  }

  // Each command on documents of its own.
  void change_batch(Generator& generator) {
    const auto documents = generator.documents(documents_of_writes);
    Node index;
    if (generator.chance(30)) index = generator.index_keys();
    for (int i = 0; i < changes_of_batch; ++i) {
      const Case one{documents, index, generator.change_command(collection_name)};
      const auto answers = run_both(one);
      count(answers.first, answers.second);
      if (differ(answers.first, answers.second)) report(one);
    }
  }

  void count(const Answer& mine, const Answer& theirs) {
    ++counts_.operations;
    counts_.failures += mine.failed && !mine.refused;
    counts_.refused += mine.refused;
    counts_.refused_by_server += theirs.refused && !mine.refused;
  }

  // Many statements in one command, each on documents of its own, then one look at all of them.
  void write_batch(Generator& generator) {
    const bool removes = generator.chance(10);
    const auto first = generator.documents(documents_of_writes);
    std::vector<Node> all;
    std::vector<std::vector<Node>> own(writes_of_batch);
    Node statements = list();
    for (std::int32_t group = 0; group < writes_of_batch; ++group) {
      for (const auto& document : first) {
        Node copy = document;
        const auto id = copy.find("_id")->leaf.view().as_int32() + group * id_step;
        *copy.find("_id") = id;
        copy.add("g", group);
        own[static_cast<std::size_t>(group)].push_back(copy);
        all.push_back(std::move(copy));
      }
      Node statement = removes ? generator.delete_statement() : generator.update_statement();
      Node& filter = *statement.find("q");
      const Node* id = filter.find("_id");
      if (id != nullptr && filter.fields.size() == 1 && id->kind == Node::Kind::leaf &&
          id->leaf.type() == bson::Type::int32) {
        filter = one("_id", id->leaf.view().as_int32() + group * id_step);
      } else {
        filter.fields.insert(filter.fields.begin(), {"g", group});
      }
      statements.push(std::move(statement));
    }
    Node index;
    if (generator.chance(30)) index = generator.index_keys();
    if (!prepared(all, index)) return;
    const std::string kind = removes ? "delete" : "update";
    const std::string plural = removes ? "deletes" : "updates";
    const auto command_of = [&](Node list_of) {
      return object({{kind, bson::Value(collection_name)},
                     {plural, std::move(list_of)},
                     {"ordered", bson::Value(false)}});
    };
    auto mine = batch_answers(*embedded_, command_of(statements));
    auto theirs = batch_answers(*server_, command_of(statements));
    // What the server refuses leaves the batch, so that the counts can be compared.
    std::vector<bool> refused(writes_of_batch, false);
    for (std::size_t group = 0; group < writes_of_batch && !theirs.back().failed; ++group) {
      if (!theirs[group].refused) continue;
      refused[group] = true;
      Node& statement = statements.fields[group].second;
      statement = removes ? object({{"q", one("_id", -1)}, {"limit", 0}})
                          : object({{"q", one("_id", -1)}, {"u", one("$set", one("a", 1))}});
    }
    const auto refusals = std::ranges::count(refused, true);
    if (refusals != 0) {
      if (!prepared(all, index)) return;
      mine = batch_answers(*embedded_, command_of(statements));
      theirs = batch_answers(*server_, command_of(statements));
      counts_.operations += refusals;
      counts_.refused_by_server += refusals;
    }
    bool found = false;
    // A store that refused the whole command says nothing of the statements: each for itself then.
    const bool apart = mine.back().failed || theirs.back().failed;
    for (std::size_t group = 0; group < writes_of_batch; ++group) {
      if (refused[group]) continue;
      count(mine[group], theirs[group]);
      if (apart) {
        report({own[group], index, command_of(list({statements.fields[group].second}))}, true);
        continue;
      }
      if (!differ(mine[group], theirs[group])) continue;
      found = true;
      report({own[group], index, command_of(list({statements.fields[group].second}))});
    }
    if (apart || found || mine.back().text == theirs.back().text) return;
    for (std::size_t group = 0; group < writes_of_batch; ++group) {
      if (mine[group].failed) continue;
      report({own[group], index, command_of(list({statements.fields[group].second}))}, true);
    }
  }

  // The answer of each statement, and at the end the counts of all together.
  std::vector<Answer> batch_answers(store::Store& store, const Node& command) {
    std::vector<Answer> out(writes_of_batch + 1);
    Answer failed;
    const auto reply = reply_of(store, batch_database_, command, failed);
    if (!reply) {
      for (auto& answer : out) answer = failed;
      return out;
    }
    if (const auto errors = reply->find("writeErrors")) {
      for (const auto& error : errors->as_array()) {
        const auto at = static_cast<std::size_t>(error.value.as_document()["index"].as_int32());
        out[at].failed = true;
        out[at].code = error.value.as_document()["code"].as_int32();
        constexpr int not_implemented = 238;
        out[at].refused = out[at].code == not_implemented ||
                          is_refusal(error.value.as_document()["errmsg"].as_string());
      }
    }
    const auto left = reply_of(store, batch_database_,
                               object({{"find", bson::Value(collection_name)},
                                       {"sort", bson::Value(one("_id", 1).document())},
                                       {"batchSize", 100'000}}),
                               failed);
    if (!left) {
      for (auto& answer : out) answer = failed;
      return out;
    }
    for (const auto& document : (*left)["cursor"].as_document()["firstBatch"].as_array()) {
      const auto id = document.value.as_document()["_id"].as_int32();
      out[static_cast<std::size_t>(id / id_step)].text += canonical(document.value) + '\n';
    }
    // A statement that failed may have changed some of its documents, or none.
    if (!reply->contains("writeErrors")) {
      for (const char* name : {"n", "nModified"}) {
        if (const auto count = reply->find(name)) out.back().text += canonical(*count) + '\n';
      }
    }
    return out;
  }

  static std::string kind_of(const Answer& answer) {
    return answer.failed ? std::to_string(answer.code) : "documents";
  }

  void report(Case found, bool maybe = false) {
    auto mine = run_both(found);
    if (!differ(mine.first, mine.second)) {
      // It shows only beside the other statements of its batch, or not at all.
      if (!maybe) print(found, mine, " (in its batch only)");
      return;
    }
    if (!options_.unshrunk) {
      found = shrink(
          std::move(found),
          [&](const Case& smaller) {
            // The server is asked only where the embedded store, which is faster, still fits.
            const auto embedded = differential::run(*embedded_, shrink_database_, smaller);
            if (kind_of(embedded) != kind_of(mine.first)) return false;
            const auto server = differential::run(*server_, shrink_database_, smaller);
            return kind_of(server) == kind_of(mine.second) && differ(embedded, server);
          },
          shrink_tries);
      mine = run_both(found);
    }
    print(found, mine, "");
  }

  std::pair<Answer, Answer> run_both(const Case& one) {
    return {differential::run(*embedded_, shrink_database_, one),
            differential::run(*server_, shrink_database_, one)};
  }

  void print(const Case& found, const std::pair<Answer, Answer>& answers, const char* note) {
    bson::Writer writer;
    writer.append("embedded", answers.first.shown).append("server", answers.second.shown);
    const auto text = bson::to_json(writer.finish(), bson::JsonMode::canonical);
    const auto json = case_json(found);
    if (const auto* reason = options_.known.reason(json, text)) {
      ++counts_.known[*reason];
      return;
    }
    ++counts_.unknown;
    std::printf("{\"seed\": %llu, \"case\": %s, \"answers\": %s}%s\n",
                static_cast<unsigned long long>(seed_), json.c_str(), text.c_str(), note);
    std::fflush(stdout);
  }

  const Options& options_;
  // Of this run alone: others may use the same server.
  std::string batch_database_ = "differential_" + bson::ObjectId::generate().str();
  std::string shrink_database_ = batch_database_ + "_small";
  std::shared_ptr<store::Store> embedded_;
  std::shared_ptr<store::Store> server_;
  std::uint64_t seed_ = 0;
  Counts counts_;
};

std::string uri_of_test_servers() {
  const char* path = std::getenv("QUIRE_TEST_SERVERS");
  if (path == nullptr) return {};
  std::ifstream in(path);
  const std::string json{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (json.empty()) return {};
  const auto servers = bson::from_json(json);
  const auto uri = servers.find("standalone");
  return uri ? std::string(uri->as_string()) : std::string();
}

Options read_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const auto value = [&]() -> std::string {
      if (i + 1 == argc) throw std::runtime_error(std::string(argument) + " needs a value");
      return argv[++i];
    };
    if (argument == "--uri") {
      options.uri = value();
    } else if (argument == "--seed") {
      options.seed = std::stoull(value());
    } else if (argument == "--operations") {
      options.operations = std::stol(value());
    } else if (argument == "--seconds") {
      options.seconds = std::stol(value());
    } else if (argument == "--most") {
      options.most = std::stoi(value());
    } else if (argument == "--known") {
      options.known.read(value());
    } else if (argument == "--unshrunk") {
      options.unshrunk = true;
    } else if (argument == "--only") {
      const auto which = value();
      if (which != "reads" && which != "writes")
        throw std::runtime_error("--only takes reads or writes");
      options.reads = which == "reads";
      options.writes = !options.reads;
    } else {
      throw std::runtime_error("unknown option " + std::string(argument) +
                               "; see the head of tools/differential/main.cpp");
    }
  }
  return options;
}

}  // namespace
}  // namespace quire::differential

int main(int argc, char** argv) {
  try {
    auto options = quire::differential::read_options(argc, argv);
    if (options.uri.empty()) options.uri = quire::differential::uri_of_test_servers();
    if (options.uri.empty()) {
      std::printf(
          "skipped: no server; give --uri, or QUIRE_TEST_SERVERS as tools/servers.py writes it\n");
      return 77;
    }
    return quire::differential::Run(options).run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "quire_differential: %s\n", error.what());
    return 2;
  }
}
