#include "importer/mysql/pool.hpp"

#include <utility>

#include "importer/mysql/fingerprint.hpp"
#include "importer/mysql/snapshot.hpp"

namespace quire::importer::mysql {

Pool::Pool(Options options) : options_(std::move(options)) {
  connect_all();
  std::vector<Connection*> all{shared_.get()};
  for (const auto& one : idle_) all.push_back(one.get());
  try {
    prints_ = fingerprints_of(*shared_);
  } catch (const ImportError&) {
    if (shared_->lost()) throw;  // else who asks for one is told
  }
  single_ = take_snapshot(all);
}

/// A server may allow fewer connections than are asked for: with one alone all is read by cursors.
void Pool::connect_all() {
  shared_ = std::make_unique<Connection>(options_);
  idle_.reserve(options_.connections);
  while (idle_.size() + 1 < options_.connections) {
    try {
      idle_.push_back(std::make_unique<Connection>(options_));
    } catch (const ImportError&) {
      break;
    }
  }
}

Pool::Lease Pool::lend() {
  const std::lock_guard lock(idle_mutex_);
  if (idle_.empty()) return {};
  auto connection = std::move(idle_.back());
  idle_.pop_back();
  return {*this, std::move(connection)};
}

Pool::Lease& Pool::Lease::operator=(Lease&& other) noexcept {
  give_back();
  pool_ = other.pool_;
  connection_ = std::move(other.connection_);
  return *this;
}

void Pool::Lease::give_back() noexcept {
  if (connection_ == nullptr) return;
  auto connection = std::exchange(connection_, nullptr);
  if (connection->lost()) return;
  const std::lock_guard lock(pool_->idle_mutex_);
  pool_->idle_.push_back(std::move(connection));
}

bool Pool::kill_statement(unsigned long connection_id) noexcept {
  const std::string sql = "KILL QUERY " + std::to_string(connection_id);
  try {
    if (const std::unique_lock lock(shared_mutex_, std::try_to_lock); lock && !shared_->lost()) {
      return shared_->attempt(sql) == 0;
    }
    Connection other(options_);
    return other.attempt(sql) == 0;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace quire::importer::mysql
