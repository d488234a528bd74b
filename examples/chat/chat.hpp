#pragma once

#include <boost/describe/enum.hpp>
#include <functional>
#include <quire/observe/observe.hpp>
#include <quire/quire.hpp>
#include <string>
#include <vector>

/// What the chat service keeps, and what it asks of it.
namespace chat {

namespace q = quire;

// [models]
struct Conversation {
  std::string id = {};
  std::string user_id = {};
  std::string title = {};
  q::DateTime created_at = {};
  q::DateTime updated_at = {};
  std::int32_t message_count = 0;  ///< the next message's position is one more
  static auto model() {
    return q::model<Conversation>("conversations")
        .index(q::field<&Conversation::user_id>.asc(), q::field<&Conversation::updated_at>.desc());
  }
};

enum class Role { user, assistant };
BOOST_DESCRIBE_ENUM(Role, user, assistant)

struct Message {
  q::ObjectId id = {};
  std::string conversation_id = {};
  std::int32_t position = 0;  ///< in its conversation, 1 = the first
  Role role = Role::user;
  std::string content = {};
  q::DateTime created_at = {};
  static auto model() {
    return q::model<Message>("messages")
        .index(q::field<&Message::conversation_id>.asc(), q::field<&Message::position>.asc(),
               q::unique);
  }
};

struct Memory {
  std::string id = {};
  std::string user_id = {};
  std::string text = {};
  std::int32_t importance = 0;
  q::DateTime created_at = {};
  static auto model() {
    return q::model<Memory>("memories")
        .index(q::field<&Memory::user_id>.asc(), q::field<&Memory::importance>.desc());
  }
};
// [/models]

/// A line of the list of conversations: what it shows, and no more.
struct Card {
  std::string id = {};
  std::string title = {};
  q::DateTime updated_at = {};
};

/// Whether all is where it belongs, see Repository::integrity().
struct Integrity {
  std::int64_t conversations = 0;
  std::int64_t messages = 0;
  std::int64_t orphans = 0;     ///< messages whose conversation is not there
  std::int64_t incomplete = 0;  ///< conversations whose messages are not number 1, 2, 3 … of all
  [[nodiscard]] bool ok() const { return orphans == 0 && incomplete == 0; }
};

/// The requests of the service. A cheap, thread-safe handle.
class Repository {
 public:
  explicit Repository(const q::Database& db)
      : conversations_(db.collection<Conversation>()),
        messages_(db.collection<Message>()),
        memories_(db.collection<Memory>()) {}

  /// Newest first.
  [[nodiscard]] std::vector<Card> conversations_of(const std::string& user, int limit) const;
  /// In their order.
  [[nodiscard]] std::vector<Message> messages_of(const std::string& conversation) const;
  /// The message's position. Throws StoreError not_found where there is no such conversation.
  std::int32_t append(const std::string& conversation, Role role, const std::string& content) const;
  /// Those of a user that hold the text, in any case of its letters, the most important first.
  [[nodiscard]] std::vector<Memory> search(const std::string& user, const std::string& text) const;
  /// All of them, through a buffer; how many batches were sent.
  std::int64_t remember(const std::vector<Memory>& memories) const;
  /// Reads places only, in the order of the indexes.
  [[nodiscard]] Integrity integrity() const;

 private:
  q::Collection<Conversation> conversations_;
  q::Collection<Message> messages_;
  q::Collection<Memory> memories_;
};

// [watch]
/// What is seen of the requests while it lives.
class Watch {
 public:
  Watch(const q::Database& db, std::chrono::milliseconds slow)
      : slow_(q::observe::slow_log(db, {.threshold = slow, .max_per_second = 10})),
        counting_(q::observe::attach(db, metrics_)),
        logging_(q::observe::attach(db, queries_)) {}
  /// {"operations": [{"command", "collection", "count", "failed", "p50_ms", "p99_ms"}]}
  [[nodiscard]] std::string metrics_json() const;
  [[nodiscard]] const q::observe::QueryLog& queries() const { return *queries_; }

 private:
  std::shared_ptr<q::observe::Metrics> metrics_ = std::make_shared<q::observe::Metrics>();
  std::shared_ptr<q::observe::QueryLog> queries_ = std::make_shared<q::observe::QueryLog>();
  q::observe::Subscription slow_, counting_, logging_;
};
// [/watch]

}  // namespace chat
