#include "quire/migrate/report.hpp"

#include <algorithm>

#include "bson/report_fields.hpp"
#include "migrate/finding_fields.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"

namespace quire::migrate {
namespace {

constexpr std::string_view schema = "quire.migrate/1";

void append_entry(bson::Writer& w, const MigrationEntry& entry) {
  w.push_document_begin()
      .append("id", entry.id)
      .append("state", to_string(entry.state))
      .append("direction", entry.down ? "down" : "up")
      .append("atomicity", to_string(entry.atomicity))
      .append("guarantee", entry.guarantee)
      .append("ms", entry.ms)
      .append("matched", entry.matched)
      .append("changed", entry.changed)
      .append("removed", entry.removed)
      .append("rejected", entry.rejected)
      .append("preimages", entry.preimages);
  if (entry.cursor) {
    w.append("cursor", *entry.cursor);
  } else {
    w.append_null("cursor");
  }
  w.append("out_of_order", entry.out_of_order);
  bson::append_error(w, entry.error);
  w.end();
}

}  // namespace

std::string_view to_string(MigrationResult result) noexcept {
  switch (result) {
    case MigrationResult::nothing:
      return "nothing";
    case MigrationResult::applied:
      return "applied";
    case MigrationResult::failed:
      return "failed";
    case MigrationResult::partial:
      return "partial";
    case MigrationResult::attention:
      return "attention";
    case MigrationResult::paused:
      return "paused";
    case MigrationResult::busy:
      return "busy";
    case MigrationResult::skipped:
      return "skipped";
    case MigrationResult::deferred:
      return "deferred";
    case MigrationResult::unverified:
      return "unverified";
    case MigrationResult::lock_lost:
      return "lock_lost";
    case MigrationResult::drifted:
      return "drifted";
    case MigrationResult::too_new:
      return "too_new";
    case MigrationResult::irreversible:
      return "irreversible";
  }
  return "unknown";
}

int MigrationReport::exit_code() const noexcept {
  switch (result) {
    case MigrationResult::nothing:
    case MigrationResult::applied:
    case MigrationResult::skipped:
    case MigrationResult::deferred:
      return 0;
    case MigrationResult::irreversible:
      return 2;
    case MigrationResult::drifted:
      return 11;
    case MigrationResult::too_new:
      return 13;
    case MigrationResult::busy:
      return 20;
    case MigrationResult::lock_lost:
      return 21;
    case MigrationResult::failed:
      return 30;
    case MigrationResult::partial:
    case MigrationResult::attention:
      return 31;
    case MigrationResult::paused:
      return 32;
    case MigrationResult::unverified:
      return 41;
  }
  return 1;
}

std::string MigrationReport::json() const {
  bson::Writer w;
  w.append("schema", schema)
      .append("op", operation)
      .append("run", run)
      .append("result", to_string(result))
      .append("exit", std::int32_t{exit_code()});
  w.begin_document("lock")
      .append("token", lock_token)
      .append("waited_ms", waited_ms)
      .append("took_over", took_over)
      .end();
  w.begin_array("migrations");
  for (const MigrationEntry& entry : migrations) append_entry(w, entry);
  w.end();
  bson::append_texts(w, "drained", drained);
  bson::append_texts(w, "deferred", deferred);
  bson::append_texts(w, "warnings", warnings);
  bson::append_error(w, error);
  bson::append_texts(w, "next", next);
  return bson::to_json(w.finish());
}

const MigrationReport& MigrationReport::or_throw() const {
  if (ok()) return *this;
  if (error) throw MigrationError(error->code(), error->path(), error->detail());
  throw MigrationError(ErrorCode::migration_failed,
                       "the migrations ended as " + std::string(to_string(result)));
}

namespace {

void append_seconds(bson::Writer& w, const std::optional<double>& seconds) {
  if (seconds) {
    w.append("seconds", *seconds);
  } else {
    w.append_null("seconds");
  }
}

void append_parts(bson::Writer& w, const std::vector<PlannedStep>& parts) {
  w.begin_array("parts");
  for (const PlannedStep& part : parts) {
    w.push_document_begin().append("op", part.op).append("collection", part.collection);
    if (part.matched) {
      w.append("matched", *part.matched);
    } else {
      w.append_null("matched");
    }
    w.append("how", part.how).append("locks", part.locks);
    append_seconds(w, part.seconds);
    w.append("sampled", part.sampled).append("measured", part.measured).end();
  }
  w.end();
}

}  // namespace

std::string MigrationPlan::json() const {
  bson::Writer w;
  w.append("schema", schema).append("op", "plan").append("app_level", std::int32_t{app_level});
  append_seconds(w, seconds);
  w.begin_array("migrations");
  for (const PlannedMigration& one : migrations) {
    w.push_document_begin()
        .append("id", one.id)
        .append("title", one.title)
        .append("state", to_string(one.state))
        .append("atomicity", to_string(one.atomicity))
        .append("guarantee", one.guarantee)
        .append("checksum", one.checksum)
        .append("documents", one.documents)
        .append("out_of_order", one.out_of_order)
        .append("not_reversible", one.reversible)
        .append("blocked_by", one.blocked_by)
        .append("matched", one.matched)
        .append("unmeasured", std::int32_t{one.unmeasured})
        .append("min_app", std::int32_t{one.min_app});
    append_seconds(w, one.seconds);
    append_parts(w, one.parts);
    bson::append_texts(w, "steps", one.steps);
    bson::append_texts(w, "touches", one.touches);
    w.end();
  }
  w.end();
  bson::append_texts(w, "warnings", warnings);
  append_findings(w, "findings", findings);
  return bson::to_json(w.finish());
}

std::size_t MigrationStatus::pending() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(migrations.begin(), migrations.end(), [](const MigrationStatusEntry& entry) {
        using enum MigrationState;
        return entry.state != applied && entry.state != baselined && entry.state != superseded &&
               entry.state != MigrationState::skipped && entry.state != future &&
               entry.state != drifted;
      }));
}

std::string MigrationStatus::json() const {
  bson::Writer w;
  w.append("schema", schema).append("op", "status");
  w.append("pending", static_cast<std::int64_t>(pending()));
  w.begin_array("migrations");
  for (const MigrationStatusEntry& entry : migrations) {
    w.push_document_begin()
        .append("id", entry.id)
        .append("title", entry.title)
        .append("state", to_string(entry.state))
        .append("out_of_order", entry.out_of_order)
        .append("sequence", entry.sequence)
        .append("fence", entry.fence)
        .append("ms", entry.ms);
    if (entry.finished) {
      w.append("finished", *entry.finished);
    } else {
      w.append_null("finished");
    }
    w.append("error", entry.error).append("verified", entry.verified).end();
  }
  w.end();
  return bson::to_json(w.finish());
}

}  // namespace quire::migrate
