#include "quire/backup/backup.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "backup/file_name.hpp"
#include "backup/folder.hpp"
#include "backup/manifest.hpp"
#include "backup/stream.hpp"
#include "core/listed.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"

namespace quire::backup {
namespace {

namespace fs = std::filesystem;

/// Whether this process has the file open: a path is relative to a folder that may be another now.
bool is_open_here(const std::string& path) {
  struct stat wanted{};
  if (::stat(path.c_str(), &wanted) != 0) return false;
  std::error_code failed;
  for (auto it = fs::directory_iterator("/proc/self/fd", failed);
       !failed && it != fs::directory_iterator(); it.increment(failed)) {
    struct stat open{};
    if (::stat(it->path().c_str(), &open) == 0 && open.st_dev == wanted.st_dev &&
        open.st_ino == wanted.st_ino)
      return true;
  }
  return false;
}

/// FOLDER.part, which is this process's alone while it lives, and goes with it unless it was kept.
class PartFolder {
 public:
  explicit PartFolder(const fs::path& target) : target_(target), path_(target.string() + ".part") {
    std::error_code failed;
    if (fs::exists(fs::symlink_status(target_, failed)))
      throw StoreError(ErrorCode::invalid_argument,
                       target_.string() + " is there already; give a folder that is not");
    if (::mkdir(path_.c_str(), 0700) != 0 && errno != EEXIST) fail_io("cannot create", path_);
    lock_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock_ < 0) fail_io("cannot open", path_);
    if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
      const int error = errno;
      ::close(lock_);
      errno = error;
      if (error == EWOULDBLOCK)
        throw StoreError(ErrorCode::busy, "another backup writes " + path_.string());
      fail_io("cannot lock", path_);
    }
    empty_out();  // of what a killed backup left
  }
  PartFolder(const PartFolder&) = delete;
  PartFolder& operator=(const PartFolder&) = delete;
  ~PartFolder() {
    std::error_code ignored;
    if (!kept_) fs::remove_all(path_, ignored);
    ::close(lock_);
  }

  [[nodiscard]] const fs::path& path() const noexcept { return path_; }

  void keep() {
    sync_folder(path_);
    if (::access(target_.c_str(), F_OK) == 0)
      throw StoreError(ErrorCode::invalid_argument,
                       target_.string() + " appeared while the backup ran");
    if (::rename(path_.c_str(), target_.c_str()) != 0) fail_io("cannot name", target_);
    kept_ = true;
    const fs::path above = fs::absolute(target_).parent_path();
    sync_folder(above);
  }

 private:
  void empty_out() const {
    for (const auto& entry : fs::directory_iterator(path_)) fs::remove_all(entry.path());
  }
  fs::path target_, path_;
  int lock_ = -1;
  bool kept_ = false;
};

struct Planned {
  Metadata metadata;
  std::string source;  ///< the collection that has the documents
  std::int64_t total = 0;
};

class Backup {
 public:
  Backup(const Database& database, const fs::path& folder, const BackupOptions& options,
         BackupReport& report)
      : db_(database), folder_(folder), options_(options), report_(report) {}

  void run() {
    check_arguments();
    PartFolder part(folder_);
    open_second_handle();
    auto collections = read_catalog();
    begin_snapshot();
    const fs::path data = part.path() / db_.name();
    if (::mkdir(data.c_str(), 0700) != 0) fail_io("cannot create", data);
    manifest_.source = report_.source;
    manifest_.kind = db_.store().kind();
    manifest_.database = db_.name();
    manifest_.snapshot = report_.snapshot;
    for (auto& one : collections) save(one, part.path());
    if (session_ != nullptr && session_->in_transaction()) session_->abort_transaction();
    const std::string text = manifest_.json();
    OutputFile file(part.path() / manifest_name, false);
    file.write(text.data(), text.size());
    report_.file_bytes += file.finish().size;
    sync_folder(data);
    check_stop();
    part.keep();
  }

 private:
  void check_stop() const {
    if (options_.stop.stop_requested()) throw Stopped{};
  }

