#include "quire/backup/restore.hpp"

#include <algorithm>
#include <chrono>

#include "backup/folder.hpp"
#include "quire/bson/json.hpp"

namespace quire::backup {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t batch_documents = 1000;
constexpr std::size_t batch_bytes = 8 * 1024 * 1024;
constexpr std::string_view probe = "_quire_restore_probe";

[[noreturn]] void rethrow_about(const Error& error, const std::string& what) {
  throw StoreError(error.code(), error.path(), what + ": " + error.detail(), error.backend_code(),
                   error.labels());
}

std::string named(const FolderItem& item) {
  return (item.saved.type == "view" ? "view \"" : "collection \"") + item.saved.name + "\"";
}

class Restore {
 public:
  Restore(const Database& database, const Folder& folder, const RestoreOptions& options,
          RestoreReport& report)
      : db_(database), folder_(folder), options_(options), report_(report) {}

  void run() {
    can_ = db_.store().capabilities();
    present_ = db_.store().list_collections(db_.name());
    for (const auto& item : folder_.items) check_target(item);
    const bool together = can_.transactions && can_.transactional_catalog;
    // Capped collections take no writes in transactions.
    const auto by_itself = [&](const FolderItem& item) {
      return !together || item.options.contains("capped");
    };
    for (const auto& item : folder_.items) {
      if (by_itself(item)) try_out(item);
    }
    for (const auto& item : folder_.items) {
      if (by_itself(item) && item.saved.type != "view") put(item);
    }
    if (together) {
      session_ = db_.store().start_session();
      session_->start_transaction();
    }
    for (const auto& item : folder_.items) {
      if (!by_itself(item) && item.saved.type != "view") put(item);
    }
    for (const auto& item : folder_.items) {
      if (item.saved.type == "view") put_view(item);
    }
    check_stop();
    if (session_ != nullptr) session_->commit_transaction();
  }

  /// After a failure. Result::partial when collections are gone for good.
  Result clean_up() noexcept {
    if (session_ != nullptr) {
      try {
        if (session_->in_transaction()) session_->abort_transaction();
      } catch (const Error&) {  // the failure that led here is the one to tell
      }
    }
    bool left = dropped_;
    for (const auto& name : made_) {
      try {
        (void)db_.store().drop_collection(db_.ns(name), {});
      } catch (const Error&) {
        left = true;
      }
    }
    return left ? Result::partial : Result::failed;
  }

 private:
  [[nodiscard]] const store::CollectionInfo* present(const std::string& name) const {
    const auto found = std::find_if(present_.begin(), present_.end(),
                                    [&](const auto& info) { return info.name == name; });
    return found == present_.end() ? nullptr : &*found;
  }

  // ------------------------------------------------------------ before anything is written

  void check_target(const FolderItem& item) const {
    check_stop();
    const auto& type = item.saved.type;
    if (type == "view" && !can_.views) refuse(item, "views");
    if (type == "timeseries" && !can_.time_series) refuse(item, "time series");
    if (type != "view") {
      for (const auto& option : item.options) {
        const bool validation = option.key == "validator" || option.key == "validationLevel" ||
                                option.key == "validationAction";
        const bool has = validation                   ? can_.json_schema
                         : option.key == "collation"  ? can_.collation
                         : option.key == "timeseries" ? can_.time_series
                                                      : can_.collection_options;
        if (!has) refuse(item, "the option " + std::string(option.key) + " of collections");
      }
    }
    if (const auto* there = present(item.saved.name); there != nullptr && !options_.drop)
      check_present(item, *there);
  }

  [[noreturn]] static void refuse(const FolderItem& item, const std::string& what) {
    throw StoreError(ErrorCode::unsupported,
                     named(item) + ": the database cannot have " + what +
                         "; choose the collections to be restored without it");
  }

  /// A collection without documents may stay; its options and indexes must go together with those
  /// of the folder.
  void check_present(const FolderItem& item, const store::CollectionInfo& there) const {
    const auto taken = [&](const std::string& why) {
      throw StoreError(ErrorCode::namespace_exists, named(item) + ": the database has a " +
                                                        there.type + " of this name" + why +
                                                        "; let it be replaced (drop)");
    };
    if (there.type == "view" || there.type != item.saved.type) taken("");
    if (db_.store().find_one(db_.ns(item.saved.name), {}, {}, [](bson::View) {}))
      taken(", with documents");
    if (!(there.options == item.options)) taken(", with other options");
    for (const auto& index : db_.store().list_indexes(db_.ns(item.saved.name))) {
      for (const auto& wanted : item.indexes) {
        const bool name = index["name"].as_string() == wanted["name"].as_string();
        const bool key = index["key"].as_document() == wanted["key"].as_document();
        if (name != key)
          taken(", whose index \"" + std::string(index["name"].as_string()) + "\" is another one");
      }
    }
  }

  /// Makes the collection or view without documents under another name, and takes it away again.
  void try_out(const FolderItem& item) {
    check_stop();
    const auto ns = db_.ns(probe);
    (void)db_.store().drop_collection(ns, {});
    try {
      create(item, std::string(probe));
      create_indexes(item, std::string(probe), false);
      (void)db_.store().drop_collection(ns, {});
    } catch (const Error&) {
      try {
        (void)db_.store().drop_collection(ns, {});
      } catch (const Error&) {  // the failure that led here is the one to tell
      }
      throw;
    }
  }

  // ------------------------------------------------------------ writing

  void put_view(const FolderItem& item) {
    make_room(item);
    create(item, item.saved.name);
    made(item);
    report_.collections.push_back(item.saved);
  }

