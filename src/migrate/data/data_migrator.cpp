#include "quire/migrate/data_migrator.hpp"

#include "migrate/data/data_run.hpp"
#include "migrate/data/stamp.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"

namespace quire::migrate {
namespace {

[[noreturn]] void refuse(const char* field, const std::string& why) {
  throw MigrationError(ErrorCode::invalid_migration, FieldPath(field), why);
}

}  // namespace

DataMigrator::DataMigrator(Database from, std::string collection)
    : from_(std::move(from)), monitor_(std::make_shared<detail::DataMonitor>()) {
  options_.collection = std::move(collection);
}

DataMigrator& DataMigrator::to(Database target, std::string collection) {
  to_.emplace(std::move(target));
  options_.into = collection.empty() ? options_.collection : std::move(collection);
  return *this;
}
DataMigrator& DataMigrator::name(std::string job) {
  options_.name = std::move(job);
  return *this;
}
DataMigrator& DataMigrator::filter(bson::View wanted) {
  options_.filter = bson::Document(wanted);
  return *this;
}
DataMigrator& DataMigrator::staged(std::string mapping, detail::StagedMap map) {
  options_.mapping = std::move(mapping);
  options_.map = std::move(map);
  return *this;
}
DataMigrator& DataMigrator::map(MapFunction fn) {
  if (!fn) refuse("map", "a map function is needed");
  return staged("map",
                [fn = std::move(fn)](bson::View source, RejectStage&) { return fn(source); });
}
DataMigrator& DataMigrator::revision(std::int32_t number) {
  options_.revision = number;
  return *this;
}
DataMigrator& DataMigrator::move() {
  options_.move = true;
  return *this;
}
DataMigrator& DataMigrator::existing(Existing policy) {
  options_.existing = policy;
  return *this;
}
DataMigrator& DataMigrator::rejects(RejectPolicy policy, RejectLimits limits) {
  options_.policy = policy;
  options_.limits = limits;
  return *this;
}
DataMigrator& DataMigrator::remove_gone() {
  options_.remove_gone = true;
  options_.existing = Existing::replace;
  return *this;
}
DataMigrator& DataMigrator::workers(int number) {
  options_.workers = number;
  return *this;
}
DataMigrator& DataMigrator::lease(std::chrono::milliseconds time) {
  options_.lease = time;
  return *this;
}
DataMigrator& DataMigrator::batch(std::int64_t documents, std::size_t bytes,
                                  std::chrono::milliseconds time) {
  options_.batch_documents = documents;
  options_.batch_bytes = bytes;
  options_.batch_time = time;
  return *this;
}
DataMigrator& DataMigrator::partition(std::int64_t documents) {
  options_.partition_documents = documents;
  return *this;
}
DataMigrator& DataMigrator::throttle(Throttle how) {
  options_.throttle = std::move(how);
  return *this;
}
DataMigrator& DataMigrator::verify(VerifyOptions options) {
  options_.verify = std::move(options);
  return *this;
}
DataMigrator& DataMigrator::verify(VerifyLevel level) {
  options_.verify.level = level;
  return *this;
}
DataMigrator& DataMigrator::inline_verify(bool on) {
  options_.inline_verify = on;
  return *this;
}
DataMigrator& DataMigrator::restart() {
  options_.restart = true;
  return *this;
}
DataMigrator& DataMigrator::accept_changes() {
  options_.accept = true;
  return *this;
}
DataMigrator& DataMigrator::on_progress(std::function<void(const DataProgress&)> callback) {
  options_.progress = std::move(callback);
  return *this;
}
DataMigrator& DataMigrator::stall_after(std::chrono::milliseconds time) {
  options_.stall = time;
  return *this;
}
DataMigrator& DataMigrator::stop_token(std::stop_token token) {
  options_.stop = std::move(token);
  return *this;
}

void DataMigrator::check() {
  auto& o = options_;
  if (o.name.empty() && to_) o.name = o.collection + "-" + o.into;
  if (!to_) refuse("to", "a job needs a target: call to(database, collection)");
  if (o.collection.empty()) refuse("collection", "the source's collection has no name");
  if (o.name.empty() || o.name.size() > 200) refuse("name", "a job's name has 1 to 200 bytes");
  if (from_.shared_store() == to_->shared_store() && from_.name() == to_->name() &&
      o.collection == o.into)
    refuse("to", "source and target are the same collection");
  for (const std::string& name : {o.collection, o.into}) {
    if (name.starts_with("_quire_")) refuse("collection", name + " is bookkeeping of migrations");
  }
  if (o.workers < 1 || o.workers > 64) refuse("workers", "1 to 64 threads");
  if (o.lease.count() < 50) refuse("lease", "a lease takes at least 50 ms");
  if (o.batch_documents < 1 || o.batch_documents > 1000)
    refuse("batch", "a batch has 1 to 1000 documents");
  if (o.batch_bytes < 1 || o.batch_bytes > 8 * 1024 * 1024)
    refuse("batch", "a batch has at most 8 MiB");
  if (o.batch_time.count() < 1 || o.batch_time > std::chrono::seconds(20))
    refuse("batch", "a batch takes 1 ms to 20 s, well below what a transaction may take");
  if (o.partition_documents < 0) refuse("partition", "the number of documents is negative");
  if (o.throttle.rate < 0 || o.throttle.nice < 0)
    refuse("throttle", "rate and nice are not below 0");
  if (o.limits.most < 0 || o.limits.percent < 0) refuse("rejects", "limits are not below 0");
  if (o.move && o.verify.level != VerifyLevel::none)
    refuse("verify", "a move leaves nothing to compare with; copy, verify, then drop the source");
  if (o.move && o.remove_gone)
    refuse("remove_gone",
           "a move takes out of the source what the target has; a copy can follow it");
  if (o.remove_gone && o.existing != Existing::replace)
    refuse("existing", "remove_gone() writes over what is there: leave existing() out");
  if (o.remove_gone) o.of_target = data::of_job(o.name);
  if (o.verify.sample < 1) refuse("verify", "a sample has at least one document of each side");
}

DataReport DataMigrator::run() {
  check();
  data::CollectionSource source(from_, options_.collection, options_.filter, options_.map);
  DataReport report = data::DataRun(source, from_, *to_, options_, *monitor_).run();
  if (options_.progress && report.result != DataResult::changed) options_.progress(report.progress);
  return report;
}

DataReport DataMigrator::retry_rejects() {
  check();
  data::CollectionSource source(from_, options_.collection, options_.filter, options_.map);
  return data::DataRun(source, from_, *to_, options_, *monitor_).retry();
}

VerifyReport DataMigrator::compare(const VerifyOptions& options) {
  check();
  if (options_.move) refuse("move", "a move leaves nothing to compare with");
  VerifyJob job{
      .from = from_, .collection = options_.collection, .to = *to_, .into = options_.into};
  job.filter = options_.filter;
  job.options = options;
  job.options.presence_only = options.presence_only || options_.existing == Existing::skip;
  job.options.extra_allowed = options.extra_allowed || options_.remove_gone;
  job.stop = options_.stop;
  if (options_.map) {
    job.map = [map = options_.map](bson::View source) {
      RejectStage stage = RejectStage::read;
      return map(source, stage);
    };
  }
  return migrate::verify(job);
}

DataReport DataMigrator::status() {
  check();
  data::CollectionSource source(from_, options_.collection, options_.filter, options_.map);
  return data::DataRun(source, from_, *to_, options_, *monitor_).status();
}

std::string DataMigrator::health() const { return monitor_->health(); }

std::int64_t DataMigrator::clean_stamps() {
  check();
  bson::Writer update;
  update.begin_document("$unset").append("_q", "").end();
  const bson::Document body = update.finish();
  auto options = safe<store::UpdateOptions>();
  options.multi = true;
  return to_->store()
      .update(to_->ns(options_.into), data::of_job(options_.name), {body.view()}, options)
      .modified;
}

void DataMigrator::control(const Database& target, std::string_view job, Desired desired,
                           std::string_view reason, std::int64_t rate) {
  write_control(target, data::control_id(job), job, desired, reason, rate);
}

}  // namespace quire::migrate
