// The embedded store on the workload that other embedded document stores are measured with: 20,000
// users read from a file of concatenated BSON, indexes on email (unique) and score. Prints a line
// {peer, workload, metric, value, unit} an operation, as the programs do that it runs beside.
//   embedded_peers USERS.bson FOLDER [full]      full: wait for the disk at each commit
#include <sys/stat.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "quire/quire.hpp"
#include "user_workload.hpp"

namespace {

namespace q = quire;
using workload::User;
using Clock = std::chrono::steady_clock;
constexpr std::size_t users_count = 20'000;
constexpr std::size_t batch = 1'000;

constexpr auto email = q::field<&User::email>;
constexpr auto score = q::field<&User::score>;
constexpr auto id = q::field<&User::id>;
constexpr auto age = q::field<&User::age>;
constexpr auto updated_at = q::field<&User::updated_at>;
constexpr auto city = q::field<&User::address, &workload::Address::city>;

void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "embedded_peers: %s\n", what);
  std::exit(1);
}

std::vector<User> read_users(const char* path) {
  std::ifstream in(path, std::ios::binary);
  must(in.good(), "the file of users cannot be read");
  const std::vector<char> bytes((std::istreambuf_iterator<char>(in)), {});
  std::vector<User> out;
  std::size_t at = 0;
  while (out.size() < users_count && at + 5 <= bytes.size()) {
    std::int32_t size = 0;
    std::memcpy(&size, bytes.data() + at, 4);
    must(size >= 5 && at + static_cast<std::size_t>(size) <= bytes.size(), "a document is cut off");
    out.push_back(q::bson::decode<User>(q::bson::View(
        reinterpret_cast<const std::uint8_t*>(bytes.data()) + at, static_cast<std::size_t>(size))));
    at += static_cast<std::size_t>(size);
  }
  must(out.size() == users_count, "the file has fewer than 20,000 users");
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: embedded_peers USERS.bson FOLDER [full]\n");
    return 2;
  }
  const bool full = argc > 3;
  const auto users = read_users(argv[1]);
  const std::filesystem::path folder = argv[2];
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  const std::string peer = full ? "c++ quire (fsync)" : "c++ quire";
  const auto print = [&](const char* metric, double value, const char* unit) {
    std::printf(
        "{\"peer\": \"%s\", \"workload\": \"W5\", \"metric\": \"%s\", \"value\": %.6g, \"unit\": "
        "\"%s\"}\n",
        peer.c_str(), metric, value, unit);
  };
  Clock::time_point start;
  const auto report = [&](const char* metric, std::size_t n, const char* unit = "ops/s") {
    const double took = std::chrono::duration<double>(Clock::now() - start).count();
    print(metric, static_cast<double>(n) / took, unit);
  };

  const auto db = q::open((folder / "users.quire").string() + (full ? "" : "?durability=normal"));
  const auto collection = db.collection<User>("users");
  const auto by_email = q::bson::make_document("key", q::bson::make_document("email", 1), "name",
                                               "email_1", "unique", true);
  const auto by_score =
      q::bson::make_document("key", q::bson::make_document("score", 1), "name", "score_1");
  const q::bson::View indexes[] = {by_email, by_score};
  db.store().create_indexes(db.ns("users"), indexes, {});

  start = Clock::now();
  for (std::size_t i = 0; i < users_count; i += batch)
    collection.insert_many(std::span(users).subspan(i, batch));
  report("insert", users_count);

  (void)collection.find().to_vector();
  std::size_t orders = 0;
  start = Clock::now();
  for (std::size_t i = 0; i < users_count; ++i)
    orders += collection.find_by_id(users[i * 6101 % users_count].id)->orders.size();
  report("get_id", users_count);
  must(orders == users_count * 10, "a user read by its id has ten orders");

  start = Clock::now();
  for (std::size_t i = 0; i < users_count; ++i) {
    const User& wanted = users[i * 7919 % users_count];
    const auto found = collection.find_one(email == wanted.email);
    must(found && found->id == wanted.id, "a user is found by its email");
  }
  report("get_email", users_count);

  std::size_t n = 0;
  start = Clock::now();
  for (int i = 0; i < 100; ++i) {
    for (const User& user : collection.find(score >= i * 10.0 && score < i * 10.0 + 10))
      n += user.orders.empty() ? 0 : 1;
  }
  report("range_docs", n, "docs/s");
  must(n == users_count, "the ranges of scores hold all users");

  start = Clock::now();
  for (int round = 0; round < 5; ++round) {
    n = 0;
    for (const User& user : collection.find(city == "Oslo" && age > 40)) n += user.age ? 1 : 0;
  }
  report("scan_filter_docs", 5 * users_count, "docs/s");
  std::fprintf(stderr, "filter matched %zu\n", n);

  start = Clock::now();
  for (int round = 0; round < 3; ++round)
    must(collection.find().to_vector().size() == users_count, "all users are found");
  report("find_all", 3 * users_count, "docs/s");

  const std::size_t updates = full ? 1'000 : 10'000;
  start = Clock::now();
  for (std::size_t i = 0; i < updates; ++i) {
    const auto done = collection.update_one(id == users[i * 6101 % users_count].id,
                                            score.set(static_cast<double>(i % 1'000)),
                                            updated_at.set(users[i].created_at));
    must(done.matched == 1, "an update meets its user");
  }
  report("update_id", updates);

  start = Clock::now();
  for (std::size_t i = 0; i < users_count; i += batch) {
    db.transaction([&](q::Session& session) {
      for (std::size_t j = i; j < i + batch; ++j)
        (void)collection.update_one(
            id == users[j * 6101 % users_count].id,
            score.set(static_cast<double>(j % 997)) & updated_at.set(users[j].created_at),
            {.session = session});
    });
  }
  report("update_id_batch", users_count);

  db.close();
  double bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    struct stat status{};
    must(::stat(file.path().c_str(), &status) == 0, "a file is there");
    bytes += static_cast<double>(status.st_blocks) * 512;
  }
  print("disk", bytes / 1'048'576, "MiB");
  std::filesystem::remove_all(folder);
  return 0;
}