  /// What a transaction made goes with it.
  void made(const FolderItem& item) {
    if (session_ == nullptr) made_.push_back(item.saved.name);
  }

  void put(const FolderItem& item) {
    make_room(item);
    if (options_.drop || present(item.saved.name) == nullptr) {
      create(item, item.saved.name);
      made(item);
    }
    fill(item);
    create_indexes(item, item.saved.name, true);
    report_.collections.push_back(item.saved);
  }

  void make_room(const FolderItem& item) {
    check_stop();
    if (!options_.drop || present(item.saved.name) == nullptr) return;
    if (session_ == nullptr) dropped_ = true;
    (void)db_.store().drop_collection(db_.ns(item.saved.name), with_session());
  }

  [[nodiscard]] store::OperationOptions with_session() const {
    store::OperationOptions out;
    out.session = session_.get();
    return out;
  }

  void create(const FolderItem& item, const std::string& name) {
    try {
      db_.store().create_collection(db_.ns(name), item.options, with_session());
    } catch (const Error& error) {
      rethrow_about(error, named(item));
    }
  }

  void create_indexes(const FolderItem& item, const std::string& name, bool tell) {
    std::int64_t done = 0;
    for (const auto& index : item.indexes) {
      check_stop();
      if (tell && options_.progress)
        options_.progress(
            {item.saved.name, "index", done, static_cast<std::int64_t>(item.indexes.size()), 0});
      const bson::View spec = index;
      try {
        db_.store().create_indexes(db_.ns(name), {&spec, 1}, with_session());
      } catch (const Error& error) {
        rethrow_about(error,
                      "index \"" + std::string(index["name"].as_string()) + "\" of " + named(item));
      }
      ++done;
    }
  }

  void fill(const FolderItem& item) {
    if (item.data.empty()) return;
    const std::string target =
        item.buckets ? std::string(buckets_prefix) + item.saved.name : item.saved.name;
    DocumentReader reader(item.data);
    std::vector<bson::Document> batch;
    std::size_t held = 0;
    std::int64_t done = 0, bytes = 0;
    const auto flush = [&] {
      check_stop();
      if (!batch.empty()) insert(item, target, batch);
      done += static_cast<std::int64_t>(batch.size());
      bytes += static_cast<std::int64_t>(held);
      batch.clear();
      held = 0;
      if (options_.progress)
        options_.progress({item.saved.name, "restore", done, item.saved.documents, bytes});
    };
    while (const auto document = reader.next()) {
      batch.emplace_back(*document);
      held += document->size();
      if (batch.size() >= batch_documents || held >= batch_bytes) flush();
    }
    flush();
    // The file was read once before; somebody may have changed it since.
    if (done != item.saved.documents || bytes != item.saved.bytes)
      throw StoreError(ErrorCode::corrupt, item.data.string() + " changed while it was restored");
  }

  void insert(const FolderItem& item, const std::string& target,
              const std::vector<bson::Document>& batch) {
    const std::vector<bson::View> views(batch.begin(), batch.end());
    store::InsertOptions options;
    options.session = session_.get();
    options.bypass_document_validation = true;  // documents may be older than their validator
    store::InsertResult result;
    try {
      result = db_.store().insert(db_.ns(target), views, options);
    } catch (const Error& error) {
      rethrow_about(error, named(item));
    }
    if (result.errors.empty()) return;
    const auto& first = result.errors.front();
    const auto id = batch.at(first.index).find("_id");
    rethrow_about(first.error,
                  "document _id " +
                      (id ? bson::to_json(*id, bson::JsonMode::shell) : std::string("?")) + " of " +
                      named(item));
  }

  void check_stop() const {
    if (options_.stop.stop_requested()) throw Stopped{};
  }

  const Database& db_;
  const Folder& folder_;
  const RestoreOptions& options_;
  RestoreReport& report_;
  store::Capabilities can_;
  std::vector<store::CollectionInfo> present_;
  std::unique_ptr<store::Session> session_;
  std::vector<std::string> made_;
  bool dropped_ = false;
};

void restore_into(const Database& database, const Folder& folder, const RestoreOptions& options,
                  RestoreReport& report) {
  Restore restore(database, folder, options, report);
  try {
    restore.run();
  } catch (const Stopped&) {
    report.collections.clear();
    report.result = restore.clean_up() == Result::partial ? Result::partial : Result::stopped;
    report.error.emplace(ErrorCode::timeout, "the restore was asked to stop");
  } catch (const Error& error) {
    report.collections.clear();
    report.result = restore.clean_up();
    report.error.emplace(error);
  } catch (...) {  // of the callback
    (void)restore.clean_up();
    throw;
  }
}

/// Reads the folder and, where there is a database, restores it.
RestoreReport read_and_restore(const Database* database, const fs::path& folder,
                               const RestoreOptions& options) {
  RestoreReport report;
  report.folder = folder.string();
  if (database != nullptr) {
    report.target = database->store().redacted_uri();
    report.database = database->name();
  }
  report.verified_only = database == nullptr || options.verify_only;
  run_into(report, "the restore", [&] {
    const Folder found = read_folder(folder, report.database, options);
    report.from_database = found.database;
    report.manifest = found.manifest;
    report.left_out = found.left_out;
    if (report.verified_only) {
      for (const auto& item : found.items) report.collections.push_back(item.saved);
    } else {
      restore_into(*database, found, options, report);
    }
  });
  return report;
}

}  // namespace

RestoreReport restore(const Database& database, const fs::path& folder,
                      const RestoreOptions& options) {
  return read_and_restore(&database, folder, options);
}

RestoreReport verify(const fs::path& folder, const RestoreOptions& options) {
  return read_and_restore(nullptr, folder, options);
}

}  // namespace quire::backup
