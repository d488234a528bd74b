#include "backup/folder.hpp"

#include <algorithm>
#include <map>

#include "backup/file_name.hpp"
#include "core/listed.hpp"
#include "quire/bson/writer.hpp"

namespace quire::backup {
namespace {

namespace fs = std::filesystem;
// A server's own documents may be a little larger than those that it takes from clients.
constexpr std::size_t most_document_bytes = bson::max_document_bytes + 16 * 1024;

/// "users" of "users.bson", "users.bson.gz"; nothing for another ending.
std::optional<std::string> stem(const std::string& file, std::string_view ending) {
  for (const std::string& whole : {std::string(ending), std::string(ending) + ".gz"}) {
    if (file.size() > whole.size() && file.ends_with(whole))
      return file.substr(0, file.size() - whole.size());
  }
  return std::nullopt;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> out;
  std::error_code failed;
  for (auto it = fs::directory_iterator(folder, failed); !failed && it != fs::directory_iterator();
       it.increment(failed))
    out.push_back(it->path().filename().string());
  if (failed)
    throw StoreError(ErrorCode::io_error,
                     "cannot read the folder " + folder.string() + ": " + failed.message());
  std::sort(out.begin(), out.end());
  return out;
}

bool has_data(const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return name != "oplog.bson" && (stem(name, ".bson") || stem(name, ".metadata.json"));
  });
}

class FolderReader {
 public:
  FolderReader(const fs::path& folder, const std::string& wanted, const RestoreOptions& options)
      : root_(folder), wanted_(wanted), options_(options) {}

  Folder read() {
    locate();
    find_files();
    if (manifest_) check_against_manifest();
    std::map<std::string, FolderItem> items;
    for (auto& [name, file] : files_) add(name, file, items);
    for (const auto& name : options_.collections) {
      if (!items.contains(name))
        throw StoreError(ErrorCode::namespace_not_found,
                         folder_.string() + " has no collection or view \"" + name + "\"");
    }
    for (auto& [name, item] : items) check_data(item);
    for (auto& [name, item] : items) out_.items.push_back(std::move(item));
    out_.manifest = manifest_.has_value();
    return std::move(out_);
  }

 private:
  struct Files {
    fs::path data, metadata;
  };

  /// Sets folder_, that of the database, and reads the manifest.
  void locate() {
    while (!root_.has_filename() && root_.has_parent_path() && root_ != root_.root_path())
      root_ = root_.parent_path();  // "backup/"
    std::error_code ignored;
    if (!fs::is_directory(root_, ignored))
      throw StoreError(ErrorCode::not_found, root_.string() + " is no folder with a backup");
    const auto names = names_in(root_);
    if (has_data(names)) {
      folder_ = root_;
      out_.database = fs::absolute(root_).filename().string();
      const fs::path above = fs::absolute(root_).parent_path();
      if (fs::exists(above / manifest_name, ignored)) {
        read_manifest(above);
        if (manifest_->database != out_.database) manifest_.reset();
      }
      return;
    }
    if (is_listed(names, std::string(manifest_name))) {
      read_manifest(root_);
      out_.database = manifest_->database;
    } else {
      std::vector<std::string> databases;
      for (const auto& name : names) {
        if (fs::is_directory(root_ / name, ignored)) databases.push_back(name);
      }
      if (databases.empty())
        throw StoreError(ErrorCode::not_found,
                         root_.string() + " holds no backup: no folder with .bson files");
      if (databases.size() == 1) {
        out_.database = databases.front();
      } else if (is_listed(databases, wanted_)) {
        out_.database = wanted_;
      } else {
        throw StoreError(ErrorCode::invalid_argument,
                         root_.string() + " holds several databases, none named \"" + wanted_ +
                             "\"; give the folder of one, " + (root_ / databases[0]).string());
      }
    }
    folder_ = root_ / out_.database;
    if (!fs::is_directory(folder_, ignored))
      throw StoreError(ErrorCode::corrupt, "the folder " + folder_.string() + " is missing");
  }

  void read_manifest(const fs::path& where) {
    InputFile file(where / manifest_name);
    manifest_ = Manifest::parse(read_all(file));
    manifest_root_ = where;
  }

