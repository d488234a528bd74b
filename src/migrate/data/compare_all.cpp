#include "migrate/data/compare.hpp"

namespace quire::migrate::data {

VerifyReport compare_all(const CompareJob& job, FunctionRef<void()> after_each) {
  constexpr std::int64_t partition = 10'000;
  Comparer comparer(job);
  const auto source = job.source.open();
  const std::int64_t total =
      job.options.level == VerifyLevel::sample ? source->count({}) : std::int64_t{0};
  Compared sum;
  sum.report.level = job.options.level;
  const bool by_source =
      job.options.extra_allowed || job.options.presence_only || job.alike != nullptr;
  bool alike = false;
  if (job.options.level == VerifyLevel::digest && !by_source) {
    Compared whole;
    whole.report.level = job.options.level;
    alike = comparer.alike_as_a_whole(whole);
    after_each();
    if (alike || whole.report.stopped) sum = whole;
    alike = alike || whole.report.stopped;
  }
  KeyBounds bounds;
  for (std::int64_t n = 0; job.options.level != VerifyLevel::none && !alike; ++n) {
    bounds.until = source->key_at(bounds, partition);
    sum.add(comparer.range(bounds, n, total), job.options.most_differences);
    after_each();
    sum.report.level = job.options.level;
    if (sum.report.stopped || !bounds.until) break;
    bounds.after = bounds.until;
  }
  if (alike) sum.moved = false;  // each document of the target is some document's of the source
  if (!sum.report.stopped) comparer.whole(sum);
  return sum.report;
}

}  // namespace quire::migrate::data
