#include "store/embedded/store.hpp"

#include "store/embedded/commands/command_layer.hpp"
#include "store/embedded/storage/ttl.hpp"

namespace quire::store::embedded {

EmbeddedStore::EmbeddedStore(Options options) : file_(StorageFile::open(std::move(options))) {
  sweeper_ = std::make_unique<TtlSweeper>(file_);
  commands_ = std::make_unique<CommandLayer>();
  set_up_change_log();
}

EmbeddedStore::~EmbeddedStore() {
  // Cursors and sessions may live a little longer; the file goes with the last.
  close();
  if (file_->is_inherited()) {
    (void)sweeper_.release();
    (void)commands_.release();
  }
}

Capabilities EmbeddedStore::capabilities() {
  Capabilities out;
  out.transactions = true;
  out.sessions = true;
  out.aggregation = true;
  out.update_pipelines = true;
  out.views = true;
  out.json_schema = true;
  out.online_backup = true;
  out.transactional_catalog = true;
  out.snapshot_cursors = true;
  out.atomic_multi_writes = true;
  out.change_streams = true;
  out.collection_options = true;
  return out;
}

std::string EmbeddedStore::redacted_uri() const {
  return file_->options().memory ? ":memory:" : file_->options().path;
}

std::unique_ptr<Session> EmbeddedStore::start_session(const SessionOptions& options) {
  if (options.snapshot) {
    throw StoreError(ErrorCode::unsupported,
                     "the embedded store has no snapshot sessions; a transaction reads one moment");
  }
  file_->check_usable();
  return std::make_unique<EmbeddedSession>(file_, observers_);
}

bson::Document EmbeddedStore::run_command(std::string_view database, bson::View command,
                                          Session* session) {
  file_->check_usable();
  return commands_->run(*this, database, command, session);
}

Health EmbeddedStore::health(std::chrono::milliseconds) noexcept {
  Health out;
  out.kind = "embedded";
  out.version = "file format " + std::to_string(format_version);
  const auto start = std::chrono::steady_clock::now();
  try {
    const ReadScope scope(file_, nullptr);
    out.ok = true;
    out.writable = !file_->options().read_only;
  } catch (const std::exception& error) {
    out.error = error.what();
  }
  out.round_trip = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - start);
  return out;
}

void EmbeddedStore::close() {
  if (file_->is_inherited()) return;
  sweeper_->stop();
  commands_->clear();
  file_->close();
}

}  // namespace quire::store::embedded