  void find_files() {
    for (const auto& name : names_in(folder_)) {
      const auto metadata = stem(name, ".metadata.json");
      const auto data = metadata ? std::nullopt : stem(name, ".bson");
      if (!metadata && !data) continue;  // prelude.json and what others keep beside
      auto& files = files_[metadata ? *metadata : *data];
      fs::path& path = metadata ? files.metadata : files.data;
      if (!path.empty())
        throw StoreError(ErrorCode::corrupt, folder_.string() + " has both " +
                                                 path.filename().string() + " and " + name);
      path = folder_ / name;
    }
  }

  /// Each file of one is a file of the other. Their bytes are compared where they are read.
  void check_against_manifest() {
    for (const auto& one : manifest_->collections) {
      for (const auto* file : {&one.metadata, one.data ? &*one.data : nullptr}) {
        if (file == nullptr) continue;
        const fs::path path = manifest_root_ / file->path;
        std::error_code ignored;
        if (!fs::is_regular_file(path, ignored))
          throw StoreError(ErrorCode::corrupt, path.string() + " is missing");
        sums_[fs::absolute(path).lexically_normal().string()] = file->sum;
      }
    }
    for (const auto& [name, files] : files_) {
      for (const auto* path : {&files.data, &files.metadata}) {
        if (!path->empty() && sum_for(*path) == nullptr)
          throw StoreError(ErrorCode::corrupt,
                           path->string() + " is not in " + std::string(manifest_name));
      }
    }
  }

  const FileSum* sum_for(const fs::path& path) const {
    const auto found = sums_.find(fs::absolute(path).lexically_normal().string());
    return found == sums_.end() ? nullptr : &found->second;
  }

  void check_sum(const fs::path& path, const FileSum& sum) const {
    if (!manifest_) return;
    const FileSum* expected = sum_for(path);
    if (expected != nullptr && !(*expected == sum))
      throw StoreError(ErrorCode::corrupt,
                       path.string() + " is altered: it has " + std::to_string(sum.size) +
                           " bytes with the checksum " + sum.hash + ", the manifest says " +
                           std::to_string(expected->size) + " and " + expected->hash);
  }

  void add(const std::string& file_name, const Files& files,
           std::map<std::string, FolderItem>& items) {
    FolderItem item;
    Metadata metadata;
    if (!files.metadata.empty()) {
      InputFile file(files.metadata);
      const std::string text = read_all(file);
      check_sum(files.metadata, file.sum());
      metadata = Metadata::parse(text, files.metadata.string());
    } else if (is_cut_off(file_name)) {
      throw StoreError(ErrorCode::corrupt, files.data.string() +
                                               ": the collection's name is cut off, and the "
                                               "metadata file that has it is missing");
    }
    std::string name = is_cut_off(file_name) ? metadata.name : collection_of(file_name);
    if (name.empty())
      throw StoreError(ErrorCode::corrupt, files.metadata.string() + " names no collection");
    if (name.starts_with(buckets_prefix)) {
      // The documents of a time series; its metadata stands under its own name.
      if (files.data.empty()) return;
      name.erase(0, buckets_prefix.size());
      if (!wanted(name)) return;
      auto& of = items[name];
      of.saved.name = name;
      of.data = files.data;
      of.buckets = true;
      return;
    }
    if (name.starts_with("$") || is_never_saved(name)) {
      if (wanted(name))
        out_.left_out.push_back(name + ": belongs to a server or to a running migration");
      return;
    }
    if (!wanted(name)) return;
    auto& of = items[name];
    of.saved.name = name;
    of.metadata = files.metadata;
    of.options = cleaned(metadata.options);
    of.saved.type = metadata.type.empty() ? "collection" : metadata.type;
    of.saved.indexes = static_cast<std::int64_t>(metadata.indexes.size());
    for (const auto& index : metadata.indexes) {
      if (index["name"].as_string() != "_id_" && !index.contains("clustered"))
        of.indexes.push_back(cleaned(index));
    }
    if (of.saved.type == "view") {
      if (!files.data.empty())
        throw StoreError(ErrorCode::corrupt, files.data.string() + " has documents of a view");
      return;
    }
    if (!of.buckets) of.data = files.data;
  }

  /// Without what old servers wrote into options and indexes and new ones refuse.
  static bson::Document cleaned(bson::View options) {
    bson::Writer w;
    for (const auto& field : options) {
      if (field.key != "ns" && field.key != "create" && field.key != "autoIndexId" &&
          field.key != "flags")
        w.append_raw(field);
    }
    return w.finish();
  }

