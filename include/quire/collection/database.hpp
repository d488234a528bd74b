#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "quire/store/store.hpp"

namespace quire {

template <class T>
class Collection;

/// A cheap handle on a shared, thread-safe store and the name of one of its databases.
/// Copies share the store. Threads: safe.
class Database {
 public:
  Database(std::shared_ptr<store::Store> store, std::string name)
      : store_(std::move(store)), name_(std::move(name)) {}

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] store::Store& store() const noexcept { return *store_; }
  [[nodiscard]] const std::shared_ptr<store::Store>& shared_store() const noexcept {
    return store_;
  }
  [[nodiscard]] store::Namespace ns(std::string_view collection) const noexcept {
    return {name_, collection};
  }

 private:
  std::shared_ptr<store::Store> store_;
  std::string name_;
};

}  // namespace quire