  void check_arguments() const {
    const std::string& name = db_.name();
    if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos ||
        name.find('\0') != std::string::npos)
      throw StoreError(ErrorCode::invalid_argument,
                       "the database name \"" + name + "\" cannot be that of a folder");
    if (!folder_.has_filename())
      throw StoreError(ErrorCode::invalid_argument,
                       "\"" + folder_.string() + "\" names no folder to be made");
    if (options_.gzip && !has_gzip())
      throw StoreError(ErrorCode::unsupported, "this quire was built without zlib: no gzip");
    check_stop();
  }

  // ------------------------------------------------------------ one moment

  void begin_snapshot() {
    if (!options_.snapshot) {
      report_.consistency = "not asked for one moment";
      return;
    }
    try {
      if (db_.store().kind() == "embedded") {
        session_ = db_.store().start_session();
        session_->start_transaction();
      } else {
        check_snapshots();
        store::SessionOptions options;
        options.snapshot = true;
        options.causal_consistency = false;
        session_ = db_.store().start_session(options);
      }
      // The first read fixes the moment; it also shows whether the deployment has such sessions.
      store::FindOptions first;
      first.session = session_.get();
      first.limit = 1;
      const auto cursor = db_.store().find(db_.ns("_quire_probe"), {}, first);
      while (cursor->next()) {
      }
      report_.snapshot = true;
    } catch (const Error& error) {
      // A broken connection or a closed store is no matter of snapshots.
      if (error.code() != ErrorCode::unsupported && error.code() != ErrorCode::command_failed &&
          error.code() != ErrorCode::transaction_state)
        throw;
      session_.reset();
      report_.consistency = "this deployment has no snapshot sessions: " + error.detail();
    }
  }

  /// Some services take the read concern and read what is there now. Those that have snapshots tell
  /// the time of the one that was read, and have none of long ago.
  void check_snapshots() const {
    const auto ask = [&](bson::View concern) {
      return db_.store().run_command(
          db_.name(),
          bson::make_document("find", "_quire_probe", "limit", 1, "singleBatch", true,
                              "readConcern", concern),
          nullptr);
    };
    const auto now = ask(bson::make_document("level", "snapshot"));
    if (!now["cursor"].as_document().contains("atClusterTime"))
      throw StoreError(ErrorCode::unsupported, "a read of a snapshot does not tell its time");
    const auto long_ago = bson::from_json(
        R"({"level": "snapshot", "atClusterTime": {"$timestamp": {"t": 1, "i": 1}}})");
    try {
      (void)ask(long_ago);
    } catch (const StoreError& error) {
      // SnapshotTooOld and its like, but no broken connection.
      if (error.code() != ErrorCode::network_error && error.code() != ErrorCode::server_unreachable)
        return;
      throw;
    }
    throw StoreError(ErrorCode::unsupported, "the time of a snapshot is not looked at");
  }

  /// A transaction of a handle that can write holds the file's one writer back; one of a handle
  /// that only reads does not.
  void open_second_handle() {
    if (!options_.snapshot || db_.store().kind() != "embedded") return;
    const std::string path = fs::absolute(db_.store().redacted_uri()).string();
    if (path.find_first_of("?%") != std::string::npos || !is_open_here(path)) return;
    try {
      db_ = Database(store::open("quire:" + path + "?read_only=true"), db_.name());
    } catch (const Error&) {  // then the writers wait
    }
  }

  // ------------------------------------------------------------ what there is

  std::vector<store::CollectionInfo> chosen() {
    auto all = db_.store().list_collections(db_.name());
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    const auto there = [&](const std::string& name) {
      return std::any_of(all.begin(), all.end(), [&](const auto& c) { return c.name == name; });
    };
    for (const auto* list : {&options_.collections, &options_.exclude}) {
      for (const auto& name : *list) {
        if (!there(name) || is_never_saved(name))
          throw StoreError(
              ErrorCode::namespace_not_found,
              "the database has no collection or view \"" + name + "\" that a backup can hold");
      }
    }
    std::vector<store::CollectionInfo> out;
    for (auto& info : all) {
      if (is_listed(options_.exclude, info.name)) continue;
      if (!options_.collections.empty() && !is_listed(options_.collections, info.name)) continue;
      if (is_never_saved(info.name)) {
        if (info.name.starts_with(buckets_prefix)) {
          bucket_collections_.push_back(info.name);
        } else if (info.name != "system.views") {
          report_.left_out.push_back(info.name + ": belongs to the server or to a run");
        }
        continue;
      }
      out.push_back(std::move(info));
    }
    // Chosen by name, a time series brings its buckets along.
    for (const auto& info : all) {
      if (info.name.starts_with(buckets_prefix) && !is_listed(bucket_collections_, info.name))
        bucket_collections_.push_back(info.name);
    }
    return out;
  }

  [[nodiscard]] std::string uuid_of(const std::string& name) const {
    try {
      const auto filter = bson::make_document("name", name);
      const auto reply = db_.store().run_command(
          db_.name(), bson::make_document("listCollections", 1, "filter", filter), nullptr);
      for (const auto& entry : reply["cursor"].as_document()["firstBatch"].as_array()) {
        const auto info = entry.value.as_document().find("info");
        const auto uuid = info ? info->as_document().find("uuid") : std::nullopt;
        if (!uuid) continue;
        const auto binary = uuid->as_binary();
        std::string out;
        for (std::size_t i = 0; i < binary.size; ++i) {
          out += "0123456789abcdef"[binary.data[i] >> 4];
          out += "0123456789abcdef"[binary.data[i] & 15];
        }
        return out;
      }
    } catch (const Error&) {  // only --preserveUUID of mongorestore asks for it
    }
    return {};
  }

  /// All but the documents: a thread with a transaction open reads nothing outside of it.
  std::vector<Planned> read_catalog() {
    std::vector<Planned> out;
    for (auto& info : chosen()) {
      check_stop();
      Planned one;
      one.source = info.name;
      one.metadata.options = std::move(info.options);
      one.metadata.name = std::move(info.name);
      one.metadata.type = std::move(info.type);
      const Metadata& metadata = one.metadata;
      if (metadata.type != "view") {
        one.metadata.indexes = db_.store().list_indexes(db_.ns(metadata.name));
        if (metadata.type == "collection") one.metadata.uuid = uuid_of(metadata.name);
        const std::string buckets = std::string(buckets_prefix) + metadata.name;
        if (metadata.type == "timeseries" && is_listed(bucket_collections_, buckets))
          one.source = buckets;
        if (options_.progress) one.total = db_.store().estimated_count(db_.ns(one.source));
      }
      out.push_back(std::move(one));
    }
    return out;
  }

  // ------------------------------------------------------------ one collection

  void save(Planned& planned, const fs::path& root) {
    check_stop();
    ManifestCollection entry;
    const Metadata& metadata = planned.metadata;
    entry.saved.name = metadata.name;
    entry.saved.type = metadata.type;
    entry.saved.indexes = static_cast<std::int64_t>(metadata.indexes.size());
    const std::string ending = options_.gzip ? ".gz" : "";
    const fs::path below = db_.name();
    if (metadata.type != "view") {
      entry.data.emplace();
      entry.data->path = (below / (file_name_of(planned.source) + ".bson" + ending)).string();
      write_documents(planned, root / entry.data->path, entry);
    }
    entry.metadata.path =
        (below / (file_name_of(metadata.name) + ".metadata.json" + ending)).string();
    const std::string text = metadata.json();
    OutputFile file(root / entry.metadata.path, options_.gzip);
    file.write(text.data(), text.size());
    entry.metadata.sum = file.finish();
    report_.file_bytes += entry.metadata.sum.size;
    report_.collections.push_back(entry.saved);
    manifest_.collections.push_back(std::move(entry));
  }

  void write_documents(const Planned& planned, const fs::path& path, ManifestCollection& entry) {
    auto& saved = entry.saved;
    const auto tell = [&] {
      check_stop();
      if (options_.progress)
        options_.progress({saved.name, "write", saved.documents, planned.total, saved.bytes});
    };
    tell();
    OutputFile file(path, options_.gzip);
    store::FindOptions find;
    find.session = session_.get();
    const auto cursor = db_.store().find(db_.ns(planned.source), {}, find);
    while (const auto document = cursor->next()) {
      file.write(document->data(), document->size());
      saved.bytes += static_cast<std::int64_t>(document->size());
      if (++saved.documents % report_each == 0) tell();
    }
    entry.data->sum = file.finish();
    report_.file_bytes += entry.data->sum.size;
    tell();
  }

  Database db_;
  const fs::path& folder_;
  const BackupOptions& options_;
  BackupReport& report_;
  std::unique_ptr<store::Session> session_;
  std::vector<std::string> bucket_collections_;
  Manifest manifest_;
};

}  // namespace

BackupReport backup(const Database& database, const fs::path& folder,
                    const BackupOptions& options) {
  BackupReport report;
  report.source = database.store().redacted_uri();
  report.database = database.name();
  report.folder = folder.string();
  run_into(report, "the backup", [&] { Backup(database, folder, options, report).run(); });
  return report;
}

}  // namespace quire::backup
