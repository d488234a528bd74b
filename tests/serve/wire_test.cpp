#include "serve/wire.hpp"

#include "serve_fixture.hpp"

namespace quire::serve {
namespace {

using namespace quire::test;

wire::Request read(const Bytes& bytes) { return wire::read_request(bytes); }
int mistake_of(const Bytes& bytes) {
  const auto request = read(bytes);
  return request.mistake ? code_of(*request.mistake) : 0;
}

Bytes sequence(std::string_view name, const std::vector<bson::Document>& documents) {
  Bytes inner;
  put_text(inner, name);
  for (const auto& document : documents) put(inner, document.view());
  Bytes out{1};
  put(out, static_cast<std::int32_t>(inner.size() + 4));
  out.insert(out.end(), inner.begin(), inner.end());
  return out;
}

TEST(Wire, ReadsTheBodyAndItsDatabase) {
  const auto request = read(op_msg(with_db(R"({"ping": 1})", "shop")));
  EXPECT_EQ(request.name(), "ping");
  EXPECT_EQ(request.database, "shop");
  EXPECT_EQ(request.request_id, 7);
  EXPECT_FALSE(request.legacy || request.more_to_come || request.mistake);
}

TEST(Wire, PutsSequencesOfDocumentsIntoTheCommand) {
  for (const bool first : {false, true}) {
    const Bytes documents =
        sequence("documents", {bson::make_document("_id", 1), bson::Document()});
    Bytes body;
    put(body, std::uint32_t{0});
    if (first) body.insert(body.end(), documents.begin(), documents.end());
    body.push_back(0);
    put(body, with_db(R"({"insert": "c"})").view());
    if (!first) body.insert(body.end(), documents.begin(), documents.end());
    const auto request = read(message(2013, body));
    ASSERT_FALSE(request.mistake);
    EXPECT_EQ(request.name(), "insert");
    EXPECT_EQ(request.command["documents"].as_array().count(), 2U);
  }
}

TEST(Wire, ChecksumsAreCastagnolis) {
  const std::string text = "123456789";
  EXPECT_EQ(wire::crc32c({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}),
            0xE3069283U);
}

TEST(Wire, TakesAMessageWhoseChecksumFits) {
  auto body = body_of(with_db(R"({"ping": 1})"), 1);
  auto bytes = message(2013, body, static_cast<std::int32_t>(body.size() + 20));
  put(bytes, wire::crc32c(bytes));
  EXPECT_EQ(read(bytes).name(), "ping");
  bytes.back() ^= 1U;
  EXPECT_THROW(read(bytes), wire::ProtocolError);
  bytes = message(2013, {1, 0, 0, 0, 9, 9});
  EXPECT_THROW(read(bytes), wire::ProtocolError);
}

TEST(Wire, NamesWhatAMessageLacksOrHasTwice) {
  EXPECT_EQ(mistake_of(op_msg(bson::from_json(R"({"ping": 1})"))), 40571);
  Bytes two = body_of(with_db(R"({"ping": 1})"));
  const Bytes again(two.begin() + 4, two.end());
  two.insert(two.end(), again.begin(), again.end());
  EXPECT_EQ(mistake_of(message(2013, two)), 40430);
  EXPECT_EQ(mistake_of(message(2013, {0, 0, 0, 0})), 40587);
  EXPECT_EQ(mistake_of(message(2013, {0, 0, 0, 0, 7, 1, 2, 3})), 40432);
  Bytes both = body_of(with_db(R"({"insert": "c", "documents": []})"));
  const Bytes part = sequence("documents", {});
  both.insert(both.end(), part.begin(), part.end());
  EXPECT_EQ(mistake_of(message(2013, both)), 40433);
  both = body_of(with_db(R"({"insert": "c"})"));
  for (int i = 0; i < 2; ++i) both.insert(both.end(), part.begin(), part.end());
  EXPECT_EQ(mistake_of(message(2013, both)), 40431);
}

TEST(Wire, RefusesWhatIsNoMessage) {
  const Bytes good = op_msg(with_db(R"({"ping": 1})"));
  for (std::size_t size = 0; size < good.size(); ++size) {
    const Bytes cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_THROW(read(cut), wire::ProtocolError) << size;
  }
  for (const std::int32_t opcode : {0, 1, 1000, 2001, 2002, 2005, 2006, 2007, 2012, 2014, -1})
    EXPECT_THROW(read(message(opcode, body_of(with_db("{}")))), wire::ProtocolError) << opcode;
  EXPECT_THROW(read(op_msg(with_db(R"({"ping": 1})"), 4)), wire::ProtocolError);
  EXPECT_FALSE(read(op_msg(with_db(R"({"ping": 1})"), 1U << 16U)).mistake) << "exhaustAllowed";
}

TEST(Wire, TellsOfBodiesThatAreNoBson) {
  Bytes bytes = op_msg(with_db(R"({"ping": 1})"));
  bytes[25] = 0x66;  // a type that there is not
  EXPECT_EQ(mistake_of(bytes), 22);
}

TEST(Wire, LimitsNesting) {
  const auto nested = [](int levels) {
    bson::Writer out;
    out.append("ping", 1).append("$db", "test");
    for (int i = 0; i < levels; ++i) out.begin_document("a");
    for (int i = 0; i < levels; ++i) out.end();
    return op_msg(out.finish());
  };
  EXPECT_EQ(mistake_of(nested(150)), 0);
  EXPECT_EQ(mistake_of(nested(250)), 22);
}

TEST(Wire, AnswersHelloOfOldClients) {
  Bytes body;
  put(body, std::uint32_t{4});
  put_text(body, "admin.$cmd");
  put(body, std::int32_t{0});
  put(body, std::int32_t{-1});
  put(body, bson::from_json(R"({"$query": {"isMaster": 1}})").view());
  const auto request = read(message(2004, body));
  EXPECT_TRUE(request.legacy);
  EXPECT_EQ(request.name(), "isMaster");
  const auto reply = wire::make_reply(request, bson::make_document("ok", 1.0), 3);
  EXPECT_EQ(bson::load<std::int32_t>(reply.data() + 12), 1) << "OP_REPLY";
  EXPECT_EQ(bson::load<std::int32_t>(reply.data() + 8), 7) << "responseTo";
  EXPECT_EQ(bson::load<std::uint32_t>(reply.data()), reply.size());
}

TEST(Wire, OldQueriesOfOtherKindsAreRefused) {
  Bytes body;
  put(body, std::uint32_t{0});
  put_text(body, "test.$cmd");
  put(body, std::int32_t{0});
  put(body, std::int32_t{-1});
  put(body, bson::from_json(R"({"find": "c"})").view());
  EXPECT_EQ(mistake_of(message(2004, body)), 352);
  Bytes other;
  put(other, std::uint32_t{0});
  put_text(other, "test.c");
  put(other, std::int32_t{0});
  put(other, std::int32_t{-1});
  put(other, bson::Document().view());
  EXPECT_THROW(read(message(2004, other)), wire::ProtocolError);
}

}  // namespace
}  // namespace quire::serve
