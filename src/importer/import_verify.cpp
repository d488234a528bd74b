// Compares both sides of an import, and looks for what the target has to be besides.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "importer/hashed_part.hpp"
#include "importer/import_state.hpp"
#include "importer/verify_target.hpp"
#include "migrate/documents.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/model/info.hpp"

namespace quire::importer {

using migrate::DataResult;
using migrate::VerifyLevel;
using migrate::data::DataRun;

namespace {

/// Documents that differ from their rows, told apart by who changed them.
class Edits {
 public:
  Edits(Database& to, const migrate::detail::DataOptions& data)
      : to_(to), data_(data), alike_(data.alike) {}

  /// Whether a document that differs was edited since it was imported.
  bool alike(bson::View expected, bson::View found) {
    if (alike_ ? alike_(expected, found) : expected == found) return true;
    const auto now =
        migrate::find_document(to_, data_.into, bson::make_document("_id", found["_id"]));
    if (!now) return false;
    const auto stamp = Stamp::of(*now);
    const bool edited = !stamp || stamp->job != data_.name || !is_as_written(*now, *stamp);
    if (!edited) return false;
    if (!seen_.insert(migrate::key_text(found["_id"])).second) return true;  // of a sample, again
    if (examples_.size() < 5) examples_.push_back(bson::to_json(found["_id"]));
    return true;
  }
  [[nodiscard]] std::int64_t count() const noexcept {
    return static_cast<std::int64_t>(seen_.size());
  }
  [[nodiscard]] std::string text() const {
    std::string text = fmt::format(
        "{} of the documents that differ were edited since they were "
        "imported: _id ",
        count());
    for (std::size_t i = 0; i < examples_.size(); ++i) text += (i == 0 ? "" : ", ") + examples_[i];
    return count() > static_cast<std::int64_t>(examples_.size()) ? text + ", …" : text;
  }

 private:
  Database& to_;
  const migrate::detail::DataOptions& data_;
  std::function<bool(bson::View, bson::View)> alike_;
  std::unordered_set<std::string> seen_;
  std::vector<std::string> examples_;
};

}  // namespace

ImportReport Importer::Impl::verify(VerifyLevel level, std::string_view only) {
  begin(false);
  return each_part("verify", only, [&](Part& part, ImportPart& out, ImportReport& report) {
    compile(part);
    verify_part(part, level, out, report);
  });
}

void Importer::Impl::verify_part(Part& part, VerifyLevel level, ImportPart& out,
                                 ImportReport& report) {
  MappedSource rows = rows_of(part);
  DataRun run(rows, std::nullopt, to, part.data, *part.monitor);
  out.data = run.status();
  if (out.data.error && out.data.error->code() == ErrorCode::not_found) return;
  migrate::VerifyOptions how;
  how.level = level;
  migrate::VerifyReport found = run.compare_now(how);
  if (found.different + found.missing > 0 && level > VerifyLevel::counts && !found.stopped)
    look_for_edits(part, how, found, out, report);
  out.data.verification = found;
  if (level > VerifyLevel::counts && !found.stopped) {
    out.checks = check_target(to, {.mapping = part.mapping,
                                   .references = references_of(mapping, part.mapping),
                                   .model = model_of(part),
                                   .of_part = part.data.of_target,
                                   .stop = options.stop});
  }
  const bool holds = std::all_of(out.checks.begin(), out.checks.end(),
                                 [](const TargetCheck& one) { return one.ok(); });
  out.data.result = found.stopped || options.stop.stop_requested() ? DataResult::stopped
                    : found.ok() && holds                          ? DataResult::complete
                                                                   : DataResult::mismatch;
  out.data.error.reset();
  if (!found.ok() && !found.stopped)
    out.data.next.emplace_back("look at the differences; importing again catches up");
  if (!holds)
    out.data.next.emplace_back("look at what the target was checked for, and repair it there");
}

/// Who changed what differs: the import has to catch up, or somebody worked on.
void Importer::Impl::look_for_edits(Part& part, const migrate::VerifyOptions& how,
                                    migrate::VerifyReport& found, ImportPart& out,
                                    ImportReport& report) {
  MappedSource rows = rows_of(part);
  Edits edits(to, part.data);
  auto data = part.data;
  data.alike = [&](bson::View a, bson::View b) { return edits.alike(a, b); };
  const migrate::VerifyReport others =
      DataRun(rows, std::nullopt, to, data, *part.monitor).compare_now(how);
  out.edited = edits.count();
  if (out.edited == 0 || others.stopped) return;
  out.data.warnings.push_back(edits.text());
  if (options.ignore_edited) {
    const std::int64_t extra = found.extra;  // is found without it alone
    std::vector<migrate::VerifyDifference> kept;
    for (auto& one : found.differences)
      if (one.kind == migrate::VerifyDifference::Kind::extra) kept.push_back(std::move(one));
    found = others;
    if (found.extra >= extra) return;
    found.extra = extra;
    for (auto& one : kept) found.differences.push_back(std::move(one));
  } else if (others.different + others.missing == 0) {
    report.next.push_back(part.name +
                          ": all that differs was edited since; ignore_edited leaves that out");
  }
}

const ModelInfo* Importer::Impl::model_of(const Part& part) const {
  const auto found =
      std::find_if(options.models.begin(), options.models.end(),
                   [&](const ModelInfo* one) { return one->collection == part.mapping.into; });
  return found == options.models.end() ? part.mapping.model : *found;
}

}  // namespace quire::importer
