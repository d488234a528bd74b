#include "migrate/data/data_run.hpp"

#include <algorithm>

#include "quire/bson/writer.hpp"

namespace quire::migrate::data {

DataRun::DataRun(RowSource& source, std::optional<Database> from, const Database& to,
                 const DataOptions& options, DataMonitor& monitor, WriterMaker writer)
    : source_(source),
      from_(std::move(from)),
      to_(sign(to, signature_)),
      options_(options),
      monitor_(monitor),
      book_(source, to_, options),
      writer_(std::move(writer)),
      start_(boot_time()) {
  if (!writer_) {
    writer_ = [this](const Database& signed_to, JobBook& book, Chunks& chunks) {
      return std::make_unique<BatchWriter>(signed_to, book, chunks, options_);
    };
  }
  report_.job = options.name;
  report_.consistency = source.consistency();
  report_.guarantee = book_.guarantee();
}

DataReport DataRun::run() {
  try {
    book_.open();
    opened_ = true;
    work();
  } catch (const HeaderChanged& error) {
    report_.result = DataResult::changed;
    report_.error = error;
  } catch (const Error& error) {
    fail(error);
  } catch (const std::exception& error) {
    fail(MigrationError(ErrorCode::migration_failed, FieldPath(options_.name), error.what()));
  }
  fill();
  if (report_.state == JobState::complete)
    monitor_.all(report_.counts.read, report_.counts.rejected);  // other processes' part, too
  monitor_.ended(report_.state, report_.error ? report_.error->detail() : "");
  report_.progress = monitor_.progress();
  say_next();
  return report_;
}

void DataRun::fail(const Error& error) {
  report_.error = error;
  report_.result = DataResult::failed;  // fill() looks whether something was written
}

void DataRun::sign_as(const Presence& presence) {
  if (takes_comments(to_.store())) signature_->set(presence.run(), book_.job());
}

void DataRun::work() {
  JobState state = book_.state();
  const ChunkSums before = sum_chunks(to_, book_);
  const bool copies = state == JobState::running;
  monitor_.begin(options_.name, state, copies ? before.counts.read : before.compared,
                 copies ? book_.total() : before.counts.read, book_.exact(), options_.stall);
  if (state == JobState::complete) {
    report_.result = DataResult::nothing;
    return;
  }
  Presence presence(to_, book_.job(), options_.lease,
                    book_.transactions() ? std::max(options_.workers, 1) : 0);
  report_.run = presence.run();
  sign_as(presence);
  Gate gate(book_, options_, monitor_);
  RunParts parts{source_, from_, to_, options_, book_, monitor_, gate, writer_, presence};
  presence.start([&] { tick(gate); });
  bool through = true;
  if (state == JobState::running) through = copy(parts);
  if (through && options_.remove_gone && book_.epoch() > 1)
    report_.gone += sweep(Edited::reject, source_);
  if (through && after_copy_) after_copy_();
  if (through) {
    state = book_.state();
    if (options_.verify.level == VerifyLevel::none) {
      for (const JobState at : {JobState::copied, JobState::verifying, JobState::verified})
        (void)book_.move_state(at, JobState::complete);
      report_.result = DataResult::complete;
    } else if (state == JobState::verified || state == JobState::complete || compare(parts)) {
      (void)book_.move_state(JobState::verified, JobState::complete);
      report_.result = DataResult::complete;
    }
  }
  if (report_.result == DataResult::complete) DeadRuns(to_, book_.job(), presence.run()).forget();
  report_.taken_over = parts.taken_over;
  report_.lost = parts.lost;
  report_.drained = presence.drained();
  if (parts.undrained.empty()) parts.undrained = presence.undrained();
  if (!parts.undrained.empty()) report_.warnings.push_back(parts.undrained);
  switch (gate.cause()) {
    case StopCause::none:
      break;
    case StopCause::asked:
      report_.result = DataResult::stopped;
      report_.warnings.push_back(gate.reason());
      break;
    case StopCause::rejects:
      report_.result = DataResult::rejects;
      report_.warnings.push_back(gate.reason());
      break;
    case StopCause::mismatch:
      report_.result = DataResult::mismatch;
      report_.error = gate.error();
      report_.verification = parts.behind_writes;
      break;
    case StopCause::failed:
      fail(*gate.error());
      break;
  }
}

bool DataRun::copy(RunParts& parts) {
  if (too_many_rejects(to_, book_, options_)) {
    parts.gate.stop(StopCause::rejects, "more documents were put aside than allowed");
    return false;
  }
  reopen_chunks(to_, book_, "stopped", "open");
  run_workers(parts, [](Worker& worker) { worker.copy_all(); });
  if (parts.gate.cause() != StopCause::none) return false;
  const ChunkSums sums = sum_chunks(to_, book_);
  if (sums.stopped > 0) {
    parts.gate.stop(StopCause::rejects, std::to_string(sums.stopped) +
                                            " partitions ended before a document that "
                                            "cannot be copied");
    return false;
  }
  if (sums.open > 0) return false;
  if (too_many_rejects(to_, book_, options_)) {
    parts.gate.stop(StopCause::rejects, "more documents were put aside than allowed");
    return false;
  }
  book_.forget_earlier();  // what a slow process of the pass before left meanwhile
  (void)book_.move_state(JobState::running, JobState::copied);
  return true;
}

CompareJob DataRun::compare_job() {
  CompareJob job{source_, to_, options_.into, options_.verify, options_.stop, {}, {}};
  if (from_) job.from = &*from_;
  job.collection = options_.collection;
  if (book_.merged()) {
    job.options.extra_allowed = true;
    if (options_.existing == Existing::skip) job.options.presence_only = true;
  }
  const auto cursor =
      to_.store().find(to_.ns(rejects_collection), bson::make_document("job", options_.name),
                       safe<store::FindOptions>());
  while (const auto reject = cursor->next()) {
    const auto key = reject->find("key");
    if (!key) continue;
    if (get_text((*reject)["_id"].as_document(), "stage") == to_string(RejectStage::verify)) {
      job.changed_behind_write.insert(key_text(*key));
    } else {
      job.excluded.try_emplace(key_text(*key), bson::Value(*key));
    }
  }
  job.of_target = options_.of_target;
  job.alike = options_.alike;
  job.progress = [this](std::int64_t documents) { monitor_.add(documents, 0); };
  return job;
}

VerifyReport DataRun::compare_now(const VerifyOptions& options) {
  (void)book_.look();
  CompareJob job = compare_job();
  const bool extra = job.options.extra_allowed;
  const bool presence = job.options.presence_only;
  job.options = options;
  job.options.extra_allowed = options.extra_allowed || extra;
  job.options.presence_only = options.presence_only || presence;
  return compare_all(job, [] {});
}

Compared DataRun::stored_comparisons() {
  Compared sum;
  sum.report.level = options_.verify.level;
  const bson::Document order = bson::make_document("_id", std::int32_t{1});
  auto options = safe<store::FindOptions>();
  options.sort = order;
  const auto cursor =
      to_.store().find(to_.ns(chunks_collection),
                       bson::make_document("job", options_.name, "epoch", book_.epoch()), options);
  while (const auto chunk = cursor->next()) {
    if (const auto one = chunk->find("verification"); one && one->is_document())
      sum.add(Compared::from(one->as_document()), options_.verify.most_differences);
  }
  sum.report.level = options_.verify.level;
  return sum;
}

/// Of what is read in seconds: one pass over both sides instead of the partitions one by one.
/// False: not so, or not alike; then the partitions tell where.
bool DataRun::compare_at_once(const CompareJob& job, std::int64_t documents) {
  constexpr std::int64_t most = 1'000'000;
  if (options_.verify.level != VerifyLevel::digest || documents > most) return false;
  if (job.options.extra_allowed || job.options.presence_only || job.alike) return false;
  Comparer comparer(job);
  Compared sum;
  sum.report.level = VerifyLevel::digest;
  if (!comparer.alike_as_a_whole(sum)) return false;
  sum.moved = false;
  comparer.whole(sum);
  if (!sum.report.ok()) return false;
  reopen_chunks(to_, book_, "copied", "verified");
  report_.verification = sum.report;
  (void)book_.move_to_verified(options_.verify.level);
  return true;
}

bool DataRun::compare(RunParts& parts) {
  // What an earlier comparison found is looked at again.
  const bool begins = book_.move_state(JobState::copied, JobState::verifying);
  if (begins) {
    reopen_chunks(to_, book_, "mismatch", "copied");
    reopen_chunks(to_, book_, "verified", "copied");
  }
  const ChunkSums before = sum_chunks(to_, book_);
  monitor_.phase(JobState::verifying, before.compared, before.counts.read, true);
  const CompareJob job = compare_job();
  if (begins && compare_at_once(job, before.counts.read)) return true;
  run_workers(parts, [&](Worker& worker) { worker.verify_all(job); });
  if (parts.gate.cause() != StopCause::none) return false;
  Compared sum = stored_comparisons();
  Comparer(job).whole(sum);
  report_.verification = sum.report;
  if (sum.report.stopped) {
    parts.gate.stop(StopCause::asked, "the program asked to stop");
    return false;
  }
  if (sum.report.ok()) {
    (void)book_.move_to_verified(options_.verify.level);
    return true;
  }
  (void)book_.move_state(JobState::verifying, JobState::copied);
  report_.result = DataResult::mismatch;
  return false;
}

void DataRun::tick(Gate& gate) {
  const auto now = boot_time();
  try {
    if (now - last_sum_ >= std::chrono::seconds(1)) {
      last_sum_ = now;
      if (monitor_.progress().state == JobState::running) {
        const ChunkSums sums = sum_chunks(to_, book_);
        monitor_.all(sums.counts.read, sums.counts.rejected);
      }
    }
  } catch (const Error&) {  // busy: the next time
  }
  if (!options_.progress || now - last_call_ < std::chrono::milliseconds(100)) return;
  last_call_ = now;
  try {
    options_.progress(monitor_.progress());
  } catch (...) {
    const Caught caught = current_failure();
    gate.stop(StopCause::failed, caught.text,
              MigrationError(ErrorCode::migration_failed, FieldPath(options_.name),
                             "the callback for progress threw: " + caught.text));
  }
}

void DataRun::fill() {
  report_.seconds = static_cast<double>((boot_time() - start_).count()) / 1000;
  try {
    if (!opened_ && !book_.look()) return;
    opened_ = true;
    report_.guarantee = book_.guarantee();
    report_.state = book_.state();
    const ChunkSums sums = sum_chunks(to_, book_);
    report_.counts = sums.counts;
    report_.partitions = book_.chunks();
    report_.partitions_done = sums.copied + sums.verified + sums.mismatch;
  } catch (const Error& error) {
    if (!report_.error) fail(error);
  }
  if (report_.result == DataResult::failed && report_.counts.written > 0)
    report_.result = DataResult::partial;
}

void DataRun::say_next() {
  switch (report_.result) {
    case DataResult::nothing:
    case DataResult::complete:
      if (report_.counts.rejected > 0)
        report_.next.emplace_back(
            "retry_rejects(), or the command retry-rejects, once what they failed at is repaired");
      break;
    case DataResult::stopped:
      report_.next.emplace_back(
          "run() goes on; after a stop by the control document first "
          "DataMigrator::control(target, job, Desired::run)");
      break;
    case DataResult::failed:
    case DataResult::partial:
      report_.next.emplace_back("repair what the error says; run() then goes on");
      break;
    case DataResult::rejects:
      report_.next.emplace_back(
          "look at _quire_rejects in the target, repair the documents or the "
          "function; run() then goes on, retry_rejects() tries them again");
      break;
    case DataResult::mismatch:
      report_.next.emplace_back(
          "look at verification.differences; run() compares again, restart() "
          "with existing(Existing::replace) copies again");
      break;
    case DataResult::changed:
      report_.next.emplace_back(
          "run the program that began the job, or accept_changes() to go on, "
          "or restart() to begin again");
      break;
  }
}

DataReport DataRun::status() {
  report_.operation = "status";
  if (!book_.look()) {
    report_.error = MigrationError(ErrorCode::not_found, FieldPath(options_.name),
                                   "the target knows no such job");
    report_.result = DataResult::failed;
    return report_;
  }
  opened_ = true;
  fill();
  report_.progress.job = options_.name;
  report_.progress.state = report_.state;
  report_.progress.done = report_.counts.read;
  report_.progress.total = std::max(book_.total(), report_.counts.read);
  report_.progress.exact = book_.exact();
  report_.progress.rejected = report_.counts.rejected;
  report_.result = report_.state == JobState::complete ? DataResult::complete : DataResult::partial;
  return report_;
}

}  // namespace quire::migrate::data
