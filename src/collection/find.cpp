#include "collection/fill.hpp"

namespace quire::collection_detail {

using bson::Document;
using bson::View;

void put_concerns(store::OperationOptions& to, const Database& db,
                  const std::optional<ReadConcern>* read,
                  const std::optional<ReadPreference>* preference,
                  const std::optional<WriteConcern>* write) noexcept {
  const Concerns& handle = db.concerns();
  const bool inside = to.session != nullptr && to.session->in_transaction();
  const auto choose = [&](const auto* call, const auto& own) -> decltype(&*own) {
    if (call != nullptr && *call) return &**call;
    return own && !inside ? &*own : nullptr;
  };
  to.read_concern = choose(read, handle.read);
  to.read_preference = choose(preference, handle.preference);
  to.write_concern = choose(write, handle.write);
}

namespace {
store::FindOptions options_of(const FindData& find) {
  store::FindOptions to;
  to.session = find.session;
  to.max_time = find.max_time;
  set_comment(to, find.comment);
  to.let = find.let.view();
  to.collation = find.collation.view();
  to.projection = find.projection.view();
  to.sort = find.sort.view();
  to.hint_name = find.hint;
  to.hint = find.hint_keys.view();
  to.skip = find.skip;
  to.limit = find.limit;
  to.batch_size = find.batch_size;
  to.allow_disk_use = find.allow_disk_use;
  put_concerns(to, find.core->database(), &find.read_concern, &find.read_preference, nullptr);
  return to;
}
}  // namespace

std::unique_ptr<store::Cursor> FindData::open() const {
  return core->store().find(core->ns(), filter, options_of(*this));
}
Document FindData::explain() const {
  return core->store().explain(core->ns(), filter, options_of(*this));
}
bool FindData::first(FunctionRef<void(View)> sink) const {
  auto to = options_of(*this);
  to.limit = 1;
  return core->store().find_one(core->ns(), filter, to,
                                [&](View document) { core->read(document, sink); });
}

}  // namespace quire::collection_detail
