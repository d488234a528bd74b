#include <algorithm>
#include <chrono>
#include <fstream>
#include <set>

#include "backup/stream.hpp"
#include "importer/folder_manifest.hpp"
#include "quire/core/error.hpp"
#include "quire/importer/files.hpp"

namespace quire::importer {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Listed {
  std::vector<std::string> folders, files;  ///< below the folder, in order
  std::vector<std::string> left_out;
};

Listed list(const fs::path& folder) {
  Listed out;
  std::error_code failed;
  fs::recursive_directory_iterator it(folder, failed);
  for (; !failed && it != fs::recursive_directory_iterator(); it.increment(failed)) {
    const std::string name = it->path().lexically_relative(folder).string();
    std::error_code ignored;
    const fs::file_status status = it->symlink_status(ignored);
    if (fs::is_directory(status)) {
      out.folders.push_back(name);
    } else if (fs::is_regular_file(status)) {
      out.files.push_back(name);
    } else {
      out.left_out.push_back(name + (fs::is_symlink(status) ? ": a link" : ": no file"));
    }
  }
  if (failed)
    throw StoreError(ErrorCode::io_error,
                     folder.string() + " cannot be listed: " + failed.message());
  for (auto* names : {&out.folders, &out.files, &out.left_out})
    std::sort(names->begin(), names->end());
  return out;
}

/// Without a slash at the end, so that NAME.part is beside it.
fs::path clean(const fs::path& path) {
  const fs::path whole = fs::absolute(path).lexically_normal();
  return whole.has_filename() ? whole : whole.parent_path();
}

void need_folder(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored))
    throw StoreError(ErrorCode::not_found, path.string() + " is no folder");
}

/// Runs `work` on the new folder TO.part, which then becomes TO.
template <class Work>
void as_a_whole(const fs::path& to, Work work) {
  const fs::path part = to.string() + ".part";
  try {
    fs::remove_all(part);  // of a run that was killed
    fs::create_directories(part);
    work(part);
    std::vector<fs::path> folders{part};
    for (const auto& one : fs::recursive_directory_iterator(part)) {
      if (one.is_directory()) folders.push_back(one.path());
    }
    for (const fs::path& folder : folders) backup::sync_folder(folder);
    fs::rename(part, to);
    backup::sync_folder(to.parent_path());
  } catch (const fs::filesystem_error& error) {
    std::error_code ignored;
    fs::remove_all(part, ignored);
    throw StoreError(
        error.code() == std::errc::no_space_on_device ? ErrorCode::disk_full : ErrorCode::io_error,
        error.what());
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(part, ignored);
    throw;
  }
}

bool is_within(const fs::path& path, const fs::path& folder) {
  const fs::path below = path.lexically_relative(folder);
  return !below.empty() && *below.begin() != "..";
}

/// A file that is written to while it is copied is no copy of any moment.
CopiedFile copy_steady(const fs::path& from, const fs::path& to) {
  constexpr int attempts = 3;
  for (int n = 0; n < attempts; ++n) {
    const auto changed = fs::last_write_time(from);
    const CopiedFile file = sum_file(from, to);
    if (fs::last_write_time(from) == changed &&
        fs::file_size(from) == static_cast<std::uintmax_t>(file.size))
      return file;
    fs::remove(to);
  }
  throw ImportError(
      ErrorCode::source_changed,
      from.string() + " changes while it is copied; stop what writes it, and run again");
}

}  // namespace

