// The program of docs/moving-to-a-server.md. It copies to a second file where no server is named.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <quire/cli/copy.hpp>
#include <quire/quire.hpp>
#include <string>

namespace q = quire;

struct User {
  q::ObjectId id = {};
  std::string email;
};

// [open]
q::Database open_app() {
  const char* uri = std::getenv("APP_DATABASE");
  return q::open(uri != nullptr ? uri : "app.quire");
}
// [/open]

// [copy]
int copy_to(const q::Database& from, const q::Database& to) {
  q::cli::CopyOptions options;
  options.exclude = {"cache"};
  options.progress = [](const q::cli::CopyProgress& p) {
    if (p.phase == "copy") std::printf("%lld documents\n", static_cast<long long>(p.done));
  };
  const q::cli::CopyReport report = q::cli::copy_database(from, to, options);
  for (const auto& one : report.collections) {
    if (!one.matches) std::printf("%s differs\n", one.name.c_str());
  }
  if (report.error) std::fprintf(stderr, "%s\n", report.error->what());
  return report.exit_code();  // 0 done, 30 nothing left behind, 31 or 32 resume, 41 differs
}
// [/copy]

int main() {
  const auto folder = std::filesystem::temp_directory_path() / "quire_docs_moving";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  ::setenv("APP_DATABASE", (folder / "app.quire").c_str(), 0);
  const q::Database from = open_app();
  const auto users = from.collection<User>("users");
  users.insert(User{.email = "ada@example.org"});
  from.collection<User>("cache").insert(User{.email = "x"});
  const q::Database to = q::open((folder / "copy.quire").string());
  const int code = copy_to(from, to);
  std::printf("%lld of users, exit code %d\n",
              static_cast<long long>(to.collection<User>("users").count()), code);
  std::filesystem::remove_all(folder);
  return code;
}
