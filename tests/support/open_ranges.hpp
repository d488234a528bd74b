#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "quire/bson/json.hpp"
#include "quire/collection/database.hpp"
#include "quire/store/observer.hpp"

namespace quire::test {

/// Counts reads of one collection behind an _id that name no end: each may cost a server all that
/// lies behind.
class OpenRanges final : public store::CommandObserver {
 public:
  static std::shared_ptr<OpenRanges> of(const Database& db, std::string collection) {
    auto counting = std::make_shared<OpenRanges>(std::move(collection));
    db.store().observers().add(counting);
    return counting;
  }
  explicit OpenRanges(std::string collection) : collection_(std::move(collection)) {}

  void on_command(const store::CommandEvent& event) noexcept override {
    if (event.command != "find" || event.collection != collection_) return;
    const std::string filter = bson::to_json(event.filter);
    if (filter.find("\"_id\": {\"$gt\"") == std::string::npos) return;
    ++(filter.find("\"$lte\"") == std::string::npos ? count : closed);
  }
  std::atomic<int> count{0};
  std::atomic<int> closed{0};  ///< those that name an end

 private:
  std::string collection_;
};

}  // namespace quire::test
