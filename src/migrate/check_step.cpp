#include "migrate/check_step.hpp"

#include "migrate/pages.hpp"
#include "migrate/step_filters.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/migrate/verify.hpp"

namespace quire::migrate {
namespace {

using detail::CopyWork;
using detail::FieldWork;
using detail::RowWork;

constexpr std::int64_t sample_size = 1000;

void found(Verification& sum, const std::string& collection, bson::View document,
           const std::string& what) {
  ++sum.wrong;
  if (sum.first.empty())
    sum.first =
        "collection " + collection + ", _id " + bson::to_json(document["_id"]) + ": " + what;
}

/// What a filter of things undone finds.
void count_left(Database& db, const std::string& collection, bson::View filter, const char* what,
                Verification& sum) {
  const std::int64_t left =
      db.store().count(db.ns(collection), filter, safe<store::CountOptions>());
  if (left == 0) return;
  const auto one = find_document(db, collection, filter);
  if (!one) return;  // gone since
  found(sum, collection, *one, what);
  sum.wrong += left - 1;
}

void look_at(const detail::StepData& step, const RowWork& work, bson::View document,
             Verification& sum) {
  ++sum.looked_at;
  if (const std::string wrong = work.check(document); !wrong.empty())
    found(sum, step.collection, document, wrong);
}

void check_sample(Database& db, const detail::StepData& step, const RowWork& work,
                  Verification& sum) {
  bson::Writer stages;
  stages.push(bson::make_document("$match", bson::Document(filter_of(step))));
  stages.push(bson::make_document("$sample", bson::make_document("size", sample_size)));
  const bson::Document pipeline = stages.finish();
  const auto cursor =
      db.store().aggregate(db.ns(step.collection), pipeline, safe<store::AggregateOptions>());
  while (const auto document = cursor->next()) look_at(step, work, *document, sum);
}

void check_all(Database& db, const detail::StepData& step, const RowWork& work,
               FunctionRef<void()> between, Verification& sum) {
  WalkOptions options;
  options.wanted = filter_of(step);
  options.batch_documents = 1000;
  options.from_primary = true;
  Pages pages(db, step.collection, options);
  for (bool end = false; !end;) {
    between();
    const WalkBatch batch = pages.next();
    for (const auto& document : batch.documents) look_at(step, work, document, sum);
    end = batch.end;
  }
}

void check_rows(Database& db, const detail::StepData& step, const RowWork& work, VerifyLevel level,
                FunctionRef<void()> between, Verification& sum) {
  if (work.to_version > 0) {
    const std::int64_t before = sum.wrong;
    count_left(db, step.collection, left_of_version(step), "it is of an older version", sum);
    if (sum.wrong > before) return;
  }
  if (!work.check || level == VerifyLevel::counts) return;
  if (level == VerifyLevel::sample) {
    check_sample(db, step, work, sum);
  } else {
    check_all(db, step, work, between, sum);
  }
}

void check_copy(Database& db, const detail::StepData& step, const CopyWork& work, VerifyLevel level,
                Verification& sum) {
  if (work.kind == CopyWork::Kind::move) {
    count_left(db, step.collection, filter_of(step), "it was to be moved", sum);
    return;
  }
  if (work.kind != CopyWork::Kind::copy) return;
  VerifyJob job{db, step.collection, db, work.to, bson::Document(filter_of(step)), {}, {}, {}};
  job.options.level = level;
  job.options.extra_allowed = true;
  const VerifyReport report = verify(job);
  sum.looked_at += report.source;
  sum.wrong += report.missing + report.different;
  if (report.differences.empty() || !sum.first.empty()) return;
  const auto& first = report.differences.front();
  sum.first = "collection " + work.to + ", _id " +
              (first.key ? bson::to_json(first.key->view()) : std::string("?")) + ": " +
              std::string(to_string(first.kind)) + " (copy of " + step.collection + ")";
}

}  // namespace

void check_step(Database& db, const detail::StepData& step, VerifyLevel level,
                FunctionRef<void()> between, Verification& sum) {
  between();
  if (const auto* fields = detail::fields_of(step)) {
    count_left(db, step.collection, fields->left.empty() ? fields->filter : fields->left,
               "the step is not done for it", sum);
  } else if (const auto* rows = detail::work_as<RowWork>(step)) {
    check_rows(db, step, *rows, level, between, sum);
  } else if (const auto* copy = detail::work_as<CopyWork>(step)) {
    check_copy(db, step, *copy, level, sum);
  }
}

}  // namespace quire::migrate
