#include "quire/importer/last_pass.hpp"

#include <algorithm>

#include "migrate/support.hpp"

namespace quire::importer {

using migrate::DataResult;

namespace {

void add(ImportReport& sum, const ImportReport& pass) {
  for (const ImportPart& part : pass.parts) {
    auto found = std::find_if(sum.parts.begin(), sum.parts.end(),
                              [&](const ImportPart& one) { return one.name == part.name; });
    if (found == sum.parts.end()) {
      sum.parts.push_back(part);
      continue;
    }
    const std::int64_t written = found->data.counts.written + part.data.counts.written;
    const std::int64_t replaced = found->data.counts.replaced + part.data.counts.replaced;
    const std::int64_t removed = found->removed + part.removed;
    *found = part;
    found->data.counts.written = written;
    found->data.counts.replaced = replaced;
    found->removed = removed;
  }
  sum.warnings = pass.warnings;
  sum.next = pass.next;
  sum.error = pass.error;
  sum.result = pass.result;
}

bool is_quiet(const ImportReport& pass) {
  return std::all_of(pass.parts.begin(), pass.parts.end(), [](const ImportPart& part) {
    return part.data.counts.written == 0 && part.removed == 0 && !part.changed_meanwhile;
  });
}

/// What a verification found, beside what the passes did.
void add_verification(ImportReport& sum, const ImportReport& found) {
  for (const ImportPart& part : found.parts) {
    for (ImportPart& one : sum.parts) {
      if (one.name != part.name) continue;
      one.data.verification = part.data.verification;
      one.data.result = part.data.result;
      one.checks = part.checks;
      one.edited = part.edited;
    }
  }
  sum.warnings.insert(sum.warnings.end(), found.warnings.begin(), found.warnings.end());
  sum.next = found.next;
  sum.error = found.error;
  sum.result = found.result;
}

void run_passes(const std::function<std::unique_ptr<Source>()>& open, const Database& to,
                const Mapping& mapping, const LastPassOptions& options, ImportReport& sum) {
  ImportOptions import = options.import;
  import.remove_gone = true;
  bool quiet = false;
  for (int pass = 0; pass < options.passes && !quiet; ++pass) {
    const auto source = open();
    Importer importer(*source, to, mapping, import);
    const ImportReport one = importer.run();
    sum.name = one.name;
    sum.source = one.source;
    add(sum, one);
    if (!one.ok()) return;
    quiet = is_quiet(one);
    import.restart = false;  // once
    import.accept_changes = false;
    if (quiet) add_verification(sum, importer.verify(migrate::VerifyLevel::full));
  }
  if (quiet) return;
  sum.result = DataResult::mismatch;
  sum.error =
      ImportError(ErrorCode::source_changed, FieldPath(sum.name),
                  "rows of the source still changed in pass " + std::to_string(options.passes));
  sum.next = {"stop the programs that write the source, then run the last pass again"};
}

}  // namespace

ImportReport last_pass(const std::function<std::unique_ptr<Source>()>& open, const Database& to,
                       const Mapping& mapping, const LastPassOptions& options) {
  if (options.passes < 1 || options.passes > 100)
    throw ImportError(ErrorCode::invalid_argument, FieldPath("passes"), "1 to 100 passes");
  const auto start = migrate::boot_time();
  ImportReport sum;
  sum.operation = "last-pass";
  sum.name = options.import.name;
  const migrate::Maintenance maintenance(to, options.maintenance);
  const bool was_on = maintenance.status().on;
  std::string token;
  if (!was_on) token = maintenance.on(options.reason).token;
  run_passes(open, to, mapping, options, sum);
  sum.seconds = static_cast<double>((migrate::boot_time() - start).count()) / 1000;
  if (!was_on && sum.ok()) {
    (void)maintenance.off(token);
  } else if (!sum.ok()) {
    sum.next.emplace_back(
        "the target stays in maintenance: run the last pass again, or take it off");
  }
  return sum;
}

}  // namespace quire::importer
