#include "store/embedded/storage/ttl.hpp"

#include "quire/bson/writer.hpp"
#include "store/embedded/storage/mutate.hpp"

namespace quire::store::embedded {
namespace {

/// Whether one of the dates at the index's field is `seconds` ago; the key's order does not tell
/// dates in arrays from the earliest.
bson::Document expired_filter(const IndexMeta& index, DateTime now) {
  const auto limit = now - std::chrono::seconds{*index.spec.expire_after_seconds};
  bson::Writer out;
  out.begin_document(index.spec.fields[0].path).append("$lte", limit).end();
  if (index.spec.partial_filter) {
    out.begin_array("$and");
    out.push(index.spec.partial_filter->view());
    out.end();
  }
  return out.finish();
}

/// Of a clustered collection: its _ids are the dates.
bson::Document expired_ids(std::int64_t seconds, DateTime now) {
  return bson::make_document("_id",
                             bson::make_document("$lte", now - std::chrono::seconds{seconds}));
}

std::int64_t sweep(const std::shared_ptr<StorageFile>& file, Namespace ns,
                   const bson::Document& filter) {
  std::int64_t removed = 0;
  for (;;) {
    {  // looking costs no writer
      ReadScope look(file, nullptr);
      const auto collection = look.find(ns);
      if (collection == nullptr) return removed;
      FindOptions options;
      options.limit = 1;
      Execution execution(look.connection(), collection,
                          std::make_shared<Query>(filter.view(), options), false);
      if (!execution.next()) return removed;
    }
    WriteScope scope(file, nullptr, false);
    const auto collection = scope.target(ns);
    if (collection == nullptr) return removed;
    FindOptions options;
    options.limit = 1000;
    const auto rids = matching_rows(scope, collection, filter, options);
    RowWriter rows(scope, collection);
    for (const auto rid : rids) {
      Statement& row = scope.connection().row_statement(collection->cid, RowSql::by_rid);
      row.bind(1, rid);
      const Resetter resetter(row);
      if (row.step()) rows.erase(rid, row.document(1), row);
    }
    scope.commit();
    removed += static_cast<std::int64_t>(rids.size());
  }
}

}  // namespace

std::int64_t sweep_expired(const std::shared_ptr<StorageFile>& file) {
  std::shared_ptr<const Catalog> catalog;
  {
    ReadScope scope(file, nullptr);
    catalog = scope.connection().catalog;
  }
  std::int64_t removed = 0;
  if (!catalog->has_ttl) return removed;
  for (const auto& [database, collections] : catalog->databases) {
    for (const auto& [name, collection] : collections) {
      if (collection->traits.expire_after_seconds)
        removed += sweep(file, {database, name},
                         expired_ids(*collection->traits.expire_after_seconds, quire::now()));
      for (const auto& index : collection->indexes) {
        if (index->spec.expire_after_seconds && index->spec.fields.size() == 1)
          removed += sweep(file, {database, name}, expired_filter(*index, quire::now()));
      }
    }
  }
  return removed;
}

TtlSweeper::TtlSweeper(std::shared_ptr<StorageFile> file) : file_(std::move(file)) {
  if (file_->read_only() || file_->options().ttl_interval.count() == 0) return;
  file_->on_ttl([this] { start(); });
}

void TtlSweeper::start() {
  const std::lock_guard lock(mutex_);
  if (thread_.joinable() || stopping_) return;
  thread_ = std::thread([this] { run(); });
}

void TtlSweeper::stop() noexcept {
  std::thread last;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    last = std::move(thread_);
  }
  wake_.notify_all();
  finish_thread(std::move(last), fork_generation_);
}

void TtlSweeper::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    wake_.wait_for(lock, file_->options().ttl_interval, [&] { return stopping_; });
    if (stopping_) return;
    lock.unlock();
    try {
      (void)sweep_expired(file_);
    } catch (const std::exception&) {
      // busy, disk full: the next round tries again
    }
    lock.lock();
  }
}

}  // namespace quire::store::embedded
