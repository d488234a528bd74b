#pragma once

#include <boost/describe/enum.hpp>
#include <optional>
#include <quire/quire.hpp>
#include <string>

/// What the bot keeps, and what it asks of it. Snowflakes are texts: no reader rounds them.
namespace bot {

namespace q = quire;

struct Server {
  q::ObjectId id = {};
  std::string server_id;
  q::DateTime created_at = {};
  static auto model() {
    return q::model<Server>("servers").index(q::field<&Server::server_id>.asc(), q::unique);
  }
};

struct ChannelLink {
  q::ObjectId id = {};
  std::string guild_id;
  std::string text_channel_id;
  std::string voice_channel_id;
  std::optional<std::string> role_id = {};
  q::DateTime created_at = {};
  q::DateTime updated_at = {};
  static auto model() {
    return q::model<ChannelLink>("channel_links")
        .index(q::field<&ChannelLink::voice_channel_id>.asc(), q::unique)
        .index(q::field<&ChannelLink::guild_id>.asc());
  }
};

enum class Event { join, leave, move };
BOOST_DESCRIBE_ENUM(Event, join, leave, move)

struct CustomMessage {
  q::ObjectId id = {};
  std::string guild_id;
  Event type = Event::join;
  std::string message;
  q::DateTime created_at = {};
  q::DateTime updated_at = {};
  static auto model() {
    return q::model<CustomMessage>("custom_messages")
        .index(q::field<&CustomMessage::guild_id>.asc(), q::field<&CustomMessage::type>.asc(),
               q::unique);
  }
};

struct Counts {
  std::int64_t servers = 0;
  std::int64_t channel_links = 0;
  std::int64_t custom_messages = 0;
};

/// The requests of the bot. A cheap, thread-safe handle.
class Repository {
 public:
  explicit Repository(const q::Database& db)
      : servers_(db.collection<Server>()),
        links_(db.collection<ChannelLink>()),
        messages_(db.collection<CustomMessage>()) {}

  /// False: it was there, and stays as it is.
  bool add_server(const std::string& server_id) const;
  /// A voice channel has one link: another one takes its place.
  void link(const ChannelLink& wanted) const;
  [[nodiscard]] std::optional<ChannelLink> link_of(const std::string& voice_channel_id) const;
  /// An empty message takes away what was set.
  void set_message(const std::string& guild_id, Event type, const std::string& message) const;
  [[nodiscard]] std::optional<std::string> message(const std::string& guild_id, Event type) const;
  [[nodiscard]] Counts counts() const;

 private:
  q::Collection<Server> servers_;
  q::Collection<ChannelLink> links_;
  q::Collection<CustomMessage> messages_;
};

}  // namespace bot
