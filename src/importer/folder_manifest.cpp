#include "importer/folder_manifest.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <sstream>

#include "backup/stream.hpp"
#include "core/sha256.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::importer {
namespace {

namespace fs = std::filesystem;

bson::Value path_value(const std::string& path) {
  if (bson::is_utf8(path)) return path;
  const auto* data = reinterpret_cast<const std::uint8_t*>(path.data());
  return bson::Binary{{data, data + path.size()}, bson::BinarySubtype::generic};
}

std::string path_of(bson::ValueView value) {
  if (value.is_string()) return std::string(value.as_string());
  const auto binary = value.as_binary();
  return {reinterpret_cast<const char*>(binary.data), binary.size};
}

void add_line(std::string& out, bson::View document) {
  out += bson::to_json(document, bson::JsonMode::relaxed);
  out += '\n';
}

std::string hex(const std::array<std::uint8_t, 32>& digest) {
  std::string out;
  for (const std::uint8_t byte : digest) {
    out.push_back("0123456789abcdef"[byte >> 4]);
    out.push_back("0123456789abcdef"[byte & 15]);
  }
  return out;
}

std::string sha256_of(std::string_view text) {
  return sha256_hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

/// A path of the manifest must not lead out of the folder.
bool is_below(const std::string& path) {
  if (path.empty() || path.front() == '/' || path.find('\0') != path.npos) return false;
  for (const fs::path& part : fs::path(path)) {
    if (part == ".." || part == "." || part.empty()) return false;
  }
  return true;
}

std::int64_t whole(bson::ValueView value) {
  return value.type() == bson::Type::int32 ? value.as_int32() : value.as_int64();
}

class Handle {
 public:
  Handle(const fs::path& path, int flags, mode_t mode) : file_(::open(path.c_str(), flags, mode)) {
    if (file_ < 0) backup::fail_io("cannot open", path);
  }
  ~Handle() { ::close(file_); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  [[nodiscard]] int get() const noexcept { return file_; }

 private:
  int file_;
};

void write_all(int file, const std::uint8_t* bytes, std::size_t size, const fs::path& path) {
  while (size > 0) {
    const auto n = ::write(file, bytes, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) backup::fail_io("cannot write", path);
    bytes += n;
    size -= static_cast<std::size_t>(n);
  }
}

}  // namespace

std::int64_t FolderManifest::bytes() const noexcept {
  std::int64_t sum = 0;
  for (const CopiedFile& file : files) sum += file.size;
  return sum;
}

std::string FolderManifest::text() const {
  std::string out;
  add_line(out, bson::make_document("schema", "quire.files/1", "source", path_value(source)));
  for (const std::string& folder : folders)
    add_line(out, bson::make_document("folder", path_value(folder)));
  for (const CopiedFile& file : files)
    add_line(out, bson::make_document("path", path_value(file.path), "size", file.size, "modified",
                                      file.modified, "mode", file.mode, "sha256", file.sha256));
  const std::string sum = sha256_of(out);
  add_line(out, bson::make_document("files", static_cast<std::int64_t>(files.size()), "bytes",
                                    bytes(), "sha256", sum));
  return out;
}

FolderManifest FolderManifest::read(const fs::path& backup) {
  const fs::path path = backup / folder_manifest_name;
  const auto corrupt = [&](const std::string& why) {
    return StoreError(ErrorCode::corrupt, path.string() + ": " + why);
  };
  std::ifstream in(path, std::ios::binary);
  if (!in)
    throw StoreError(ErrorCode::not_found, backup.string() + " is no copy of a folder: it has no " +
                                               std::string(folder_manifest_name));
  std::stringstream all;
  all << in.rdbuf();
  const std::string text = std::move(all).str();
  if (!text.ends_with('\n')) throw corrupt("its end is missing");
  const std::size_t last = text.rfind('\n', text.size() - 2) + 1;  // npos + 1 = 0
  FolderManifest out;
  try {
    const bson::Document sum = bson::from_json(std::string_view(text).substr(last));
    if (sum["sha256"].as_string() != sha256_of(std::string_view(text).substr(0, last)))
      throw corrupt("its lines are not those that were written");
    for (std::size_t at = 0; at < last;) {
      const std::size_t end = text.find('\n', at);
      const bson::Document line = bson::from_json(std::string_view(text).substr(at, end - at));
      if (at == 0) {
        if (line["schema"].as_string() != "quire.files/1")
          throw StoreError(ErrorCode::unsupported, path.string() + ": of a later quire");
        out.source = path_of(line["source"]);
      } else if (const auto folder = line.find("folder")) {
        out.folders.push_back(path_of(*folder));
        if (!is_below(out.folders.back())) throw corrupt("a path that leads out of it");
      } else {
        out.files.push_back({path_of(line["path"]), whole(line["size"]), whole(line["modified"]),
                             line["mode"].as_int32(), std::string(line["sha256"].as_string())});
        if (!is_below(out.files.back().path)) throw corrupt("a path that leads out of it");
      }
      at = end + 1;
    }
    if (whole(sum["files"]) != static_cast<std::int64_t>(out.files.size()) ||
        whole(sum["bytes"]) != out.bytes())
      throw corrupt("lines are missing");
  } catch (const FormatError& error) {
    throw corrupt(error.what());
  } catch (const MappingError& error) {
    throw corrupt(error.what());
  }
  return out;
}

CopiedFile sum_file(const fs::path& from, const fs::path& to) {
  const Handle in(from, O_RDONLY | O_CLOEXEC, 0);
  struct ::stat about{};
  if (::fstat(in.get(), &about) != 0) backup::fail_io("cannot look at", from);
  std::optional<Handle> out;
  if (!to.empty()) out.emplace(to, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  CopiedFile file;
  file.modified = std::int64_t{about.st_mtim.tv_sec} * 1'000'000'000 + about.st_mtim.tv_nsec;
  file.mode = static_cast<std::int32_t>(about.st_mode & 0777U);
  Sha256 sha;
  std::vector<std::uint8_t> block(256 * 1024);
  while (true) {
    const auto n = ::read(in.get(), block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) backup::fail_io("cannot read", from);
    if (n == 0) break;
    const auto size = static_cast<std::size_t>(n);
    sha.update({block.data(), size});
    if (out) write_all(out->get(), block.data(), size, to);
    file.size += n;
  }
  file.sha256 = hex(sha.finish());
  if (!out) return file;
  const std::array<::timespec, 2> times{about.st_mtim, about.st_mtim};
  if (::fchmod(out->get(), about.st_mode & 0777U) != 0 ||
      ::futimens(out->get(), times.data()) != 0 || ::fsync(out->get()) != 0)
    backup::fail_io("cannot sync", to);
  return file;
}

}  // namespace quire::importer
