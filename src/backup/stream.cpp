#include "backup/stream.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#define XXH_INLINE_ALL
#include <xxhash.h>
#ifdef QUIRE_WITH_ZLIB
#include <zlib.h>
#endif

#include "quire/backup/backup.hpp"
#include "quire/core/error.hpp"

namespace quire::backup {
namespace {

constexpr std::size_t buffer_bytes = 256 * 1024;
constexpr std::size_t most_text = 64 * 1024 * 1024;

std::string hex(XXH128_hash_t hash) {
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  return text;
}

struct FreeState {
  void operator()(XXH3_state_t* state) const noexcept { XXH3_freeState(state); }
};

class Summer {
 public:
  Summer() : state_(XXH3_createState()) {
    if (state_ == nullptr) throw std::bad_alloc();
    XXH3_128bits_reset(state_.get());
  }
  void add(const void* bytes, std::size_t size) {
    XXH3_128bits_update(state_.get(), bytes, size);
    size_ += static_cast<std::int64_t>(size);
  }
  [[nodiscard]] FileSum sum() const { return {size_, hex(XXH3_128bits_digest(state_.get()))}; }

 private:
  std::unique_ptr<XXH3_state_t, FreeState> state_;
  std::int64_t size_ = 0;
};

#ifdef QUIRE_WITH_ZLIB
[[noreturn]] void fail_stream(const std::filesystem::path& path) {
  throw StoreError(ErrorCode::corrupt,
                   path.string() + " is cut off or altered: its gzip stream is wrong");
}
#else
[[noreturn]] void fail_gzip(const std::filesystem::path& path) {
  throw StoreError(ErrorCode::unsupported, path.string() +
                                               ": this quire was built without zlib, so it reads "
                                               "and writes no gzip");
}
#endif

}  // namespace

FileSum sum_of(const void* bytes, std::size_t size) {
  return {static_cast<std::int64_t>(size), hex(XXH3_128bits(bytes, size))};
}

bool has_gzip() noexcept {
#ifdef QUIRE_WITH_ZLIB
  return true;
#else
  return false;
#endif
}

void fail_io(const char* what, const std::filesystem::path& path) {
  const int error = errno;
  const bool full = error == ENOSPC || error == EDQUOT;
  throw StoreError(full ? ErrorCode::disk_full : ErrorCode::io_error,
                   std::string(what) + " " + path.string() + ": " + std::strerror(error), error);
}

void sync_folder(const std::filesystem::path& path) {
  const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) fail_io("cannot open", path);
  // Some file systems cannot sync a folder and say EINVAL.
  const bool failed = ::fsync(folder) != 0 && errno != EINVAL;
  const int error = errno;
  ::close(folder);
  errno = error;
  if (failed) fail_io("cannot sync", path);
}

struct OutputFile::Impl {
  std::filesystem::path path;
  int file = -1;
  Summer sum;
  std::vector<std::uint8_t> held;
#ifdef QUIRE_WITH_ZLIB
  bool gzip = false;
  z_stream zip{};
#endif

  ~Impl() {
#ifdef QUIRE_WITH_ZLIB
    if (gzip) deflateEnd(&zip);
#endif
    if (file >= 0) ::close(file);
  }

  void put(const std::uint8_t* bytes, std::size_t size) {
    sum.add(bytes, size);
    while (size > 0) {
      const auto n = ::write(file, bytes, size);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) fail_io("cannot write", path);
      bytes += n;
      size -= static_cast<std::size_t>(n);
    }
  }

#ifdef QUIRE_WITH_ZLIB
  void deflate_held(int flush) {
    std::uint8_t out[64 * 1024];
    zip.next_in = held.data();
    zip.avail_in = static_cast<uInt>(held.size());
    do {
      zip.next_out = out;
      zip.avail_out = sizeof out;
      (void)deflate(&zip, flush);
      put(out, sizeof out - zip.avail_out);
    } while (zip.avail_out == 0);
    held.clear();
  }
#endif

  void flush(bool last) {
#ifdef QUIRE_WITH_ZLIB
    if (gzip) return deflate_held(last ? Z_FINISH : Z_NO_FLUSH);
#endif
    (void)last;
    put(held.data(), held.size());
    held.clear();
  }
};

