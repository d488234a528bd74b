#include "quire/testing/scratch.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::testing {
namespace {

std::atomic<int> numbers{0};

/// The server's URI with this database in it.
std::string with_database(const std::string& uri, const std::string& database) {
  const auto question = uri.find('?');
  auto hosts = uri.substr(0, question);
  const auto scheme = hosts.find("://");
  const auto slash = hosts.find('/', scheme == std::string::npos ? 0 : scheme + 3);
  if (slash != std::string::npos) hosts.resize(slash);
  return hosts + "/" + database + (question == std::string::npos ? "" : uri.substr(question));
}

std::filesystem::path folder_of(const std::string& uri) {
  const auto begin = uri.find(':') + 1;
  return std::filesystem::path(uri.substr(begin, uri.find('?') - begin)).parent_path();
}

/// A process that a check killed may have left its transaction open: a server drops nothing beneath
/// one, and some stand still while they try. The lock tells its session.
void end_transactions(const Database& db) {
  try {
    const bson::Document key = bson::make_document("_id", "migrate");
    (void)db.store().find_one(db.ns("_quire_lock"), key, {}, [&](bson::View lock) {
      const auto session = lock.find("session");
      if (!session || session->type() != bson::Type::document) return;
      bson::Writer command;
      command.begin_array("killSessions").push(*session).end();
      (void)db.store().run_command("admin", command.finish(), nullptr);
    });
  } catch (const Error&) {  // then dropping takes as long as it takes
  }
}

}  // namespace

ScratchDatabases::ScratchDatabases(std::string_view server)
    : server_(server), process_(::getpid()) {
  if (!files()) return;
  std::string name = (std::filesystem::temp_directory_path() / "quire-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw std::filesystem::filesystem_error("quire: no folder for test databases", name,
                                            std::error_code(errno, std::generic_category()));
  }
  folder_ = name;
}

ScratchDatabases::~ScratchDatabases() {
  if (process_ != ::getpid()) return;  // a child of a fork: they are its parent's
  while (!made_.empty()) remove(made_.back());
  std::error_code ignored;
  if (files()) std::filesystem::remove_all(folder_, ignored);
}

std::string ScratchDatabases::make() {
  const std::string number = std::to_string(numbers++);
  if (files()) {
    const auto folder = folder_ / number;
    std::filesystem::create_directories(folder);
    made_.push_back("quire:" + (folder / "data.quire").string() + "?durability=normal");
  } else {
    made_.push_back(
        with_database(server_, "quire_test_" + std::to_string(process_) + "_" + number));
  }
  return made_.back();
}

Database ScratchDatabases::open(const std::string& uri) {
  if (files() || process_ != ::getpid()) {
    auto store = store::open(uri);
    std::string name = store->default_database();
    return {std::move(store), std::move(name)};
  }
  if (store_ == nullptr) store_ = store::open(uri);
  return {store_, store::check_uri(uri).database};
}

void ScratchDatabases::remove(const std::string& uri) noexcept {
  try {
    const auto found = std::find(made_.begin(), made_.end(), uri);
    if (found == made_.end()) return;
    const std::string gone = *found;
    made_.erase(found);
    if (files()) {
      std::error_code ignored;
      std::filesystem::remove_all(folder_of(gone), ignored);
      return;
    }
    const Database db = open(gone);
    end_transactions(db);
    db.store().drop_database(db.name());
  } catch (...) {  // a server that is gone takes its databases with it
  }
}

}  // namespace quire::testing
