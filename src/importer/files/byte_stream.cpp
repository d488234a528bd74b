#include "importer/files/byte_stream.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include "quire/core/error.hpp"

#ifdef QUIRE_WITH_ZLIB
#include <zlib.h>
#endif
#ifdef QUIRE_WITH_ZSTD
#include <zstd.h>
#endif

namespace quire::importer::files {
namespace {

constexpr std::size_t block_bytes = 256 * 1024;

class PlainFile final : public ByteStream {
 public:
  explicit PlainFile(const std::filesystem::path& path)
      : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (file_ < 0) throw Damaged{std::string("cannot be opened: ") + std::strerror(errno)};
  }
  ~PlainFile() override { ::close(file_); }

  std::size_t read(char* to, std::size_t size) override {
    while (true) {
      const auto n = ::read(file_, to, size);
      if (n >= 0) return static_cast<std::size_t>(n);
      if (errno != EINTR) throw Damaged{std::string("cannot be read: ") + std::strerror(errno)};
    }
  }
  bool seek(std::uint64_t offset) override {
    return ::lseek(file_, static_cast<off_t>(offset), SEEK_SET) >= 0;
  }

 private:
  int file_;
};

/// What both decompressors share: a block of the file, and a failure that waits until what came
/// before it is given away.
class Decompressor : public ByteStream {
 public:
  explicit Decompressor(const std::filesystem::path& path) : file_(path) {}
  bool seek(std::uint64_t) override { return false; }

  std::size_t read(char* to, std::size_t size) override {
    if (failure_) throw Damaged{*failure_};
    std::size_t done = 0;
    try {
      while (done == 0) {
        const bool held_back = full_ && !whole_;  // output that did not fit the last time
        if (at_ == end_ && !held_back && !fill()) {
          if (!whole_ && begun_) throw Damaged{std::string("the ") + name() + " data is cut off"};
          return 0;
        }
        begun_ = true;
        done = some(to, size);
        full_ = done == size;
      }
    } catch (const Damaged& damaged) {
      failure_ = damaged.why;
      if (done == 0) throw;
    }
    return done;
  }

 protected:
  [[nodiscard]] virtual const char* name() const = 0;
  /// Decompresses what it can; may be nothing. Sets failure_ where the bytes are wrong.
  [[nodiscard]] virtual std::size_t some(char* to, std::size_t size) = 0;
  [[nodiscard]] std::size_t fail(std::size_t done, const char* why) {
    failure_ = std::string("the ") + name() + " data is damaged near its byte " +
               std::to_string(read_ - (end_ - at_)) + ": " + (why != nullptr ? why : "not valid");
    if (done == 0) throw Damaged{*failure_};
    return done;
  }

  std::vector<char> block_ = std::vector<char>(block_bytes);
  std::size_t at_ = 0, end_ = 0;
  bool whole_ = false;  ///< a stream has ended, and no other has begun

 private:
  bool fill() {
    at_ = 0;
    end_ = file_.read(block_.data(), block_.size());
    read_ += end_;
    return end_ > 0;
  }
  PlainFile file_;
  bool full_ = false;
  bool begun_ = false;  ///< an empty file has nothing in it
  std::uint64_t read_ = 0;
  std::optional<std::string> failure_;
};

#ifdef QUIRE_WITH_ZLIB
class GzipFile final : public Decompressor {
 public:
  explicit GzipFile(const std::filesystem::path& path) : Decompressor(path) {
    if (inflateInit2(&zip_, 15 + 16) != Z_OK) throw std::bad_alloc();
  }
  ~GzipFile() override { inflateEnd(&zip_); }

 private:
  const char* name() const override { return "gzip"; }
  std::size_t some(char* to, std::size_t size) override {
    if (whole_) {  // streams may stand one behind the other
      inflateReset(&zip_);
      whole_ = false;
    }
    zip_.next_in = reinterpret_cast<Bytef*>(block_.data() + at_);
    zip_.avail_in = static_cast<uInt>(end_ - at_);
    zip_.next_out = reinterpret_cast<Bytef*>(to);
    zip_.avail_out = static_cast<uInt>(size);
    const int result = inflate(&zip_, Z_NO_FLUSH);
    at_ = end_ - zip_.avail_in;
    const std::size_t done = size - zip_.avail_out;
    if (result == Z_STREAM_END) whole_ = true;
    if (result != Z_STREAM_END && result != Z_OK && result != Z_BUF_ERROR)
      return fail(done, zip_.msg);
    return done;
  }
  z_stream zip_{};
};
#endif

#ifdef QUIRE_WITH_ZSTD
class ZstdFile final : public Decompressor {
 public:
  explicit ZstdFile(const std::filesystem::path& path)
      : Decompressor(path), zip_(ZSTD_createDStream()) {
    if (zip_ == nullptr) throw std::bad_alloc();
  }
  ~ZstdFile() override { ZSTD_freeDStream(zip_); }

 private:
  const char* name() const override { return "zstd"; }
  std::size_t some(char* to, std::size_t size) override {
    ZSTD_inBuffer in{block_.data(), end_, at_};
    ZSTD_outBuffer out{to, size, 0};
    const std::size_t result = ZSTD_decompressStream(zip_, &out, &in);
    at_ = in.pos;
    if (ZSTD_isError(result) != 0) return fail(out.pos, ZSTD_getErrorName(result));
    whole_ = result == 0;
    return out.pos;
  }
  ZSTD_DStream* zip_;
};
#endif

[[maybe_unused, noreturn]] void lacks(const std::filesystem::path& path, const char* what) {
  throw ImportError(ErrorCode::invalid_source, "this quire was built without " + std::string(what) +
                                                   ", which " + path.string() + " needs");
}

}  // namespace

std::unique_ptr<ByteStream> open_bytes(const std::filesystem::path& path) {
  if (path.extension() == ".gz") {
#ifdef QUIRE_WITH_ZLIB
    return std::make_unique<GzipFile>(path);
#else
    lacks(path, "zlib (Debian: zlib1g-dev)");
#endif
  }
  if (path.extension() == ".zst") {
#ifdef QUIRE_WITH_ZSTD
    return std::make_unique<ZstdFile>(path);
#else
    lacks(path, "zstd (Debian: libzstd-dev)");
#endif
  }
  return std::make_unique<PlainFile>(path);
}

std::string without_compression(const std::string& file_name) {
  for (const std::string_view ending : {".gz", ".zst"}) {
    if (file_name.ends_with(ending)) return file_name.substr(0, file_name.size() - ending.size());
  }
  return file_name;
}

}  // namespace quire::importer::files
