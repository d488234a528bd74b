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
  std::size_t open = 0;
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto out = std::move(idle_.back());
      idle_.pop_back();
      return out;
    }
    // One keeps the moment, one asks for fingerprints.
    if (readers_ + 2 >= options_.connections)
      throw ImportError(ErrorCode::source_failed,
                        options_.location + ": all " + std::to_string(options_.connections) +
                            " connections are in use; each worker needs one for its table and one "
                            "for each table of children. Use fewer workers, or raise the option "
                            "connections of the URI");
    open = ++readers_ + 1;
  }
  try {
    return connect(open);
  } catch (...) {
    const std::lock_guard lock(mutex_);
    --readers_;
    throw;
  }
}

std::unique_ptr<Connection> Snapshot::connect(std::size_t open) const {
  std::unique_ptr<Connection> out;
  try {
    out = std::make_unique<Connection>(options_);
  } catch (const ImportError& error) {
    throw ImportError(error.code(),
                      error.detail() + "; " + std::to_string(open) +
                          " connections of this source were open: where the server takes no more, "
                          "use fewer workers, or let it take more",
                      error.backend_code());
  }
  begin(*out);
  return out;
}

void Snapshot::give(std::unique_ptr<Connection> connection) {
  const bool lost = connection->lost();
  const std::lock_guard lock(mutex_);
  if (lost)
    --readers_;
  else
    idle_.push_back(std::move(connection));
}

void Snapshot::give_failed(std::unique_ptr<Connection> connection) noexcept {
  try {
    if (connection->roll_back()) {
      begin(*connection);
      give(std::move(connection));
      return;
    }
  } catch (const std::exception&) {
    // The next reader connects anew, and is told why it cannot.
  }
  const std::lock_guard lock(mutex_);
  --readers_;
}

}  // namespace quire::importer::postgresql
