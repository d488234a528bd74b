// The program of docs/backup.md.
#include <cstdio>
#include <filesystem>
#include <quire/backup/restore.hpp>
#include <quire/quire.hpp>
#include <string>

namespace q = quire;

struct User {
  q::ObjectId id = {};
  std::string email;
};

// [backup]
int save(const q::Database& db, const std::filesystem::path& folder) {
  q::backup::BackupOptions options;
  options.exclude = {"cache"};
  const q::backup::BackupReport report = q::backup::backup(db, folder, options);
  if (report.error) std::fprintf(stderr, "%s\n", report.error->what());
  if (!report.snapshot) std::printf("not of one moment: %s\n", report.consistency.c_str());
  return report.exit_code();  // 0 done, 30 failed, 32 stopped; then there is no folder
}
// [/backup]

// [restore]
int bring_back(const q::Database& db, const std::filesystem::path& folder) {
  q::backup::RestoreOptions options;
  options.collections = {"users"};
  options.drop = true;  // what is there is replaced
  const q::backup::RestoreReport report = q::backup::restore(db, folder, options);
  if (report.error) std::fprintf(stderr, "%s\n", report.error->what());
  return report.exit_code();  // 30: the database is as it was
}
// [/restore]

// [verify]
bool is_whole(const std::filesystem::path& folder) {
  return q::backup::verify(folder).ok();  // needs no database
}
// [/verify]

int main() {
  const auto folder = std::filesystem::temp_directory_path() / "quire_docs_backup";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  const q::Database db = q::open((folder / "app.quire").string());
  const auto users = db.collection<User>("users");
  users.insert(User{.email = "ada@example.org"});
  db.collection<User>("cache").insert(User{.email = "x"});
  std::printf("backup %d\n", save(db, folder / "monday"));
  users.insert(User{.email = "mistake@example.org"});
  std::printf("whole %d\n", static_cast<int>(is_whole(folder / "monday")));
  std::printf("restore %d\n", bring_back(db, folder / "monday"));
  std::printf("%lld of users\n", static_cast<long long>(users.count()));
  std::filesystem::resize_file(folder / "monday" / db.name() / "users.bson", 10);
  std::printf("whole %d\n", static_cast<int>(is_whole(folder / "monday")));
  std::filesystem::remove_all(folder);
}
