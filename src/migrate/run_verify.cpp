// Whether what a migration was to do is done: asked after it, and what later ones wait for.
#include "migrate/check_step.hpp"
#include "migrate/run.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {

using enum MigrationState;

bool MigrationRunner::Run::is_unverified(const Compiled& one) const {
  const HistoryRow* known = row(one.id());
  return one.migration->info().verify != VerifyLevel::none && known != nullptr &&
         known->state == applied && known->verified.empty();
}

bool MigrationRunner::Run::verify(const Compiled& one) {
  const VerifyLevel level = one.migration->info().verify;
  Verification sum;
  std::optional<Error> cause;
  MigrationResult result = MigrationResult::unverified;
  std::vector<std::string> next{
      "look at the documents, correct them (or let programs that still write the old shape end), "
      "and "
      "run again: it is verified again, and what comes after it waits"};
  monitor_.step(one.id(), 0, static_cast<int>(one.steps.size()), -1);
  try {
    for (std::size_t i = 0; i < one.steps.size(); ++i) {
      const auto& step = one.steps[i].data();
      bool is_last = true;  // what a later step changed again says nothing of this one
      for (std::size_t later = i + 1; later < one.steps.size(); ++later)
        is_last = is_last && !overlap(step.touches, one.steps[later].data().touches);
      const auto between = [&] {
        pace_.pass();
        lock_.check();
      };
      if (is_last) check_step(db_, step, level, between, sum);
    }
  } catch (const Paused& pause) {
    result =
        pause.cause == Paused::Cause::budget ? MigrationResult::deferred : MigrationResult::paused;
    yielded_ = pause.cause == Paused::Cause::yields;
    cause.emplace(MigrationError(ErrorCode::migration_partial, FieldPath(one.id()),
                                 pause.reason + ", while it was verified"));
    next = {"run again: it is verified from the start"};
  } catch (const StoreError& error) {
    result = MigrationResult::failed;
    cause.emplace(StoreError(error.code(), FieldPath(one.id()),
                             "while it was verified: " + error.detail(), error.backend_code()));
    next = {"correct the cause and run again: it is verified from the start"};
  }
  if (!cause && sum.wrong > 0) {
    cause.emplace(MigrationError(ErrorCode::precondition_failed, FieldPath(one.id()),
                                 "verification found " + std::to_string(sum.wrong) +
                                     (sum.wrong == 1 ? " document" : " documents") +
                                     " as they should not be; " + sum.first));
  }
  bson::Writer set;
  if (cause) {
    set.append("error", cause->what());
  } else {
    set.append("verified", to_string(level)).append("verified_documents", sum.looked_at);
  }
  const std::string note = cause ? cause->what() : "verified by " + std::string(to_string(level));
  const bson::Document fields = set.finish();
  journal_.move({one.id(), applied, applied, lock_.token(), fields, cause ? "" : "verified_at",
                 note, !cause, cause ? "unverified" : "verified"});
  if (cause) finish(result, *cause, std::move(next));
  read();
  return !cause;
}

Check verified_job(std::string job) {
  std::string text = "the data job " + job + " of this database was verified";
  return require(std::move(text), [job = std::move(job)](Database& db, Session&) {
    const auto found =
        find_document(db, jobs_collection, bson::make_document("_id", "data:" + job));
    if (!found) return false;
    const std::string state = get_text(*found, "state");
    return (state == "verified" || state == "complete") && !get_text(*found, "verified").empty();
  });
}

}  // namespace quire::migrate
