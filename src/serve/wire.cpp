#include "serve/wire.hpp"

#include <array>
#include <vector>

#include "quire/bson/writer.hpp"
#include "store/embedded/commands/reply.hpp"

namespace quire::serve::wire {
namespace {

namespace commands = store::embedded::commands;

constexpr std::uint32_t checksum_present = 1U << 0U;
constexpr std::uint32_t more_to_come = 1U << 1U;
constexpr std::uint32_t required_flags = 0xFFFFU;  // unknown ones among these must not be ignored

// Numbers of a server's op_msg.cpp.
constexpr int duplicate_body = 40430;
constexpr int duplicate_sequence = 40431;
constexpr int unknown_section = 40432;
constexpr int body_and_sequence = 40433;
constexpr int no_body = 40587;
constexpr int no_database = 40571;
constexpr int unsupported_query = 352;
constexpr int invalid_bson = 22;

bson::Document mistake(int code, std::string_view text) {
  return bson::make_document("ok", 0.0, "errmsg", text, "code", std::int32_t{code}, "codeName",
                             commands::code_name(code));
}

/// Reads on through the bytes of one message.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes) : rest_(bytes) {}
  [[nodiscard]] std::size_t left() const noexcept { return rest_.size(); }
  template <class T>
  T number(const char* what) {
    need(sizeof(T), what);
    const auto value = bson::load<T>(rest_.data());
    rest_ = rest_.subspan(sizeof(T));
    return value;
  }
  std::string_view text(const char* what) {
    const auto* zero = rest_.empty() ? nullptr : std::memchr(rest_.data(), 0, rest_.size());
    if (zero == nullptr) throw ProtocolError(std::string(what) + " does not end in the message");
    const auto size =
        static_cast<std::size_t>(static_cast<const std::uint8_t*>(zero) - rest_.data());
    const std::string_view found(reinterpret_cast<const char*>(rest_.data()), size);
    rest_ = rest_.subspan(size + 1);
    return found;
  }
  /// Bytes of one document by its own length; not checked further.
  std::span<const std::uint8_t> document(const char* what) {
    need(5, what);
    const auto size = bson::load<std::uint32_t>(rest_.data());
    if (size < 5) throw ProtocolError(std::string(what) + " has a length below 5 bytes");
    return bytes(size, what);
  }
  std::span<const std::uint8_t> bytes(std::size_t size, const char* what) {
    need(size, what);
    const auto taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }

 private:
  void need(std::size_t size, const char* what) const {
    if (rest_.size() < size) throw ProtocolError(std::string(what) + " is cut off");
  }
  std::span<const std::uint8_t> rest_;
};

/// Checks all of a document's structure. Text is checked where it is stored.
bson::View checked(std::span<const std::uint8_t> bytes) {
  const bson::View view(bytes.data(), bytes.size());
  bson::validate(view, {.utf8 = false, .max_bytes = 0x7FFFFFFF, .depth = max_nesting});
  return view;
}

struct Sequence {
  std::string_view name;
  bson::Document documents;  // an array
};

Sequence read_sequence(Reader& in) {
  const auto size = in.number<std::uint32_t>("a section's length");
  if (size < 5) throw ProtocolError("a section has a length below 5 bytes");
  Reader section(in.bytes(size - 4, "a section of documents"));
  Sequence out{section.text("a section's name"), {}};
  bson::Writer array;
  while (section.left() > 0) array.push(checked(section.document("a document of a section")));
  out.documents = array.finish();
  return out;
}

/// The body with the sequences as its last fields, and the database taken from it.
void compose(Request& request, bson::View body, const std::vector<Sequence>& sequences) {
  const auto database = body.find("$db");
  if (!database || !database->is_string()) {
    request.mistake =
        mistake(no_database, "a command needs \"$db\", the name of a database, as a string");
    return;
  }
  request.database = database->as_string();
  bson::Writer whole;
  whole.append_all(body);
  for (const auto& sequence : sequences) {
    if (body.contains(sequence.name)) {
      request.mistake = mistake(body_and_sequence,
                                "the field '" + std::string(sequence.name) +
                                    "' is there twice: in the body and as a section of documents");
      return;
    }
    whole.append_array(sequence.name, sequence.documents);
  }
  request.command = whole.finish();
}

void read_sections(Request& request, Reader& in) {
  std::optional<bson::View> body;
  std::vector<Sequence> sequences;
  while (in.left() > 0) {
    const auto kind = in.number<std::uint8_t>("a section's kind");
    if (kind == 0) {
      const auto view = checked(in.document("the body"));
      if (body) {
        request.mistake = mistake(duplicate_body, "a message has one body, this has two");
        return;
      }
      body = view;
    } else if (kind == 1) {
      auto sequence = read_sequence(in);
      for (const auto& other : sequences) {
        if (other.name != sequence.name) continue;
        request.mistake = mistake(duplicate_sequence, "two sections of documents have the name '" +
                                                          std::string(sequence.name) + "'");
        return;
      }
      sequences.push_back(std::move(sequence));
    } else {
      // Its length is not known, so nothing after it can be read; what is before is whole.
      request.mistake =
          mistake(unknown_section, "a section of the unknown kind " + std::to_string(kind));
      return;
    }
  }
  if (!body) {
    request.mistake = mistake(no_body, "a message needs a body: a section of kind 0");
    return;
  }
  compose(request, *body, sequences);
}

void read_message(Request& request, std::span<const std::uint8_t> message) {
  Reader in(message.subspan(header_bytes));
  const auto flags = in.number<std::uint32_t>("the flags");
  if ((flags & required_flags & ~(checksum_present | more_to_come)) != 0)
    throw ProtocolError("unknown flags of OP_MSG: " + std::to_string(flags));
  request.more_to_come = (flags & more_to_come) != 0;
  std::size_t end = message.size();
  if ((flags & checksum_present) != 0) {
    if (in.left() < 4) throw ProtocolError("the checksum is cut off");
    end -= 4;
    if (crc32c(message.first(end)) != bson::load<std::uint32_t>(message.data() + end))
      throw ProtocolError("the checksum does not fit the message");
  }
  Reader sections(message.subspan(header_bytes + 4, end - header_bytes - 4));
  try {
    read_sections(request, sections);
  } catch (const ProtocolError&) {
    throw;
  } catch (const Error& error) {
    request.mistake = mistake(invalid_bson, std::string("the message is no BSON: ") + error.what());
  }
}

void read_query(Request& request, std::span<const std::uint8_t> message) {
  request.legacy = true;
  Reader in(message.subspan(header_bytes));
  (void)in.number<std::uint32_t>("the flags");
  const auto ns = in.text("the namespace");
  (void)in.number<std::int32_t>("the skip");
  (void)in.number<std::int32_t>("the number to return");
  const auto query = in.document("the query");
  constexpr std::string_view command_end = ".$cmd";
  if (!ns.ends_with(command_end))
    throw ProtocolError("OP_QUERY is answered for hello and isMaster only");
  request.database = ns.substr(0, ns.size() - command_end.size());
  try {
    auto body = checked(query);
    // Clients that set a read preference wrap the command.
    for (const auto* wrapper : {"$query", "query"}) {
      const auto inner = body.find(wrapper);
      if (inner && inner->is_document() && body.begin()->key == wrapper) {
        body = inner->as_document();
        break;
      }
    }
    request.command = bson::Document(body);
  } catch (const Error& error) {
    request.mistake = mistake(invalid_bson, std::string("the query is no BSON: ") + error.what());
    return;
  }
  const auto name = request.name();
  if (name != "hello" && name != "isMaster" && name != "ismaster")
    request.mistake =
        mistake(unsupported_query, "Unsupported OP_QUERY command: " + std::string(name) +
                                       ". The client driver may require an upgrade.");
}

}  // namespace

