#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"

/// MongoDB's wire protocol by hand: messages right and wrong, and one connection.
namespace quire::test {

using Bytes = std::vector<std::uint8_t>;

template <class T>
void put(Bytes& out, T value) {
  const auto at = out.size();
  out.resize(at + sizeof value);
  std::memcpy(out.data() + at, &value, sizeof value);
}
inline void put(Bytes& out, bson::View document) {
  out.insert(out.end(), document.data(), document.data() + document.size());
}
inline void put_text(Bytes& out, std::string_view text) {
  out.insert(out.end(), text.begin(), text.end());
  out.push_back(0);
}

/// A message with its header; the length is that of the bytes unless `length` is given.
inline Bytes message(std::int32_t opcode, const Bytes& body,
                     std::optional<std::int32_t> length = {}) {
  Bytes out;
  put(out, length.value_or(static_cast<std::int32_t>(body.size() + 16)));
  put(out, std::int32_t{7});
  put(out, std::int32_t{0});
  put(out, opcode);
  out.insert(out.end(), body.begin(), body.end());
  return out;
}
inline Bytes body_of(bson::View command, std::uint32_t flags = 0) {
  Bytes body;
  put(body, flags);
  body.push_back(0);
  put(body, command);
  return body;
}
inline bson::Document with_db(std::string_view json, std::string_view database = "test") {
  bson::Writer out;
  out.append_all(bson::from_json(json));
  return out.append("$db", database).finish();
}
inline Bytes op_msg(bson::View command, std::uint32_t flags = 0) {
  return message(2013, body_of(command, flags));
}

/// One connection, byte by byte.
class Wire {
 public:
  explicit Wire(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("cannot connect");
  }
  ~Wire() { ::close(socket_); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  void send(const Bytes& bytes) const {
    std::size_t at = 0;
    while (at < bytes.size()) {
      const auto n = ::send(socket_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
      if (n <= 0) return;  // closed by the server: what comes back tells
      at += static_cast<std::size_t>(n);
    }
  }
  /// A whole reply; nothing when the server closed the connection.
  std::optional<Bytes> receive() const {
    auto out = read(16);
    if (!out) return std::nullopt;
    const auto rest = read(bson::load<std::uint32_t>(out->data()) - 16U);
    if (!rest) return std::nullopt;
    out->insert(out->end(), rest->begin(), rest->end());
    return out;
  }
  /// The document of a reply to OP_MSG.
  std::optional<bson::Document> reply() const {
    const auto bytes = receive();
    if (!bytes) return std::nullopt;
    return bson::Document(bson::View(bytes->data() + 21, bytes->size() - 21));
  }
  bson::Document run(std::string_view json, std::string_view database = "test") const {
    return run(with_db(json, database).view());
  }
  bson::Document run(bson::View command) const {
    send(op_msg(command));
    auto answer = reply();
    if (!answer) throw std::runtime_error("the server closed the connection");
    return std::move(*answer);
  }
  /// Whether the server closes within `limit`.
  bool is_closed(std::chrono::milliseconds limit = std::chrono::seconds(5)) const {
    pollfd ready{socket_, POLLIN, 0};
    char byte = 0;
    return ::poll(&ready, 1, static_cast<int>(limit.count())) == 1 &&
           ::recv(socket_, &byte, 1, 0) <= 0;
  }

 private:
  std::optional<Bytes> read(std::size_t size) const {
    Bytes out(size);
    std::size_t at = 0;
    while (at < size) {
      pollfd ready{socket_, POLLIN, 0};
      if (::poll(&ready, 1, 20'000) != 1) return std::nullopt;
      const auto n = ::recv(socket_, out.data() + at, size - at, 0);
      if (n <= 0) return std::nullopt;
      at += static_cast<std::size_t>(n);
    }
    return out;
  }
  int socket_;
};

inline int code_of(bson::View reply) {
  const auto code = reply.find("code");
  return code ? code->as_int32() : 0;
}
inline bool is_ok(bson::View reply) {
  const auto ok = reply.find("ok");
  return ok && ok->as_double() == 1.0;
}
inline std::string shown(bson::View reply) { return bson::to_json(reply); }

}  // namespace quire::test
