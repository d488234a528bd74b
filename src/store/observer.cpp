#include "quire/store/observer.hpp"

#include <algorithm>

namespace quire::store {

void Observers::add(std::shared_ptr<CommandObserver> observer) {
  if (observer == nullptr) return;
  const std::lock_guard lock(mutex_);
  auto next = list_ == nullptr ? std::make_shared<List>() : std::make_shared<List>(*list_);
  next->push_back(std::move(observer));
  list_ = std::move(next);
  any_ = true;
}

void Observers::remove(const CommandObserver* observer) {
  const std::lock_guard lock(mutex_);
  if (list_ == nullptr) return;
  auto next = std::make_shared<List>(*list_);
  std::erase_if(*next, [&](const auto& one) { return one.get() == observer; });
  any_ = !next->empty();
  list_ = std::move(next);
}

std::shared_ptr<const Observers::List> Observers::list() const noexcept {
  const std::lock_guard lock(mutex_);
  return list_;
}

void Observers::tell(const CommandEvent& event) const noexcept {
  if (const auto all = list()) {
    for (const auto& one : *all) one->on_command(event);
  }
}

void Observers::tell(const ServerEvent& event) const noexcept {
  if (const auto all = list()) {
    for (const auto& one : *all) one->on_server(event);
  }
}

}  // namespace quire::store