std::string_view Request::name() const {
  const auto first = command.begin();
  return first == command.end() ? std::string_view{} : first->key;
}

Header read_header(const std::uint8_t* bytes) noexcept {
  return {bson::load<std::int32_t>(bytes), bson::load<std::int32_t>(bytes + 4),
          bson::load<std::int32_t>(bytes + 8), bson::load<std::int32_t>(bytes + 12)};
}

Request read_request(std::span<const std::uint8_t> message) {
  if (message.size() < header_bytes) throw ProtocolError("a message needs a header of 16 bytes");
  const auto header = read_header(message.data());
  if (header.length < 0 || static_cast<std::size_t>(header.length) != message.size())
    throw ProtocolError("the length in the header is not the message's");
  Request request;
  request.request_id = header.request_id;
  switch (static_cast<Opcode>(header.opcode)) {
    case Opcode::message:
      read_message(request, message);
      break;
    case Opcode::query:
      read_query(request, message);
      break;
    case Opcode::compressed:
      throw ProtocolError("OP_COMPRESSED, but no compressor was agreed on");
    default:
      throw ProtocolError("the opcode " + std::to_string(header.opcode) + " is not answered");
  }
  return request;
}

bson::Buffer make_reply(const Request& request, bson::View reply, std::int32_t request_id) {
  bson::Buffer out;
  const std::size_t before = header_bytes + (request.legacy ? 20 : 5);
  (void)out.reserve(before + reply.size());
  out.put(static_cast<std::int32_t>(before + reply.size()));
  out.put(request_id);
  out.put(request.request_id);
  if (request.legacy) {
    out.put(static_cast<std::int32_t>(Opcode::reply));
    out.put(std::int32_t{8});  // AwaitCapable
    out.put(std::int64_t{0});  // no cursor
    out.put(std::int32_t{0});  // from the first
    out.put(std::int32_t{1});  // one document
  } else {
    out.put(static_cast<std::int32_t>(Opcode::message));
    out.put(std::uint32_t{0});  // no flags
    out.put(std::uint8_t{0});   // a body
  }
  out.append(reply.data(), reply.size());
  return out;
}

std::uint32_t crc32c(std::span<const std::uint8_t> bytes) noexcept {
  static constexpr auto table = [] {
    std::array<std::uint32_t, 256> made{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit)
        value = (value & 1U) != 0 ? (value >> 1U) ^ 0x82F63B78U : value >> 1U;
      made[i] = value;
    }
    return made;
  }();
  std::uint32_t sum = 0xFFFFFFFFU;
  for (const auto byte : bytes) sum = table[(sum ^ byte) & 0xFFU] ^ (sum >> 8U);
  return ~sum;
}

}  // namespace quire::serve::wire