  [[nodiscard]] bool wanted(const std::string& name) const {
    return options_.collections.empty() || is_listed(options_.collections, name);
  }

  void check_data(FolderItem& item) {
    if (item.buckets && item.saved.type != "timeseries")
      throw StoreError(ErrorCode::corrupt, item.data.string() +
                                               " has buckets of a time series, but there is no "
                                               "metadata file of one \"" +
                                               item.saved.name + "\"");
    const ManifestCollection* listed = nullptr;
    if (manifest_) {
      for (const auto& one : manifest_->collections) {
        if (one.saved.name == item.saved.name) listed = &one;
      }
      if (listed == nullptr)
        throw StoreError(ErrorCode::corrupt,
                         "\"" + item.saved.name + "\" is not in " + std::string(manifest_name));
    }
    if (!item.data.empty()) read_data(item, listed == nullptr ? 0 : listed->saved.documents);
    if (listed != nullptr && (listed->saved.documents != item.saved.documents ||
                              listed->saved.bytes != item.saved.bytes))
      throw StoreError(ErrorCode::corrupt, "\"" + item.saved.name + "\" has " +
                                               std::to_string(item.saved.documents) +
                                               " documents, the manifest says " +
                                               std::to_string(listed->saved.documents));
  }

  void read_data(FolderItem& item, std::int64_t total) {
    DocumentReader reader(item.data);
    const auto tell = [&] {
      if (options_.stop.stop_requested()) throw Stopped{};
      if (options_.progress)
        options_.progress(
            {item.saved.name, "check", item.saved.documents, total, item.saved.bytes});
    };
    tell();
    try {
      while (const auto document = reader.next()) {
        item.saved.bytes += static_cast<std::int64_t>(document->size());
        if (++item.saved.documents % report_each == 0) tell();
      }
    } catch (const StoreError& error) {
      if (manifest_ && error.code() == ErrorCode::corrupt) {
        const FileSum* expected = sum_for(item.data);
        std::error_code ignored;
        const auto size = fs::file_size(item.data, ignored);
        if (expected != nullptr && static_cast<std::int64_t>(size) != expected->size)
          throw StoreError(ErrorCode::corrupt,
                           error.detail() + "; the file has " + std::to_string(size) +
                               " bytes, the manifest says " + std::to_string(expected->size));
      }
      throw;
    }
    tell();
    check_sum(item.data, reader.sum());
  }

  fs::path root_;
  const std::string& wanted_;
  const RestoreOptions& options_;
  fs::path folder_, manifest_root_;
  std::optional<Manifest> manifest_;
  std::map<std::string, Files> files_;
  std::map<std::string, FileSum> sums_;
  Folder out_;
};

}  // namespace

bool is_never_saved(std::string_view collection) noexcept {
  return collection.starts_with("system.") || collection == "_quire_lock" ||
         collection == "_quire_copy" || collection == "_quire_probe" ||
         collection == "_quire_restore_probe";
}

std::optional<bson::View> DocumentReader::next() {
  bytes_.resize(4);
  const std::size_t head = file_.read(bytes_.data(), 4);
  if (head == 0) return std::nullopt;
  if (head < 4) fail("the file ends within a document's length");
  const auto size = bson::load<std::uint32_t>(bytes_.data());
  if (size < 5 || size > most_document_bytes)
    fail("no document: a length of " + std::to_string(size) + " bytes");
  bytes_.resize(size);
  if (file_.read(bytes_.data() + 4, size - 4) != size - 4)
    fail("the file ends within a document of " + std::to_string(size) + " bytes");
  try {
    const bson::View document(bytes_.data(), bytes_.size());
    bson::ValidateOptions options;
    options.utf8 = false;  // a server stores such text, and gives it back
    options.max_bytes = most_document_bytes;
    bson::validate(document, options);
    offset_ += size;
    return document;
  } catch (const Error& error) {
    fail(std::string("no document: ") + error.what());
  }
}

void DocumentReader::fail(const std::string& why) const {
  throw StoreError(ErrorCode::corrupt,
                   file_.path().string() + ", offset " + std::to_string(offset_) + ": " + why);
}

Folder read_folder(const std::filesystem::path& folder, const std::string& wanted,
                   const RestoreOptions& options) {
  return FolderReader(folder, wanted, options).read();
}

}  // namespace quire::backup
