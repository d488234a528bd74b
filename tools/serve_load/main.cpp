// Many clients write through `quire serve` while it is killed again and again: no acknowledged
// write is lost, and none that was sent again after its reply was lost is done twice.
//   serve_load TOOL FOLDER [--clients N] [--seconds N] [--kills N]
#include <fcntl.h>
#include <sys/wait.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "quire/store/embedded/embedded.hpp"
#include "quire/store/store.hpp"
#include "wire_client.hpp"

namespace {

using namespace quire::test;
using quire::bson::Document;
using quire::bson::Writer;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::int64_t each = 1'000'000'000;  // room of one client among the ids

struct Settings {
  std::string tool, file;
  int clients = 64;
  int seconds = 10;
  int kills = 3;
  std::uint16_t port = 0;
};

std::uint16_t free_port() {
  const int held = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::bind(held, reinterpret_cast<sockaddr*>(&address), sizeof address);
  socklen_t size = sizeof address;
  ::getsockname(held, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(held);
  return ntohs(address.sin_port);
}

pid_t start_server(const Settings& settings) {
  const std::string port = std::to_string(settings.port);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::execl(settings.tool.c_str(), "quire", "serve", settings.file.c_str(), "--port", port.c_str(),
            "--quiet", nullptr);
    ::_exit(127);
  }
  return pid;
}

/// One driver, as far as writes go: a session, numbers, and sending again what got no answer.
class Client {
 public:
  Client(const Settings& settings, int id) : settings_(settings), id_(id), random_(unsigned(id)) {}

  void run(const std::atomic<bool>& over) {
    while (!over) {
      const auto kind = random_() % 20;
      if (kind < 12) {
        insert();
      } else if (kind < 17) {
        add_one();
      } else if (kind < 19) {
        read_back();
      } else {
        transact();
      }
    }
    wire_.reset();
  }
  [[nodiscard]] std::int64_t inserted() const { return inserted_; }
  [[nodiscard]] std::int64_t added() const { return added_; }
  [[nodiscard]] std::int64_t repeated() const { return repeated_; }

 private:
  /// The reply; sends again over new connections until there is one.
  Document ask(const Document& command) {
    for (int attempt = 0;; ++attempt) {
      if (attempt > 3000) fail("the server does not come back");
      try {
        if (!wire_) wire_ = std::make_unique<Wire>(settings_.port);
        if (attempt > 0) ++repeated_;
        auto reply = wire_->run(command.view());
        const int code = code_of(reply);
        if (code != 24 && code != 91 && code != 11600) return reply;
      } catch (const std::runtime_error&) {
        wire_.reset();
      }
      std::this_thread::sleep_for(milliseconds(20));
    }
  }

  Document numbered(const Document& fields, bool in_transaction, bool starts = false,
                    const char* database = "load") const {
    Writer out;
    out.append_all(fields);
    quire::bson::Binary id;
    id.bytes.assign(16, 0);
    std::memcpy(id.bytes.data(), &id_, sizeof id_);
    id.subtype = quire::bson::BinarySubtype::uuid;
    out.begin_document("lsid").append("id", quire::bson::Value(std::move(id))).end();
    out.append("txnNumber", number_);
    if (in_transaction) out.append("autocommit", false);
    if (starts) out.append("startTransaction", true);
    return out.append("$db", database).finish();
  }

  [[nodiscard]] Document insert_of(std::int64_t count) const {
    Writer out;
    out.append("insert", "c").begin_array("documents");
    for (std::int64_t i = 0; i < count; ++i)
      out.push(quire::bson::make_document("_id", id_ * each + inserted_ + i, "text",
                                          std::string(random_size_, 'x')));
    return out.end().finish();
  }

  void insert() {
    ++number_;
    random_size_ = random_() % 400;
    const std::int64_t count = 1 + static_cast<std::int64_t>(random_() % 3);
    const auto reply = ask(numbered(insert_of(count), false));
    if (!is_ok(reply) || reply.contains("writeErrors") || reply["n"].as_int32() != count)
      fail("insert: " + shown(reply));
    inserted_ += count;
  }

  void add_one() {
    ++number_;
    Writer out;
    out.append("update", "sums").begin_array("updates").push_document_begin();
    out.begin_document("q").append("_id", std::int64_t{id_}).end();
    out.begin_document("u").begin_document("$inc").append("n", std::int64_t{1}).end().end();
    out.append("upsert", true).end().end();
    const auto reply = ask(numbered(out.finish(), false));
    if (!is_ok(reply) || reply["n"].as_int32() != 1) fail("update: " + shown(reply));
    ++added_;
  }

  void read_back() {
    if (inserted_ == 0) return;
    Writer out;
    out.append("find", "c").begin_document("filter");
    out.append("_id", id_ * each + inserted_ - 1).end();
    const auto reply = ask(out.append("$db", "load").finish());
    if (!is_ok(reply)) fail("find: " + shown(reply));
    if (reply["cursor"].as_document()["firstBatch"].as_array().empty())
      fail("an acknowledged document is gone: " + std::to_string(inserted_ - 1));
  }