OutputFile::OutputFile(std::filesystem::path path, bool gzip) : impl_(std::make_unique<Impl>()) {
  impl_->path = std::move(path);
  impl_->held.reserve(buffer_bytes);
  if (gzip) {
#ifdef QUIRE_WITH_ZLIB
    // 15 + 16: the largest window, in gzip's own frame.
    if (deflateInit2(&impl_->zip, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8,
                     Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::bad_alloc();
    impl_->gzip = true;
#else
    fail_gzip(impl_->path);
#endif
  }
  impl_->file = ::open(impl_->path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (impl_->file < 0) fail_io("cannot create", impl_->path);
}

OutputFile::~OutputFile() = default;

void OutputFile::write(const void* bytes, std::size_t size) {
  const auto* from = static_cast<const std::uint8_t*>(bytes);
  if (impl_->held.size() + size > buffer_bytes && !impl_->held.empty()) impl_->flush(false);
  impl_->held.insert(impl_->held.end(), from, from + size);
}

FileSum OutputFile::finish() {
  impl_->flush(true);
  if (::fsync(impl_->file) != 0) fail_io("cannot sync", impl_->path);
  const int file = impl_->file;
  impl_->file = -1;
  if (::close(file) != 0) fail_io("cannot close", impl_->path);
  return impl_->sum.sum();
}

struct InputFile::Impl {
  std::filesystem::path path;
  int file = -1;
  Summer sum;
  std::vector<std::uint8_t> held = std::vector<std::uint8_t>(buffer_bytes);
  std::size_t at = 0;
  std::size_t end = 0;
#ifdef QUIRE_WITH_ZLIB
  bool gzip = false;
  bool whole = false;  ///< a stream has ended, and no other has begun
  z_stream zip{};
#endif

  ~Impl() {
#ifdef QUIRE_WITH_ZLIB
    if (gzip) inflateEnd(&zip);
#endif
    if (file >= 0) ::close(file);
  }

  /// False at the end of the file.
  bool fill() {
    at = end = 0;
    while (true) {
      const auto n = ::read(file, held.data(), held.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) fail_io("cannot read", path);
      end = static_cast<std::size_t>(n);
      sum.add(held.data(), end);
      return n > 0;
    }
  }

#ifdef QUIRE_WITH_ZLIB
  std::size_t inflate_some(std::uint8_t* to, std::size_t size) {
    zip.next_out = to;
    zip.avail_out = static_cast<uInt>(size);
    while (zip.avail_out > 0) {
      if (at == end && !fill()) {
        if (!whole) fail_stream(path);
        break;
      }
      if (whole) {  // streams may stand one behind the other
        inflateReset(&zip);
        whole = false;
      }
      zip.next_in = held.data() + at;
      zip.avail_in = static_cast<uInt>(end - at);
      const int result = inflate(&zip, Z_NO_FLUSH);
      at = end - zip.avail_in;
      if (result == Z_STREAM_END) {
        whole = true;
      } else if (result != Z_OK && result != Z_BUF_ERROR) {
        fail_stream(path);
      }
    }
    return size - zip.avail_out;
  }
#endif

  std::size_t read_some(std::uint8_t* to, std::size_t size) {
#ifdef QUIRE_WITH_ZLIB
    if (gzip) return inflate_some(to, size);
#endif
    std::size_t done = 0;
    while (done < size) {
      if (at == end && !fill()) break;
      const std::size_t n = std::min(size - done, end - at);
      std::memcpy(to + done, held.data() + at, n);
      at += n;
      done += n;
    }
    return done;
  }
};

InputFile::InputFile(std::filesystem::path path) : impl_(std::make_unique<Impl>()) {
  impl_->path = std::move(path);
  if (impl_->path.extension() == ".gz") {
#ifdef QUIRE_WITH_ZLIB
    if (inflateInit2(&impl_->zip, 15 + 16) != Z_OK) throw std::bad_alloc();
    impl_->gzip = true;
#else
    fail_gzip(impl_->path);
#endif
  }
  impl_->file = ::open(impl_->path.c_str(), O_RDONLY | O_CLOEXEC);
  if (impl_->file < 0) fail_io("cannot open", impl_->path);
}

InputFile::~InputFile() = default;

std::size_t InputFile::read(void* bytes, std::size_t size) {
  return impl_->read_some(static_cast<std::uint8_t*>(bytes), size);
}

FileSum InputFile::sum() const { return impl_->sum.sum(); }

const std::filesystem::path& InputFile::path() const noexcept { return impl_->path; }

std::string read_all(InputFile& file) {
  std::string out;
  char part[64 * 1024];
  while (true) {
    const std::size_t n = file.read(part, sizeof part);
    out.append(part, n);
    if (n < sizeof part) return out;
    if (out.size() > most_text)
      throw StoreError(ErrorCode::corrupt, file.path().string() + " is larger than 64 MiB");
  }
}

}  // namespace quire::backup
