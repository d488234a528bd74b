#include <quire/collection/bulk_writer.hpp>

#include "chat.hpp"

namespace chat {

using q::field;

namespace {

/// Where a message belongs.
struct Place {
  std::string conversation_id = {};
  std::int32_t position = 0;
};
struct Size {
  std::string id = {};
  std::int32_t message_count = 0;
};

std::string literal(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\^$.|?*+()[]{}").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

// [requests]
std::vector<Card> Repository::conversations_of(const std::string& user, int limit) const {
  return conversations_.find(field<&Conversation::user_id> == user)
      .sort(field<&Conversation::updated_at>.desc())
      .limit(limit)
      .project<Card>()
      .to_vector();
}

std::int32_t Repository::append(const std::string& conversation, Role role,
                                const std::string& content) const {
  const auto now = q::now();
  const auto before = conversations_.find_one_and_update(field<&Conversation::id> == conversation,
                                                         field<&Conversation::message_count>.inc(1),
                                                         field<&Conversation::updated_at>.set(now));
  if (!before)
    throw q::StoreError(q::ErrorCode::not_found, "there is no conversation " + conversation);
  const std::int32_t position = before->message_count + 1;
  messages_.insert(Message{.conversation_id = conversation,
                           .position = position,
                           .role = role,
                           .content = content,
                           .created_at = now});
  return position;
}

std::vector<Memory> Repository::search(const std::string& user, const std::string& text) const {
  return memories_
      .find(field<&Memory::user_id> == user && field<&Memory::text>.regex(literal(text), "i"))
      .sort(field<&Memory::importance>.desc())
      .to_vector();
}
// [/requests]

std::vector<Message> Repository::messages_of(const std::string& conversation) const {
  return messages_.find(field<&Message::conversation_id> == conversation)
      .sort(field<&Message::position>.asc())
      .to_vector();
}

// [buffer]
std::int64_t Repository::remember(const std::vector<Memory>& memories) const {
  auto writer = memories_.bulk_writer({.batch = 100, .bytes = 1 << 20});
  for (const Memory& memory : memories) writer.insert(memory);  // sends what is full
  return writer.close().batches;  // sends the rest; the end of the scope would, too
}
// [/buffer]

Integrity Repository::integrity() const {
  Integrity out;
  auto sizes = conversations_.find().sort(field<&Conversation::id>.asc()).project<Size>();
  auto places = messages_.find()
                    .sort(field<&Message::conversation_id>.asc(), field<&Message::position>.asc())
                    .project<Place>();
  auto size = sizes.begin();
  std::int32_t seen = 0;
  const auto end_conversation = [&] {
    ++out.conversations;
    if ((*size).message_count != seen) ++out.incomplete;
    ++size;
    seen = 0;
  };
  for (const Place& place : places) {
    ++out.messages;
    while (size != sizes.end() && (*size).id < place.conversation_id) end_conversation();
    if (size == sizes.end() || (*size).id != place.conversation_id) {
      ++out.orphans;
    } else if (place.position == seen + 1) {
      ++seen;
    }
  }
  while (size != sizes.end()) end_conversation();
  return out;
}

std::string Watch::metrics_json() const {
  q::bson::Writer w;
  w.begin_array("operations");
  for (const auto& one : metrics_->snapshot().operations) {
    w.push_document_begin();
    w.append("command", one.command).append("collection", one.collection);
    w.append("count", static_cast<std::int64_t>(one.operations));
    w.append("failed", static_cast<std::int64_t>(one.failures));
    w.append("p50_ms", one.p50() * 1000).append("p99_ms", one.p99() * 1000);
    w.end();
  }
  w.end();
  return q::bson::to_json(w.finish());
}

}  // namespace chat