  void transact() {
    ++number_;
    random_size_ = 10;
    const auto first = ask(numbered(insert_of(2), true, true));
    // Sent again after its answer was lost: the transaction may be there already. A driver begins a
    // new one; so does this, at its next turn.
    if (!is_ok(first)) return;
    const auto commit =
        ask(numbered(quire::bson::make_document("commitTransaction", 1), true, false, "admin"));
    if (code_of(commit) == 251) return;  // the server died before: nothing was written
    if (!is_ok(commit)) fail("commit: " + shown(commit));
    inserted_ += 2;
  }

  [[noreturn]] void fail(const std::string& what) const {
    std::fprintf(stderr, "client %lld: %s\n", static_cast<long long>(id_), what.c_str());
    std::_Exit(1);
  }

  const Settings& settings_;
  std::int64_t id_;
  std::mt19937 random_;
  std::unique_ptr<Wire> wire_;
  std::int64_t number_ = 0, inserted_ = 0, added_ = 0, repeated_ = 0;
  std::size_t random_size_ = 0;
};

/// What the file holds must be what was acknowledged, no more and no less.
int verify(const Settings& settings, const std::vector<std::unique_ptr<Client>>& clients) {
  const auto store = quire::store::open(settings.file);
  int wrong = 0;
  std::int64_t documents = 0, repeated = 0;
  for (std::size_t id = 0; id < clients.size(); ++id) {
    const auto& client = *clients[id];
    const auto low = static_cast<std::int64_t>(id) * each;
    Writer filter;
    filter.begin_document("_id").append("$gte", low).append("$lt", low + each).end();
    quire::store::FindOptions by_id;
    const auto sort = quire::bson::make_document("_id", 1);
    by_id.sort = sort;
    std::int64_t next = 0;
    const auto found = filter.finish();
    const auto cursor = store->find({"load", "c"}, found, by_id);
    while (const auto document = cursor->next()) {
      if ((*document)["_id"].as_int64() != low + next) break;
      ++next;
    }
    std::int64_t sum = 0;
    (void)store->find_one({"load", "sums"},
                          quire::bson::make_document("_id", static_cast<std::int64_t>(id)), {},
                          [&](quire::bson::View one) { sum = one["n"].as_int64(); });
    const auto count = store->count({"load", "c"}, found, {});
    if (next != client.inserted() || count != client.inserted() || sum != client.added()) {
      std::printf(
          "client %zu: %lld documents and a sum of %lld acknowledged, %lld (%lld in a row) "
          "and %lld found\n",
          id, static_cast<long long>(client.inserted()), static_cast<long long>(client.added()),
          static_cast<long long>(count), static_cast<long long>(next), static_cast<long long>(sum));
      ++wrong;
    }
    documents += client.inserted();
    repeated += client.repeated();
  }
  const auto report = quire::store::embedded::check(*store);
  if (!report.ok()) {
    std::printf("%s", report.str().c_str());
    ++wrong;
  }
  std::printf("%zu clients, %lld documents acknowledged, %lld commands sent again, %d wrong\n",
              clients.size(), static_cast<long long>(documents), static_cast<long long>(repeated),
              wrong);
  return wrong == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  std::string folder;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const auto number = [&] { return i + 1 < argc ? std::atoi(argv[++i]) : 0; };
    if (argument == "--clients") {
      settings.clients = number();
    } else if (argument == "--seconds") {
      settings.seconds = number();
    } else if (argument == "--kills") {
      settings.kills = number();
    } else if (settings.tool.empty()) {
      settings.tool = argument;
    } else {
      folder = argument;
    }
  }
  if (folder.empty() || settings.clients < 1 || settings.seconds < 1) {
    std::fprintf(stderr, "serve_load TOOL FOLDER [--clients N] [--seconds N] [--kills N]\n");
    return 2;
  }
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  settings.file = folder + "/load.quire";
  settings.port = free_port();
  pid_t server = start_server(settings);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < settings.clients; ++i)
    clients.push_back(std::make_unique<Client>(settings, i));
  std::atomic<bool> over{false};
  std::vector<std::thread> threads;
  for (auto& client : clients) threads.emplace_back([&] { client->run(over); });
  const auto pause = milliseconds(settings.seconds * 1000 / (settings.kills + 1));
  for (int i = 0; i < settings.kills; ++i) {
    std::this_thread::sleep_for(pause);
    ::kill(server, SIGKILL);
    ::waitpid(server, nullptr, 0);
    server = start_server(settings);
  }
  std::this_thread::sleep_for(pause);
  over = true;
  for (auto& thread : threads) thread.join();
  int status = 0;
  ::kill(server, SIGTERM);
  ::waitpid(server, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    std::printf("the server did not end well: %d\n", status);
    return 1;
  }
  const int wrong = verify(settings, clients);
  if (wrong == 0) std::filesystem::remove_all(folder);
  return wrong;
}
