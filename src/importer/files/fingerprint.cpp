#define XXH_INLINE_ALL
#include <fcntl.h>
#include <unistd.h>
#include <xxhash.h>

#include <array>
#include <vector>

#include "importer/files/files_source.hpp"

namespace quire::importer::files {
namespace {

constexpr std::int64_t small_file = 1024 * 1024;
constexpr std::int64_t end_bytes = 64 * 1024;

void add(XXH3_state_t& state, std::string_view bytes) {
  XXH3_128bits_update(&state, bytes.data(), bytes.size());
}
void add(XXH3_state_t& state, std::int64_t number) {
  XXH3_128bits_update(&state, &number, sizeof number);
}

/// Bytes of a file from an offset, as far as they can be read.
void add_part(XXH3_state_t& state, int file, std::int64_t offset, std::int64_t size) {
  std::vector<char> block(static_cast<std::size_t>(std::min(size, small_file)));
  while (size > 0) {
    const auto n = ::pread(file, block.data(), block.size(), offset);
    if (n <= 0) return;
    add(state, {block.data(), static_cast<std::size_t>(n)});
    offset += n;
    size -= n;
  }
}

void add_file(XXH3_state_t& state, const File& file) {
  add(state, file.name);
  add(state, file.size);
  add(state, file.changed);
  const int handle = ::open(file.path.c_str(), O_RDONLY | O_CLOEXEC);
  if (handle < 0) return;
  if (file.size <= small_file) {
    add_part(state, handle, 0, file.size);
  } else {
    add_part(state, handle, 0, end_bytes);
    add_part(state, handle, file.size - end_bytes, end_bytes);
  }
  ::close(handle);
}

}  // namespace

std::string fingerprint_of(const std::vector<File>& files) {
  XXH3_state_t state;
  XXH3_INITSTATE(&state);
  XXH3_128bits_reset(&state);
  for (const File& file : files) add_file(state, file);
  const XXH128_hash_t hash = XXH3_128bits_digest(&state);
  std::string out;
  for (const XXH64_hash_t half : {hash.high64, hash.low64}) {
    for (int shift = 60; shift >= 0; shift -= 4)
      out.push_back("0123456789abcdef"[half >> static_cast<unsigned>(shift) & 0xF]);
  }
  return out;
}

}  // namespace quire::importer::files
