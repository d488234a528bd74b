#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "quire/bson/document.hpp"
#include "quire/store/store.hpp"

namespace quire::unified {

/// A command as the driver announces it: before it is sent, and once it is answered.
struct Seen {
  enum class Kind { started, succeeded, failed };
  Kind kind = Kind::started;
  std::string command;
  std::string database;
  bson::Document body;     ///< the command, the reply, or the reply of a failure
  bool of_server = false;  ///< failed by the server's answer, not by the connection
};

/// What was sent on the connections of one client. Thread-safe.
class Record {
 public:
  void add(Seen one);
  [[nodiscard]] std::vector<Seen> all() const;
  [[nodiscard]] std::size_t size() const;
  void clear();

 private:
  mutable std::mutex mutex_;
  std::vector<Seen> seen_;
};

/// A store of a server whose commands are recorded: it runs on a pool of the driver's own, on which
/// the record listens. A store of another kind is opened as it is and records nothing.
[[nodiscard]] std::shared_ptr<store::Store> open_recorded(const std::string& uri,
                                                          const std::shared_ptr<Record>& record);

}  // namespace quire::unified
