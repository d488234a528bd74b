#include "store/embedded/storage/change_token.hpp"

#include <string>

#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::store::embedded {
namespace {

constexpr std::uint8_t version = 1;
constexpr std::size_t token_bytes = 18;  // version, log, sequence, kind

int digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

bson::Document ChangeToken::document() const {
  std::array<std::uint8_t, token_bytes> bytes{};
  bytes[0] = version;
  for (std::size_t i = 0; i < log.size(); ++i) bytes[1 + i] = log[i];
  for (std::size_t i = 0; i < 8; ++i)
    bytes[9 + i] = static_cast<std::uint8_t>(
        static_cast<std::uint64_t>(position.sequence) >> (8 * (7 - i)) & 0xFF);
  bytes[17] = static_cast<std::uint8_t>(position.kind);
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  for (const auto byte : bytes) {
    text.push_back(digits[byte >> 4]);
    text.push_back(digits[byte & 0xF]);
  }
  return bson::make_document("_data", text);
}

ChangeToken ChangeToken::parse(bson::View token, std::string_view option) {
  const auto fail = [&](const char* why, int code) {
    throw StoreError(ErrorCode::resume_failed, FieldPath(std::string(option)), why, code);
  };
  const auto data = token.find("_data");
  if (!data || !data->is_string())
    fail(
        "Bad resume token: _data of missing or of wrong type; give a token that an event or "
        "resume_token() gave",
        40647);
  const std::string_view text = data->as_string();
  if (text.size() % 2 != 0 || text.find_first_not_of("0123456789ABCDEFabcdef") != text.npos)
    fail("resume token string was not a valid hex string", 9);
  std::array<std::uint8_t, token_bytes> bytes{};
  if (text.size() != 2 * bytes.size())
    fail("the resume token was not written by an embedded file", 260);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::uint8_t>(digit(text[2 * i]) * 16 + digit(text[2 * i + 1]));
  if (bytes[0] != version || bytes[17] > 2 || bytes[9] > 0x7F)
    fail("the resume token was not written by an embedded file", 260);
  ChangeToken out;
  for (std::size_t i = 0; i < out.log.size(); ++i) out.log[i] = bytes[1 + i];
  std::uint64_t sequence = 0;
  for (std::size_t i = 0; i < 8; ++i) sequence = sequence << 8 | bytes[9 + i];
  out.position = {static_cast<std::int64_t>(sequence),
                  static_cast<ChangePosition::Kind>(bytes[17])};
  return out;
}

}  // namespace quire::store::embedded
