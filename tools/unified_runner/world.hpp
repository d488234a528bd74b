#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "match.hpp"
#include "quire/bson/document.hpp"
#include "quire/bson/value.hpp"
#include "quire/store/store.hpp"
#include "wire.hpp"

namespace quire::unified {

/// Thrown where a test asks for what cannot be run here; the reason is counted.
struct Skip {
  std::string reason;
};
/// Thrown where an answer is not what the test expects.
struct Failed {
  std::string why;
};
/// An operation that failed, as the format's expectError looks at it.
struct Failure {
  ErrorCode code = ErrorCode::internal;
  int number = 0;
  std::string text;
  std::vector<std::string> labels;
  std::optional<bson::Document> partial;  ///< what a bulk write had done by then
  bson::Document details;                 ///< errInfo, or keyPattern and keyValue
};

struct Client {
  std::shared_ptr<Record> record;
  std::shared_ptr<store::Store> store;
  std::set<std::string, std::less<>> observed;  ///< names of events
  std::set<std::string, std::less<>> ignored;   ///< names of commands
  /// The driver's pool hands out sessions that were used before this test: their last txnNumber, by
  /// the bytes of the lsid. Tests count from a fresh one.
  std::map<std::string, std::int64_t, std::less<>> numbers;
};
struct DatabaseEntity {
  Client* client = nullptr;
  std::string name;
  Concerns concerns;
};
struct CollectionEntity {
  Client* client = nullptr;
  std::string database;
  std::string name;
  Concerns concerns;
};
struct SessionEntity {
  Client* client = nullptr;
  std::unique_ptr<store::Session> own;
  store::Session* current = nullptr;  ///< own, or that of the transaction under way
  std::optional<bson::Value> lsid;    ///< once seen in a command
  store::StartOptions defaults;       ///< of its transactions
};

/// What a run of tests knows of its target.
struct Deployment {
  std::string uri;
  std::shared_ptr<store::Store> store;  ///< for what is no part of a test; shared on embedded ones
  bool embedded = false;
  std::string topology;  ///< "single", "replicaset", "sharded"
  std::vector<int> version;
  bool auth = false;
  store::Capabilities capabilities;
  /// Clients of earlier tests without sessions, by id and URI: a connection costs more than most
  /// tests.
  std::map<std::string, std::pair<std::shared_ptr<store::Store>, std::shared_ptr<Record>>> opened;
  std::map<std::string, std::int64_t, std::less<>> numbers;  ///< last txnNumber by lsid, see Client
  /// Clients of the last few tests with sessions: the driver takes half a second to close a pool
  /// that is younger than that.
  std::deque<std::shared_ptr<store::Store>> retired;
  void retire(std::shared_ptr<store::Store> one);
};

/// The entities of one test.
class World {
 public:
  explicit World(Deployment& deployment) : deployment_(deployment) {}

  /// `list`: the format's createEntities. Throws Skip.
  void create(bson::View list);
  [[nodiscard]] Deployment& deployment() noexcept { return deployment_; }
  [[nodiscard]] Client& client(std::string_view id);
  [[nodiscard]] SessionEntity& session(std::string_view id);

  std::map<std::string, std::unique_ptr<Client>, std::less<>> clients;
  std::map<std::string, DatabaseEntity, std::less<>> databases;
  std::map<std::string, CollectionEntity, std::less<>> collections;
  std::map<std::string, SessionEntity, std::less<>> sessions;
  struct Stream {
    Client* client = nullptr;
    std::unique_ptr<store::ChangeStream> own;
  };
  std::map<std::string, Stream, std::less<>> streams;
  std::map<std::string, bson::Value, std::less<>> values;
  std::vector<std::pair<Client*, std::string>> fail_points;

  /// For the operators of expectations.
  [[nodiscard]] Lookup lookup();

 private:
  Deployment& deployment_;
};

/// {readConcern, writeConcern, readPreference} of a document of options.
[[nodiscard]] Concerns concerns_of(bson::View options);
/// The same and maxCommitTimeMS, of a transaction.
[[nodiscard]] store::StartOptions start_options_of(bson::View options,
                                                   store::StartOptions defaults = {});
/// The bytes of a command's lsid; empty = none.
[[nodiscard]] std::string lsid_of(bson::View command);
[[nodiscard]] std::int64_t integer_of(bson::ValueView value);

}  // namespace quire::unified
