#include "bot.hpp"

namespace bot {

using q::field;

// [requests]
bool Repository::add_server(const std::string& server_id) const {
  const auto done = servers_.upsert(field<&Server::server_id> == server_id,
                                    field<&Server::created_at>.set_on_insert(q::now()));
  return done.upserted_id.has_value();
}

void Repository::link(const ChannelLink& wanted) const {
  const auto now = q::now();
  auto change = field<&ChannelLink::guild_id>.set(wanted.guild_id) &
                field<&ChannelLink::text_channel_id>.set(wanted.text_channel_id) &
                field<&ChannelLink::updated_at>.set(now) &
                field<&ChannelLink::created_at>.set_on_insert(now);
  change &= wanted.role_id ? field<&ChannelLink::role_id>.set(*wanted.role_id)
                           : field<&ChannelLink::role_id>.unset();
  (void)links_.upsert(field<&ChannelLink::voice_channel_id> == wanted.voice_channel_id, change);
}

void Repository::set_message(const std::string& guild_id, Event type,
                             const std::string& message) const {
  const auto which =
      field<&CustomMessage::guild_id> == guild_id && field<&CustomMessage::type> == type;
  if (message.empty()) {
    (void)messages_.remove_one(which);
    return;
  }
  const auto now = q::now();
  (void)messages_.upsert(which, field<&CustomMessage::message>.set(message),
                         field<&CustomMessage::updated_at>.set(now),
                         field<&CustomMessage::created_at>.set_on_insert(now));
}
// [/requests]

std::optional<ChannelLink> Repository::link_of(const std::string& voice_channel_id) const {
  return links_.find_one(field<&ChannelLink::voice_channel_id> == voice_channel_id);
}

std::optional<std::string> Repository::message(const std::string& guild_id, Event type) const {
  const auto found = messages_.find_one(field<&CustomMessage::guild_id> == guild_id &&
                                        field<&CustomMessage::type> == type);
  if (!found) return std::nullopt;
  return found->message;
}

Counts Repository::counts() const { return {servers_.count(), links_.count(), messages_.count()}; }

}  // namespace bot
