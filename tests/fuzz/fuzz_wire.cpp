// Input: messages as a client sends them, one after the other. Each gives a reply, or a typed error
// that ends the connection; the store that is served stays whole.
#include <cstring>
#include <memory>

#include "fuzz.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "serve/dispatcher.hpp"
#include "serve/wire.hpp"

namespace {

using quire::bson::Document;
using quire::bson::View;
namespace serve = quire::serve;

struct World {
  std::shared_ptr<quire::store::Store> store = quire::store::open(":memory:");
  serve::Options options;
  serve::Dispatcher dispatcher{*store, options};
};

template <class T>
void put(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

std::string message(std::int32_t opcode, const std::string& body) {
  std::string out;
  put(out, static_cast<std::int32_t>(body.size() + 16));
  put(out, std::int32_t{1});
  put(out, std::int32_t{0});
  put(out, opcode);
  return out + body;
}

std::string bytes_of(View document) {
  return {reinterpret_cast<const char*>(document.data()), document.size()};
}

std::string command(const char* json, std::uint32_t flags = 0) {
  std::string body;
  put(body, flags);
  body += '\0';
  return message(2013, body + bytes_of(quire::bson::from_json(json)));
}

std::string with_sequence() {
  std::string body;
  put(body, std::uint32_t{0});
  body += '\0';
  body += bytes_of(quire::bson::from_json(R"({"insert": "c", "$db": "d"})"));
  std::string documents("documents");
  documents += '\0';
  documents += bytes_of(quire::bson::from_json(R"({"_id": 1})"));
  body += '\1';
  put(body, static_cast<std::int32_t>(documents.size() + 4));
  return message(2013, body + documents);
}

std::string with_checksum() {
  auto out = command(R"({"ping": 1, "$db": "d"})", 1);
  const auto size = static_cast<std::int32_t>(out.size() + 4);
  std::memcpy(out.data(), &size, sizeof size);
  put(out, serve::wire::crc32c({reinterpret_cast<const std::uint8_t*>(out.data()), out.size()}));
  return out;
}

std::string old_hello() {
  std::string body;
  put(body, std::uint32_t{0});
  body += "admin.$cmd";
  body += '\0';
  put(body, std::int32_t{0});
  put(body, std::int32_t{-1});
  return message(2004, body + bytes_of(quire::bson::from_json(R"({"isMaster": 1})")));
}

}  // namespace

std::vector<std::string> quire_fuzz_seeds() {
  const std::string session =
      R"("lsid": {"id": {"$binary": {"base64": "AQAAAAAAAAAAAAAAAAAAAQ==", "subType": "04"}}},
      "txnNumber": {"$numberLong": "1"})";
  const std::string update =
      R"({"update": "c", "updates": [{"q": {"_id": 1}, "u": {"$inc": {"a": 1}}}], )" + session +
      R"(, "$db": "d"})";
  const std::string begin = R"({"insert": "c", "documents": [{"_id": 2}], )" + session +
                            R"(, "startTransaction": true, "autocommit": false, "$db": "d"})";
  const std::string commit =
      R"({"commitTransaction": 1, )" + session + R"(, "autocommit": false, "$db": "admin"})";
  const auto insert =
      command(R"({"insert": "c", "documents": [{"_id": 1}, {"_id": 2}], "$db": "d"})");
  return {
      command(R"({"hello": 1, "$db": "admin", "speculativeAuthenticate": {"saslStart": 1,
          "mechanism": "SCRAM-SHA-256", "payload": {"$binary": {"base64": "biws", "subType": "00"}},
          "db": "admin"}})"),
      insert + command(R"({"find": "c", "batchSize": 1, "$db": "d"})"),
      with_sequence(),
      with_checksum(),
      old_hello(),
      command(update.c_str()) + command(update.c_str()),
      command(begin.c_str()) + command(commit.c_str()),
      insert + command(R"({"aggregate": "c", "pipeline": [{"$match": {"_id": 1}}], "cursor": {},
          "$db": "d"})"),
      command(
          R"({"createIndexes": "c", "indexes": [{"key": {"a": 1}, "name": "a_1"}], "$db": "d"})"),
      command(R"({"findAndModify": "c", "query": {}, "remove": true, "$db": "d"})"),
      command(R"({"listDatabases": 1, "$db": "admin"})") +
          command(R"({"serverStatus": 1, "$db": "admin"})") +
          command(R"({"getParameter": "*", "$db": "admin"})"),
      command(R"({"saslContinue": 1, "conversationId": 1, "payload": "", "$db": "admin"})") +
          command(R"({"connectionStatus": 1, "$db": "admin"})"),
      command(R"({"killCursors": "c", "cursors": [{"$numberLong": "1"}], "$db": "d"})", 2),
  };
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world;
  serve::Client client;
  client.remote = client.local = "127.0.0.1:1";
  while (size >= serve::wire::header_bytes) {
    const auto header = serve::wire::read_header(data);
    // The input's end cuts the last message short, as a connection's does.
    auto length = static_cast<std::size_t>(static_cast<std::uint32_t>(header.length));
    if (length < serve::wire::header_bytes || length > size) length = size;
    try {
      const auto request = serve::wire::read_request({data, length});
      (void)world.dispatcher.lane(request);
      const auto reply = world.dispatcher.answer(client, request);
      QUIRE_FUZZ_CHECK(reply.contains("ok"));
      const auto bytes = serve::wire::make_reply(request, reply, 1);
      QUIRE_FUZZ_CHECK(quire::bson::load<std::uint32_t>(bytes.data()) == bytes.size());
    } catch (const serve::wire::ProtocolError&) {
      break;
    }
    data += length;
    size -= length;
  }
  world.dispatcher.clear();
  static int runs = 0;
  if (++runs % 1000 == 0) world.store->drop_database("d");
  return 0;
}
