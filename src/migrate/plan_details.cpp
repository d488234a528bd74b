#include "migrate/plan_details.hpp"

#include <algorithm>

#include "migrate/diff.hpp"
#include "migrate/linter.hpp"
#include "migrate/rows.hpp"
#include "migrate/step_filters.hpp"
#include "migrate/support.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {
namespace {

using detail::CatalogWork;
using detail::CodeWork;
using detail::CopyWork;
using detail::FieldWork;
using detail::RowWork;
using detail::work_as;

bson::Document both(bson::View a, bson::View b) {
  bson::Writer filter;
  filter.begin_array("$and").push(a).push(b).end();
  return filter.finish();
}

/// What wanted_by() says, without documents that a transform passes over by their version.
std::optional<bson::Document> taken_by(const Step& step) {
  auto wanted = wanted_by(step);
  const auto* rows = work_as<RowWork>(step.data());
  if (!wanted || rows == nullptr || rows->to_version == 0) return wanted;
  return both(*wanted, older_than(rows->to_version));
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The time of some documents as that of all.
void extrapolate(PlannedStep& part, double seconds, std::size_t sampled, std::string how) {
  part.sampled = static_cast<std::int64_t>(sampled);
  part.measured = std::move(how);
  part.seconds = sampled == 0 ? 0
                              : seconds / static_cast<double>(sampled) *
                                    static_cast<double>(part.matched.value_or(0));
}

}  // namespace

PlanDetails::PlanDetails(Database db, const store::Capabilities& can, const PlanOptions& options,
                         int batch_documents)
    : db_(std::move(db)),
      can_(can),
      options_(options),
      batch_documents_(batch_documents),
      start_(boot_time()) {}

void PlanDetails::add(const Compiled& one, PlannedMigration& planned,
                      std::vector<std::string>& warnings) {
  for (const Step& step : one.steps) {
    PlannedStep part;
    part.op = op_of(step);
    part.collection = step.data().collection;
    part.matched = matched(step);
    part.how = how(one, step);
    part.locks = locks(one, step);
    try {
      measure(step, part);
    } catch (const StepError& error) {
      std::string at = one.id() + " step " + std::to_string(planned.parts.size() + 1) + ": ";
      at += "fails on the document " +
            (error.id() == nullptr ? std::string("it was tried on")
                                   : "with _id " + bson::to_json(error.id()->view())) +
            " of " + part.collection + ": " + error.detail();
      warnings.push_back(std::move(at));
    }
    planned.matched += part.matched.value_or(0);
    if (part.seconds) {
      planned.seconds = planned.seconds.value_or(0) + *part.seconds;
    } else {
      ++planned.unmeasured;
    }
    planned.parts.push_back(std::move(part));
  }
}

std::optional<std::int64_t> PlanDetails::matched(const Step& step) {
  auto wanted = taken_by(step);
  const std::string op = op_of(step);
  if (op == "create_index" || op == "drop_collection") wanted.emplace();
  if (!wanted) return std::nullopt;
  return db_.store().count(db_.ns(step.data().collection), *wanted, safe<store::CountOptions>());
}

std::string PlanDetails::how(const Compiled& one, const Step& step) const {
  const auto& data = step.data();
  if (one.atomicity == Atomicity::transactional) return "in the migration's transaction";
  if (work_as<CatalogWork>(data) != nullptr)
    return can_.transactions && !detail::is_apart(data, can_.transactional_catalog)
               ? "in a transaction of its own"
               : "by itself, outside of transactions";
  if (const auto* code = work_as<CodeWork>(data)) {
    if (code->atomicity == Atomicity::transactional) return "code in a transaction of its own";
    return code->atomicity == Atomicity::manual ? "code of which nobody knows what a crash leaves"
                                                : "code that is run again after a crash";
  }
  if (detail::is_rows(data))
    return "in batches of " + std::to_string(batch_documents_) + " documents" +
           (can_.transactions ? ", each a transaction" : "");
  if (one.large) return "by ranges of _id, each one update";
  return can_.transactions ? "one update in a transaction of its own" : "one update";
}

std::string PlanDetails::locks(const Compiled& one, const Step& step) const {
  const auto& data = step.data();
  const bool whole = one.atomicity == Atomicity::transactional;
  if (can_.transactional_catalog) {  // one writer at a time
    if (const auto* code = work_as<CodeWork>(data);
        !whole && code != nullptr && code->atomicity != Atomicity::transactional)
      return "what the code takes";
    return whole                   ? "other writers wait until the migration is done"
           : detail::is_rows(data) ? "other writers wait for one batch at a time"
                                   : "other writers wait for it";
  }
  if (op_of(step) == "create_index")
    return "the collection for a moment, at the beginning and the end of the build";
  if (work_as<CatalogWork>(data) != nullptr) return "the collection for a moment";
  if (whole) return "documents that it changed, until the migration is done";
  if (work_as<CodeWork>(data) != nullptr) return "what the code takes";
  if (!can_.transactions) return "each document while it is written";
  if (detail::is_rows(data)) return "documents of one batch at a time";
  return one.large ? "documents of one range at a time"
                   : "documents that it changed, until its end";
}

void PlanDetails::measure(const Step& step, PlannedStep& part) {
  if (options_.sample <= 0 || !wanted_by(step)) return;
  if (boot_time() - start_ > options_.limit) return;
  if (part.matched == 0) {
    extrapolate(part, 0, 0, "");
    return;
  }
  if (options_.in_transactions && can_.transactions && in_transaction(step, part)) return;
  by_functions(step, part);
}

/// Half of them the first by _id, half the last.
std::vector<bson::Document> PlanDetails::sample_of(const Step& step) {
  const bson::Document filter = *taken_by(step);
  std::vector<bson::Document> sample;
  std::vector<bson::Value> keys;
  for (const std::int32_t direction : {1, -1}) {
    const bson::Document order = bson::make_document("_id", direction);
    auto options = safe<store::FindOptions>();
    options.sort = order;
    options.limit = direction == 1 ? (options_.sample + 1) / 2
                                   : options_.sample - static_cast<std::int64_t>(sample.size());
    if (options.limit <= 0) break;
    const auto cursor = db_.store().find(db_.ns(step.data().collection), filter, options);
    while (const auto document = cursor->next()) {
      const bson::Value key((*document)["_id"]);
      if (std::ranges::find(keys, key) != keys.end()) break;  // the two met
      keys.push_back(key);
      sample.emplace_back(*document);
    }
  }
  return sample;
}

void PlanDetails::by_functions(const Step& step, PlannedStep& part) {
  const auto start = std::chrono::steady_clock::now();
  const auto sample = sample_of(step);
  const auto* rows = work_as<RowWork>(step.data());
  // What extract makes of a document it writes to the other collection at once.
  if (rows == nullptr || part.op == "extract") {
    extrapolate(part, seconds_since(start), sample.size(), "reads");
    return;
  }
  const auto images = rows->images(db_, nullptr, sample);
  for (std::size_t i = 0; i < sample.size(); ++i)
    (void)diff_row(sample[i], images[i], rows->fill, part.collection);
  extrapolate(part, seconds_since(start), sample.size(), "functions");
}

/// False where that could not be done.
bool PlanDetails::in_transaction(const Step& step, PlannedStep& part) {
  const auto& data = step.data();
  std::vector<bson::Document> sample;
  if (work_as<FieldWork>(data) != nullptr) sample = sample_of(step);
  try {
    const auto session = db_.store().start_session();
    session->start_transaction();
    const auto start = std::chrono::steady_clock::now();
    std::size_t done = sample.size();
    if (const auto* fields = work_as<FieldWork>(data)) {
      bson::Writer keys;
      keys.begin_document("_id").begin_array("$in");
      for (const auto& document : sample) keys.push(document["_id"]);
      keys.end().end();
      const bson::Document filter = both(fields->filter, keys.finish());
      auto options = safe<store::UpdateOptions>(session.get());
      options.multi = true;
      (void)db_.store().update(db_.ns(data.collection), filter,
                               {fields->update.view(), fields->pipeline}, options);
    } else {
      RowSettings settings;
      settings.batch_documents = static_cast<int>(std::min<std::int64_t>(options_.sample, 100'000));
      settings.transactional_catalog = can_.transactional_catalog;
      const auto next = run_batch(db_, data, {}, std::nullopt, settings, session.get());
      done = static_cast<std::size_t>(std::max<std::int64_t>(next.counts.matched, 0));
    }
    const double seconds = seconds_since(start);
    session->abort_transaction();
    extrapolate(part, seconds, done, "transaction");
    return true;
  } catch (const StoreError&) {  // others write there, or it takes no part in transactions
    return false;
  }
}

}  // namespace quire::migrate
