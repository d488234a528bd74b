#include <algorithm>
#include <chrono>
#include <map>

#include "cli/copy_plan.hpp"
#include "cli/copy_verify.hpp"

namespace quire::cli {
namespace {

using Clock = std::chrono::steady_clock;

double compared_for(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Those of either side that hold documents, with their type.
std::map<std::string, std::string> collections_of_both(const Database& from, const Database& to,
                                                       const CopyOptions& options) {
  std::map<std::string, std::string> out;
  for (const Database* side : {&from, &to}) {
    for (const auto& info : side->store().list_collections(side->name())) {
      if (info.type == "view" || !is_copied(info.name, options)) continue;
      out.emplace(info.name, info.type);
    }
  }
  for (const auto& name : options.collections) {
    if (!out.contains(name))
      throw StoreError(ErrorCode::namespace_not_found,
                       "neither side has a collection \"" + name + "\"");
  }
  return out;
}

/// False: it was asked to stop.
bool compare_all(const Database& from, const Database& to, const CopyOptions& options,
                 CopyReport& report) {
  for (const auto& [name, type] : collections_of_both(from, to, options)) {
    CopiedCollection& one = report.collections.emplace_back();
    one.name = name;
    one.type = type;
    const auto start = Clock::now();
    const std::int64_t total =
        from.store().estimated_count(from.ns(name)) + to.store().estimated_count(to.ns(name));
    const auto tell = [&](std::int64_t documents, std::int64_t bytes) {
      one.seconds = compared_for(start);
      if (!options.progress) return;
      CopyProgress now{name, "verify", documents, total, bytes, one.seconds, 0};
      if (now.seconds > 0) now.rate = static_cast<double>(documents) / now.seconds;
      options.progress(now);
    };
    tell(0, 0);
    if (!verify_collection({from, to, options, type == "timeseries", false, tell}, one))
      return false;
    if (!one.matches) report.result = CopyResult::mismatch;
  }
  report.verified = true;
  return true;
}

}  // namespace

CopyReport compare_databases(const Database& from, const Database& to, const CopyOptions& options) {
  CopyReport report = report_about(from, to);
  const auto start = Clock::now();
  try {
    if (!compare_all(from, to, options, report)) {
      report.result = CopyResult::stopped;
      report.error.emplace(ErrorCode::timeout, "the comparison was asked to stop");
    }
  } catch (const Error& error) {
    report.error.emplace(error);
    report.result = CopyResult::failed;
  }
  report.seconds = compared_for(start);
  return report;
}

}  // namespace quire::cli
