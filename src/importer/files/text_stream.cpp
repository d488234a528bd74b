#include "importer/files/text_stream.hpp"

#include <iconv.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include "quire/core/error.hpp"

namespace quire::importer::files {
namespace {

bool is_utf8_name(const std::string& encoding) {
  std::string lower;
  for (const char c : encoding)
    lower.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  return lower.empty() || lower == "utf-8" || lower == "utf8";
}

/// The names that people use for what iconv calls otherwise.
std::string iconv_name(const std::string& encoding) {
  std::string upper;
  for (const char c : encoding)
    upper.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
  if (upper.starts_with("WINDOWS-")) return "CP" + upper.substr(8);
  return upper;
}

class Converter {
 public:
  explicit Converter(const std::string& encoding)
      : handle_(iconv_open("UTF-8", iconv_name(encoding).c_str())) {}
  ~Converter() {
    if (known()) iconv_close(handle_);
  }
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;
  [[nodiscard]] bool known() const { return handle_ != reinterpret_cast<iconv_t>(-1); }

  /// Converts from [from, end) to [to, to_end). False: it needs more bytes to go on.
  bool run(char*& from, char* end, char*& to, char* to_end) {
    std::size_t in = static_cast<std::size_t>(end - from);
    std::size_t out = static_cast<std::size_t>(to_end - to);
    if (iconv(handle_, &from, &in, &to, &out) != static_cast<std::size_t>(-1)) return true;
    if (errno == E2BIG || to == to_end) return true;
    if (errno == EINVAL) return false;
    *to++ = static_cast<char>(0xFF);
    from += std::min<std::size_t>(unit, static_cast<std::size_t>(end - from));
    iconv(handle_, nullptr, nullptr, nullptr, nullptr);
    return true;
  }
  std::size_t unit = 1;  ///< bytes that are passed over where they mean nothing

 private:
  iconv_t handle_;
};

class TextStream final : public ByteStream {
 public:
  TextStream(std::unique_ptr<ByteStream> bytes, std::string encoding)
      : bytes_(std::move(bytes)), encoding_(std::move(encoding)) {}

  bool seek(std::uint64_t offset) override {
    if (!is_utf8_name(encoding_)) return false;
    if (!begun_) begin();
    if (converter_ || !bytes_->seek(offset)) return false;
    at_ = end_ = 0;
    return true;
  }

  std::size_t read(char* to, std::size_t size) override {
    if (!begun_) begin();
    if (converter_) return converted(to, size);
    if (at_ == end_) return bytes_->read(to, size);
    const std::size_t n = std::min(size, end_ - at_);
    std::memcpy(to, block_.data() + at_, n);
    at_ += n;
    return n;
  }

 private:
  /// Looks at the first bytes for a byte order mark.
  void begin() {
    begun_ = true;
    block_.resize(64 * 1024);
    try {
      while (end_ < 4 && fill()) continue;
    } catch (const Damaged& damaged) {
      if (end_ == 0) throw;
      damaged_ = damaged;
    }
    const std::string_view head(block_.data(), end_);
    std::string from = is_utf8_name(encoding_) ? std::string() : encoding_;
    std::size_t unit = 1;
    if (head.starts_with("\xEF\xBB\xBF")) {
      from.clear();  // it stays: offsets count it
    } else if (head.starts_with("\xFF\xFE") || head.starts_with("\xFE\xFF")) {
      at_ = 2;
      from = head[0] == '\xFF' ? "UTF-16LE" : "UTF-16BE";
      unit = 2;
    }
    if (from.empty()) return;
    converter_.emplace(from);
    converter_->unit = unit;
  }

  bool fill() {
    if (at_ > 0) {
      std::memmove(block_.data(), block_.data() + at_, end_ - at_);
      end_ -= at_;
      at_ = 0;
    }
    if (damaged_) throw Damaged{*damaged_};
    const std::size_t n = bytes_->read(block_.data() + end_, block_.size() - end_);
    end_ += n;
    return n > 0;
  }

  std::size_t converted(char* to, std::size_t size) {
    char* out = to;
    while (out == to) {
      char* from = block_.data() + at_;
      char* const end = block_.data() + end_;
      const bool enough = from == end ? false : converter_->run(from, end, out, to + size);
      at_ = static_cast<std::size_t>(from - block_.data());
      if (out != to || (enough && at_ != end_)) continue;
      if (fill()) continue;
      if (at_ == end_) break;
      at_ = end_;  // the file ends within a character
      *out++ = static_cast<char>(0xFF);
    }
    return static_cast<std::size_t>(out - to);
  }

  std::unique_ptr<ByteStream> bytes_;
  std::string encoding_;
  bool begun_ = false;
  std::optional<Converter> converter_;
  std::optional<Damaged> damaged_;
  std::vector<char> block_;
  std::size_t at_ = 0, end_ = 0;
};

}  // namespace

std::unique_ptr<ByteStream> as_text(std::unique_ptr<ByteStream> bytes,
                                    const std::string& encoding) {
  return std::make_unique<TextStream>(std::move(bytes), encoding);
}

void check_encoding(const std::string& encoding) {
  if (is_utf8_name(encoding) || Converter(encoding).known()) return;
  throw ImportError(
      ErrorCode::invalid_source,
      "the encoding \"" + encoding + "\" is not known; iconv -l lists those that are");
}

}  // namespace quire::importer::files
