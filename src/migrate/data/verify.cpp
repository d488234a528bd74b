#include "quire/migrate/verify.hpp"

#include "bson/report_fields.hpp"
#include "migrate/data/compare.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"

namespace quire::migrate {

std::string_view to_string(VerifyDifference::Kind kind) noexcept {
  switch (kind) {
    case VerifyDifference::Kind::missing:
      return "missing";
    case VerifyDifference::Kind::extra:
      return "extra";
    case VerifyDifference::Kind::different:
      return "different";
    case VerifyDifference::Kind::orphan:
      return "orphan";
    case VerifyDifference::Kind::check:
      return "check";
    case VerifyDifference::Kind::index:
      return "index";
    case VerifyDifference::Kind::validator:
      return "validator";
  }
  return "unknown";
}

std::string VerifyReport::json() const {
  bson::Writer w;
  w.append("schema", "quire.migrate/1")
      .append("op", "verify")
      .append("result", stopped ? "stopped"
                        : ok()  ? "alike"
                                : "mismatch")
      .append("exit", std::int32_t{exit_code()})
      .append("level", to_string(level))
      .append("source", source)
      .append("target", target)
      .append("source_digest", source_digest)
      .append("target_digest", target_digest)
      .append("missing", missing)
      .append("extra", extra)
      .append("different", different)
      .append("findings", findings)
      .append("settled", settled);
  w.begin_array("differences");
  for (const auto& one : differences) {
    w.push_document_begin().append("kind", to_string(one.kind));
    if (one.key) {
      w.append("key", *one.key);
    } else {
      w.append_null("key");
    }
    w.append("path", one.path).append("text", one.text).end();
  }
  w.end();
  return bson::to_json(w.finish());
}

VerifyReport verify(const VerifyJob& job) {
  if (job.collection.empty()) {
    throw MigrationError(ErrorCode::invalid_migration, FieldPath("collection"),
                         "a comparison needs the name of the source's collection");
  }
  if (job.options.sample < 1) {
    throw MigrationError(ErrorCode::invalid_migration, FieldPath("sample"),
                         "a sample has at least one document of each side");
  }
  const data::CompareJob compare{job.from,    job.collection,
                                 job.filter,  job.map,
                                 job.to,      job.into.empty() ? job.collection : job.into,
                                 job.options, job.stop,
                                 {},          {}};
  constexpr std::int64_t partition = 10'000;
  data::Comparer comparer(compare);
  data::KeyRange source(job.from, job.collection, compare.filter);
  const std::int64_t total =
      job.options.level == VerifyLevel::sample ? source.count({}) : std::int64_t{0};
  data::Compared sum;
  sum.report.level = job.options.level;
  const bool by_source = job.options.extra_allowed || job.options.presence_only;
  bool alike = false;
  if (job.options.level == VerifyLevel::digest && !by_source) {
    data::Compared whole;
    whole.report.level = job.options.level;
    alike = comparer.alike_as_a_whole(whole);
    if (alike || whole.report.stopped) sum = whole;
    alike = alike || whole.report.stopped;
  }
  KeyBounds bounds;
  for (std::int64_t n = 0; job.options.level != VerifyLevel::none && !alike; ++n) {
    bounds.until = source.key_at(bounds, partition);
    sum.add(comparer.range(bounds, n, total), job.options.most_differences);
    sum.report.level = job.options.level;
    if (sum.report.stopped || !bounds.until) break;
    bounds.after = bounds.until;
  }
  if (alike) sum.moved = false;  // each document of the target is some document's of the source
  if (!sum.report.stopped) comparer.whole(sum);
  return sum.report;
}

}  // namespace quire::migrate
