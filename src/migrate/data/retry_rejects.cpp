#include "migrate/data/data_run.hpp"
#include "quire/bson/writer.hpp"

namespace quire::migrate::data {

DataReport DataRun::retry() {
  report_.operation = "retry-rejects";
  try {
    if (!book_.look()) {
      throw MigrationError(ErrorCode::not_found, FieldPath(options_.name),
                           "the target knows no such job");
    }
    report_.guarantee = book_.guarantee();
    report_.state = book_.state();
    retry_all();
  } catch (const Error& error) {
    report_.error = error;
    report_.result = report_.counts.written > 0 ? DataResult::partial : DataResult::failed;
  }
  report_.seconds = static_cast<double>((boot_time() - start_).count()) / 1000;
  say_next();
  return report_;
}

void DataRun::retry_all() {
  Presence presence(to_, book_.job(), options_.lease, book_.transactions() ? 1 : 0);
  sign_as(presence);
  presence.start();
  report_.run = presence.run();
  Chunks chunks(to_, book_, presence.run(), presence.of_worker(0));
  const auto writer = writer_(to_, book_, chunks);
  const auto side = source_.open();
  report_.result = DataResult::complete;
  std::optional<bson::Value> after;
  while (!options_.stop.stop_requested()) {
    // In the order of their _id, one read each: retried ones leave.
    bson::Writer filter;
    filter.append("job", options_.name);
    if (after) filter.begin_document("_id").append("$gt", *after).end();
    const bson::Document where = filter.finish();
    const auto reject = find_document(to_, rejects_collection, where, nullptr,
                                      bson::make_document("_id", std::int32_t{1}));
    if (!reject) break;
    after.emplace((*reject)["_id"]);
    ++report_.counts.read;
    if (!retry_one(*writer, *side, *reject)) ++report_.counts.rejected;
  }
  if (options_.stop.stop_requested()) report_.result = DataResult::stopped;
  // Of an import what may stay aside is said of the whole table.
  const bool too_many = options_.rows_of_limits > 0 ? too_many_rejects(to_, book_, options_)
                                                    : report_.counts.rejected > 0;
  if (report_.result == DataResult::complete && too_many) report_.result = DataResult::rejects;
  if (book_.state() == JobState::complete) DeadRuns(to_, book_.job(), presence.run()).forget();
  report_.drained = presence.drained();
  if (auto failed = presence.undrained(); !failed.empty()) report_.warnings.push_back(failed);
}

bool DataRun::retry_one(BatchWriter& writer, RowSide& side, bson::View reject) {
  const auto key = reject.find("key");
  if (!key) return false;
  auto rows = side.find({bson::Value(*key)});
  const bson::Document reject_id = bson::make_document("_id", reject["_id"]);
  const bson::View told = reject["_id"].as_document();
  if (told.contains("row"))  // others have the same key
    std::erase_if(rows, [&](const Row& row) {
      return row.alike != get_int(told, "n") || row_hash(row) != get_int(told, "row");
    });
  if (rows.empty()) {  // it is gone, and so is the reason
    (void)to_.store().remove(to_.ns(rejects_collection), reject_id, safe<store::RemoveOptions>());
    ++report_.counts.dropped;
    return true;
  }
  Row& row = rows.front();
  const std::string stage = get_text(reject["_id"].as_document(), "stage");
  // What is there under its _id was written for it, whatever became of it since.
  const bool copied = reject.contains("copied") || stage == to_string(RejectStage::verify);
  if (!row.failure && writer.retry(row, book_.next_fences(1), copied, from_)) {
    if (row.existing) {
      ++report_.counts.existing;
    } else if (row.mapped) {
      ++report_.counts.written;
      if (options_.move) ++report_.counts.removed;
    } else {
      ++report_.counts.dropped;
    }
    return true;
  }
  if (!find_document(to_, rejects_collection, reject_id)) {  // another process did it meanwhile
    ++report_.counts.existing;
    return true;
  }
  const std::int64_t attempts = get_int(reject, "attempts", 1) + 1;
  write_reject(to_, book_, row, attempts, nullptr);
  if (stage != to_string(row.failure->stage))
    (void)to_.store().remove(to_.ns(rejects_collection), reject_id, safe<store::RemoveOptions>());
  return false;
}

}  // namespace quire::migrate::data
