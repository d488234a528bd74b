#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "quire/bson/document.hpp"
#include "quire/core/error.hpp"

/// Messages of MongoDB's wire protocol: bytes to commands and replies to bytes.
/// Source: MongoDB manual, "MongoDB Wire Protocol"; specifications/source/message/OP_MSG.md.
namespace quire::serve::wire {

inline constexpr std::size_t header_bytes = 16;
inline constexpr int max_nesting = 200;  ///< levels of a command, as a server allows

enum class Opcode : std::int32_t { reply = 1, query = 2004, compressed = 2012, message = 2013 };

struct Header {
  std::int32_t length = 0;
  std::int32_t request_id = 0;
  std::int32_t response_to = 0;
  std::int32_t opcode = 0;
};
/// Of the first 16 bytes.
[[nodiscard]] Header read_header(const std::uint8_t* bytes) noexcept;

/// The bytes are no message: the connection cannot go on.
class ProtocolError : public Error {
 public:
  explicit ProtocolError(std::string_view detail) : Error(ErrorCode::malformed_bson, detail) {}
};

/// One command as a client sent it.
struct Request {
  std::int32_t request_id = 0;
  bool legacy = false;        ///< OP_QUERY: answered with OP_REPLY
  bool more_to_come = false;  ///< wants no reply
  std::string database;       ///< empty when `mistake` is set
  bson::Document command;     ///< sequences of documents have become its arrays
  /// Nothing, or a reply to give instead of running the command: framing is right, contents not.
  std::optional<bson::Document> mistake;

  /// The first field's name; empty without one.
  [[nodiscard]] std::string_view name() const;
};

/// Reads a whole message, header included. Throws ProtocolError for lengths that do not agree,
/// opcodes other than OP_MSG and OP_QUERY, unknown flags, a wrong checksum.
[[nodiscard]] Request read_request(std::span<const std::uint8_t> message);

/// A reply, ready to be sent.
[[nodiscard]] bson::Buffer make_reply(const Request& request, bson::View reply,
                                      std::int32_t request_id);

/// CRC-32C (Castagnoli), as OP_MSG's checksum is.
[[nodiscard]] std::uint32_t crc32c(std::span<const std::uint8_t> bytes) noexcept;

}  // namespace quire::serve::wire
