#include "quire/observe/subscription.hpp"

#include <atomic>

namespace quire::observe {

namespace detail {

/// Stands in front of an observer and can be shut: then it waits until nobody is inside.
class Gate final : public store::CommandObserver {
 public:
  explicit Gate(std::shared_ptr<store::CommandObserver> observer)
      : observer_(std::move(observer)) {}

  void on_command(const store::CommandEvent& event) noexcept override {
    const Visit visit(*this);
    if (!shut_) observer_->on_command(event);
  }
  void on_server(const store::ServerEvent& event) noexcept override {
    const Visit visit(*this);
    if (!shut_) observer_->on_server(event);
  }

  void shut() noexcept {
    shut_ = true;
    if (visits_here > 0) return;  // of this gate or of one that may wait for this
    for (int n = inside_; n != 0; n = inside_) inside_.wait(n);
  }

 private:
  struct Visit {
    explicit Visit(Gate& to) noexcept : gate(to) {
      ++gate.inside_;
      ++visits_here;
    }
    ~Visit() {
      --visits_here;
      if (--gate.inside_ == 0 && gate.shut_) gate.inside_.notify_all();
    }
    Visit(Visit&&) = delete;
    Gate& gate;
  };
  static thread_local int visits_here;

  std::shared_ptr<store::CommandObserver> observer_;
  // Sequentially consistent: a visitor counts itself before it looks whether the gate is shut.
  std::atomic<int> inside_{0};
  std::atomic<bool> shut_{false};
};

thread_local int Gate::visits_here = 0;

}  // namespace detail

namespace {

class CommandCallback final : public store::CommandObserver {
 public:
  explicit CommandCallback(std::function<void(const store::CommandEvent&)> callback)
      : callback_(std::move(callback)) {}
  void on_command(const store::CommandEvent& event) noexcept override {
    try {
      callback_(event);
    } catch (...) {  // the operation is done; nobody could be told
    }
  }

 private:
  std::function<void(const store::CommandEvent&)> callback_;
};

class ServerCallback final : public store::CommandObserver {
 public:
  explicit ServerCallback(std::function<void(const store::ServerEvent&)> callback)
      : callback_(std::move(callback)) {}
  void on_server(const store::ServerEvent& event) noexcept override {
    try {
      callback_(event);
    } catch (...) {
    }
  }

 private:
  std::function<void(const store::ServerEvent&)> callback_;
};

}  // namespace

Subscription::Subscription(std::weak_ptr<store::Store> store,
                           std::shared_ptr<detail::Gate> gate) noexcept
    : store_(std::move(store)), gate_(std::move(gate)) {}

Subscription& Subscription::operator=(Subscription&& other) noexcept {
  if (this != &other) {
    end();
    store_ = std::move(other.store_);
    gate_ = std::move(other.gate_);
  }
  return *this;
}

void Subscription::end() noexcept {
  if (gate_ == nullptr) return;
  if (const auto store = store_.lock()) store->observers().remove(gate_.get());
  gate_->shut();
  gate_.reset();
  store_.reset();
}

Subscription attach(const std::shared_ptr<store::Store>& store,
                    std::shared_ptr<store::CommandObserver> observer) {
  if (store == nullptr || observer == nullptr) return {};
  auto gate = std::make_shared<detail::Gate>(std::move(observer));
  store->observers().add(gate);
  return {store, std::move(gate)};
}

Subscription attach(const Database& db, std::shared_ptr<store::CommandObserver> observer) {
  return attach(db.shared_store(), std::move(observer));
}

Subscription on_command(const std::shared_ptr<store::Store>& store,
                        std::function<void(const store::CommandEvent&)> callback) {
  if (!callback) return {};
  return attach(store, std::make_shared<CommandCallback>(std::move(callback)));
}

Subscription on_command(const Database& db,
                        std::function<void(const store::CommandEvent&)> callback) {
  return on_command(db.shared_store(), std::move(callback));
}

Subscription on_server(const std::shared_ptr<store::Store>& store,
                       std::function<void(const store::ServerEvent&)> callback) {
  if (!callback) return {};
  return attach(store, std::make_shared<ServerCallback>(std::move(callback)));
}

Subscription on_server(const Database& db,
                       std::function<void(const store::ServerEvent&)> callback) {
  return on_server(db.shared_store(), std::move(callback));
}

}  // namespace quire::observe
