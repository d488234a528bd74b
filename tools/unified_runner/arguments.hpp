#pragma once

#include <deque>
#include <set>
#include <string>
#include <string_view>

#include "world.hpp"

namespace quire::unified {

/// What an operation acts on.
struct Target {
  std::string id;
  Client* client = nullptr;
  std::string database;
  std::string collection;
  Concerns concerns;
  SessionEntity* session = nullptr;
  [[nodiscard]] store::Namespace ns() const noexcept { return {database, collection}; }
  [[nodiscard]] store::Store& store() const { return *client->store; }
};

/// The arguments of an operation: what is not taken by done() is an option that the port lacks.
class Arguments {
 public:
  Arguments(std::string operation, bson::View all) : operation_(std::move(operation)), all_(all) {}

  [[nodiscard]] bson::View all() const noexcept { return all_; }
  [[nodiscard]] std::optional<bson::ValueView> take(std::string_view name);
  /// Throws Failed when it is not there.
  [[nodiscard]] bson::ValueView need(std::string_view name);
  /// Throws Skip for an argument that was not taken.
  void done() const;

  void to(std::string_view name, bson::View& out);
  void to_array(std::string_view name, std::optional<bson::View>& out);
  void to(std::string_view name, bool& out);
  void to(std::string_view name, std::optional<bool>& out);
  void to(std::string_view name, std::int64_t& out);
  void to(std::string_view name, std::int32_t& out);
  void to(std::string_view name, std::string_view& out);
  /// Throws Skip for false: the port leaves it out, which means the same to a server.
  void to_bypass(bool& out);
  /// A document of keys, or a name.
  void to_hint(bson::View& keys, std::string_view& name);
  /// Session, comment, maxTimeMS; the concerns of the target, which count outside of transactions
  /// only. The result's pointers live as long as `target`.
  void common(World& world, const Target& target, store::OperationOptions& options, bool reads,
              bool writes);

 private:
  std::string operation_;
  bson::View all_;
  std::set<std::string, std::less<>> taken_;
};

[[nodiscard]] store::UpdateSpec update_of(bson::ValueView value);

}  // namespace quire::unified
