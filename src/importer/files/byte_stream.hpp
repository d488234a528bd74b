#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace quire::importer::files {

/// What a file's bytes are not: readable to their end. Becomes the last row of the file.
struct Damaged {
  std::string why;
};

/// Bytes, forward only. One thread.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;
  /// At least one byte, and at most `size`; 0 at the end. All that comes before a damaged place is
  /// given first; then it throws Damaged.
  [[nodiscard]] virtual std::size_t read(char* to, std::size_t size) = 0;
  /// Goes to a byte of the file; false where that is not possible (compressed, converted).
  [[nodiscard]] virtual bool seek(std::uint64_t offset) = 0;
};

/// Opens a file; *.gz and *.zst are decompressed. Throws Damaged where it cannot be opened,
/// ImportError invalid_source for a compression that this build lacks.
[[nodiscard]] std::unique_ptr<ByteStream> open_bytes(const std::filesystem::path& path);

/// "a.json" of "a.json.gz".
[[nodiscard]] std::string without_compression(const std::string& file_name);

}  // namespace quire::importer::files
