#include "store/embedded/observed.hpp"
#include "store/embedded/storage/change_stream.hpp"
#include "store/embedded/store.hpp"

namespace quire::store::embedded {

void EmbeddedStore::set_up_change_log() {
  const auto wanted = file_->options().changes;
  if (wanted == Options::Changes::automatic || file_->read_only()) return;
  const bool on = wanted == Options::Changes::on;
  {
    ReadScope scope(file_, nullptr);
    const auto state = read_log_state(scope.connection());
    const bool active = state && state->active;
    if (on ? active && state->kept : !active) return;
  }
  WriteScope scope(file_, nullptr, false);
  const bool changed =
      on ? activate_log(scope.connection(), true) : deactivate_log(scope.connection());
  if (changed) scope.catalog_changed();
  scope.commit();
}

std::unique_ptr<ChangeStream> EmbeddedStore::watch(Namespace ns, bson::View pipeline,
                                                   const WatchOptions& options) {
  return observed(*observers_, {"aggregate", ns}, [&]() -> std::unique_ptr<ChangeStream> {
    file_->check_usable();
    return std::make_unique<EmbeddedChangeStream>(file_, ns, pipeline, options);
  });
}

}  // namespace quire::store::embedded