FolderCopy backup_folder(const fs::path& from, const fs::path& to, const FilesProgress& progress) {
  const auto start = Clock::now();
  const fs::path source = clean(from);
  const fs::path target = clean(to);
  need_folder(source);
  if (fs::exists(target))
    throw StoreError(ErrorCode::invalid_argument,
                     target.string() + " is there already; give the name of a new folder");
  if (is_within(target, source))
    throw StoreError(ErrorCode::invalid_argument,
                     target.string() + " lies within the folder that is copied");
  FolderCopy out;
  out.folder = target.string();
  as_a_whole(target, [&](const fs::path& part) {
    Listed listed = list(source);
    FolderManifest manifest{source.string(), std::move(listed.folders), {}};
    const fs::path files = part / folder_files_name;
    fs::create_directories(files);
    for (const std::string& folder : manifest.folders) fs::create_directories(files / folder);
    for (const std::string& name : listed.files) {
      CopiedFile file = copy_steady(source / name, files / name);
      file.path = name;
      out.bytes += file.size;
      manifest.files.push_back(std::move(file));
      if (progress)
        progress(static_cast<std::int64_t>(manifest.files.size()),
                 static_cast<std::int64_t>(listed.files.size()));
    }
    backup::OutputFile written(part / folder_manifest_name, false);
    const std::string text = manifest.text();
    written.write(text.data(), text.size());
    (void)written.finish();
    out.files = static_cast<std::int64_t>(manifest.files.size());
    out.left_out = std::move(listed.left_out);
  });
  out.seconds = since(start);
  return out;
}

FolderVerification verify_folder_backup(const fs::path& backup, const fs::path& against,
                                        const FilesProgress& progress) {
  const auto start = Clock::now();
  const FolderManifest manifest = FolderManifest::read(backup);
  FolderVerification out;
  out.files = static_cast<std::int64_t>(manifest.files.size());
  out.bytes = manifest.bytes();
  const auto compare = [&](const fs::path& folder, const std::string& where) {
    need_folder(folder);
    std::set<std::string> expected;
    for (const CopiedFile& file : manifest.files) {
      expected.insert(file.path);
      if (progress) progress(static_cast<std::int64_t>(expected.size()), out.files);
      const fs::path path = folder / file.path;
      if (!fs::exists(path)) {
        out.problems.push_back(file.path + ": is missing" + where);
      } else if (sum_file(path, {}).sha256 != file.sha256) {
        out.problems.push_back(file.path + ": other bytes than when it was copied" + where);
      }
    }
    for (const std::string& name : list(folder).files) {
      if (!expected.contains(name)) out.problems.push_back(name + ": is new" + where);
    }
  };
  compare(backup / folder_files_name, "");
  if (!against.empty()) compare(against, " in " + against.string());
  out.seconds = since(start);
  return out;
}

FolderCopy restore_folder(const fs::path& backup, const fs::path& to,
                          const FilesProgress& progress) {
  const auto start = Clock::now();
  const fs::path target = clean(to);
  if (fs::exists(target) && (!fs::is_directory(target) || !fs::is_empty(target)))
    throw StoreError(ErrorCode::invalid_argument,
                     target.string() + " holds something; restore into a new folder, then rename");
  const FolderVerification verified = verify_folder_backup(backup, {}, progress);
  if (!verified.ok())
    throw StoreError(ErrorCode::corrupt,
                     backup.string() + " is not whole: " + verified.problems.front() + ", and " +
                         std::to_string(verified.problems.size() - 1) +
                         " more; nothing was restored");
  const FolderManifest manifest = FolderManifest::read(backup);
  FolderCopy out;
  out.folder = target.string();
  as_a_whole(target, [&](const fs::path& part) {
    for (const std::string& folder : manifest.folders) fs::create_directories(part / folder);
    for (const CopiedFile& file : manifest.files) {
      fs::create_directories((part / file.path).parent_path());
      if (sum_file(backup / folder_files_name / file.path, part / file.path).sha256 != file.sha256)
        throw StoreError(ErrorCode::corrupt, file.path + " changed while it was restored");
      out.bytes += file.size;
      ++out.files;
      if (progress) progress(out.files, static_cast<std::int64_t>(manifest.files.size()));
    }
  });
  out.seconds = since(start);
  return out;
}

}  // namespace quire::importer
