#include "store/embedded/store.hpp"

#include "store/embedded/commands/command_layer.hpp"
#include "store/embedded/storage/ttl.hpp"

namespace quire::store::embedded {

EmbeddedStore::EmbeddedStore(Options options)
    : file_(std::make_shared<StorageFile>(std::move(options))) {
  sweeper_ = std::make_unique<TtlSweeper>(file_);
  commands_ = std::make_unique<CommandLayer>();
}

EmbeddedStore::~EmbeddedStore() {
  // Cursors and sessions may live a little longer; the file goes with the last.
  close();
}

Capabilities EmbeddedStore::capabilities() {
  Capabilities out;
  out.transactions = true;
  out.online_backup = true;
  return out;
}

std::string EmbeddedStore::redacted_uri() const {
  return file_->options().memory ? ":memory:" : file_->options().path;
}

std::unique_ptr<Session> EmbeddedStore::start_session() {
  file_->check_usable();
  return std::make_unique<EmbeddedSession>(file_);
}

bson::Document EmbeddedStore::run_command(std::string_view database, bson::View command,
                                          Session* session) {
  file_->check_usable();
  return commands_->run(*this, database, command, session);
}

void EmbeddedStore::close() {
  sweeper_->stop();
  commands_->clear();
  file_->close();
}

}  // namespace quire::store::embedded
