#include "bson/report_fields.hpp"
#include "migrate/data/chunks.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/migrate/data_report.hpp"

namespace quire::migrate {

std::string_view to_string(JobState value) noexcept {
  switch (value) {
    case JobState::planning:
      return "planning";
    case JobState::running:
      return "running";
    case JobState::copied:
      return "copied";
    case JobState::verifying:
      return "verifying";
    case JobState::verified:
      return "verified";
    case JobState::complete:
      return "complete";
  }
  return "unknown";
}

std::string_view to_string(Existing value) noexcept {
  switch (value) {
    case Existing::fail:
      return "fail";
    case Existing::skip:
      return "skip";
    case Existing::replace:
      return "replace";
  }
  return "unknown";
}

std::string_view to_string(RejectPolicy value) noexcept {
  switch (value) {
    case RejectPolicy::reject:
      return "reject";
    case RejectPolicy::stop_partition:
      return "stop_partition";
    case RejectPolicy::stop:
      return "stop";
  }
  return "unknown";
}

std::string_view to_string(RejectStage value) noexcept {
  switch (value) {
    case RejectStage::read:
      return "read";
    case RejectStage::map:
      return "map";
    case RejectStage::validate:
      return "validate";
    case RejectStage::write:
      return "write";
    case RejectStage::verify:
      return "verify";
  }
  return "unknown";
}

std::string_view to_string(Desired value) noexcept {
  switch (value) {
    case Desired::run:
      return "run";
    case Desired::pause:
      return "pause";
    case Desired::stop:
      return "stop";
  }
  return "unknown";
}

std::string_view to_string(VerifyLevel value) noexcept {
  switch (value) {
    case VerifyLevel::none:
      return "none";
    case VerifyLevel::counts:
      return "counts";
    case VerifyLevel::sample:
      return "sample";
    case VerifyLevel::digest:
      return "digest";
    case VerifyLevel::full:
      return "full";
  }
  return "unknown";
}

std::string_view to_string(DataResult result) noexcept {
  switch (result) {
    case DataResult::nothing:
      return "nothing";
    case DataResult::complete:
      return "complete";
    case DataResult::stopped:
      return "stopped";
    case DataResult::failed:
      return "failed";
    case DataResult::partial:
      return "partial";
    case DataResult::rejects:
      return "rejects";
    case DataResult::mismatch:
      return "mismatch";
    case DataResult::changed:
      return "changed";
  }
  return "unknown";
}

int DataReport::exit_code() const noexcept {
  switch (result) {
    case DataResult::nothing:
    case DataResult::complete:
      return 0;
    case DataResult::failed:
      return 30;
    case DataResult::partial:
      return 31;
    case DataResult::stopped:
      return 32;
    case DataResult::rejects:
      return 40;
    case DataResult::mismatch:
      return 41;
    case DataResult::changed:
      return 42;
  }
  return 1;
}

std::string DataReport::json() const {
  bson::Writer w;
  w.append("schema", "quire.migrate/1")
      .append("op", operation)
      .append("run", run)
      .append("result", to_string(result))
      .append("exit", std::int32_t{exit_code()});
  w.begin_document("job")
      .append("name", job)
      .append("state", to_string(state))
      .append("guarantee", guarantee)
      .append("consistency", consistency)
      .append("done", progress.done)
      .append("total", progress.total)
      .append("total_kind", progress.exact ? "exact" : "estimate")
      .append("rate", progress.rate);
  if (progress.eta_seconds >= 0) {
    w.append("eta_s", progress.eta_seconds);
  } else {
    w.append_null("eta_s");
  }
  w.append("reason", progress.reason)
      .append("partitions", partitions)
      .append("partitions_done", partitions_done)
      .append("taken_over", taken_over)
      .append("lost", lost)
      .end();
  w.begin_document("counts");
  data::append_counts(w, counts);
  w.append("gone", gone).end();
  if (verification) {
    w.append("verification", bson::from_json(verification->json()));
  } else {
    w.append_null("verification");
  }
  w.append("seconds", seconds);
  bson::append_texts(w, "drained", drained);
  bson::append_texts(w, "warnings", warnings);
  bson::append_error(w, error);
  bson::append_texts(w, "next", next);
  return bson::to_json(w.finish());
}

const DataReport& DataReport::or_throw() const {
  if (ok()) return *this;
  if (error)
    throw MigrationError(error->code(), error->path(), error->detail(), error->backend_code());
  throw MigrationError(ErrorCode::migration_partial, FieldPath(job),
                       "the job ended as " + std::string(to_string(result)));
}

}  // namespace quire::migrate
