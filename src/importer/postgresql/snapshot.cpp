#include "importer/postgresql/snapshot.hpp"

namespace quire::importer::postgresql {
namespace {

constexpr const char* begin_reading = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
constexpr std::string_view taking = "taking a snapshot";

}  // namespace

Snapshot::Snapshot(const Options& options) : options_(options), keeper_(options) {
  keeper_.query(begin_reading, taking);
  name_ = keeper_.value("SELECT pg_catalog.pg_export_snapshot()", taking);
}

void Snapshot::begin(Connection& connection) const {
  connection.query(begin_reading, taking);
  connection.query("SET TRANSACTION SNAPSHOT '" + name_ + "'", taking);
}

std::unique_ptr<Connection> Snapshot::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto out = std::move(idle_.back());
      idle_.pop_back();
      return out;
    }
  }
  auto out = std::make_unique<Connection>(options_);
  begin(*out);
  return out;
}

void Snapshot::give(std::unique_ptr<Connection> connection) {
  if (connection->lost()) return;
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(connection));
}

void Snapshot::give_failed(std::unique_ptr<Connection> connection) noexcept {
  try {
    if (!connection->roll_back()) return;
    begin(*connection);
    give(std::move(connection));
  } catch (const std::exception&) {
    // The next reader connects anew, and is told why it cannot.
  }
}

}  // namespace quire::importer::postgresql
