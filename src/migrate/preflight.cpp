#include "quire/migrate/preflight.hpp"

#include <sys/statvfs.h>

#include <algorithm>

#include "migrate/finding_fields.hpp"
#include "migrate/preflight_checks.hpp"
#include "migrate/support.hpp"
#include "quire/backup/restore.hpp"
#include "quire/bson/json.hpp"
#include "quire/core/error.hpp"
#include "quire/migrate/inspect.hpp"

namespace quire::migrate {
namespace {

std::string megabytes(std::int64_t bytes) {
  return std::to_string(bytes / 1'000'000 + (bytes % 1'000'000 == 0 ? 0 : 1)) + " MB";
}

}  // namespace

void Preflight::add(Found found) {
  Finding one;
  one.code = found.code;
  one.severity = found.severity;
  one.migration = std::move(found.migration);
  one.collection = std::move(found.collection);
  one.where = std::move(found.where);
  one.keys = std::move(found.keys);
  one.text = std::move(found.text);
  one.next = std::move(found.next);
  report_.findings.push_back(std::move(one));
}

PreflightReport Preflight::run() {
  migrations_.validate();
  if (!answers()) return std::move(report_);
  can_ = db_.capabilities();
  if (!history()) {
    lock();
    return std::move(report_);
  }
  transactions();
  rights();
  disk();
  backup();
  lock();
  drain();
  if (options_.data) {
    duplicates();
    types();
    sizes();
    names();
  }
  if (options_.more) options_.more(db_, report_.findings);
  sort();
  return std::move(report_);
}

/// By code, those of the program last.
void Preflight::sort() {
  std::vector<Finding> sorted;
  std::vector<bool> taken(report_.findings.size(), false);
  const auto take = [&](std::string_view code) {
    for (std::size_t i = 0; i < taken.size(); ++i) {
      if (taken[i] || !(code.empty() || report_.findings[i].code == code)) continue;
      taken[i] = true;
      sorted.push_back(std::move(report_.findings[i]));
    }
  };
  for (const PreflightCode& one : preflight_codes) take(one.code);
  take({});
  report_.findings = std::move(sorted);
}

bool Preflight::answers() {
  const auto health = db_.health(std::chrono::seconds(5));
  if (!health.ok) {
    add({"P101", Severity::danger, "", "the store does not answer: " + health.error,
         "see that it runs and can be reached", "", ""});
    return false;
  }
  writable_ = health.writable;
  std::string text = health.kind + ", " + health.version;
  if (!health.server.empty()) text += ", " + health.server;
  if (!health.set_name.empty()) text += " of the replica set " + health.set_name;
  if (writable_) {
    add({"P101", Severity::ok, "", std::move(text), "", "", ""});
  } else {
    add({"P101", Severity::danger, "", text + "; it takes no writes",
         health.kind == "embedded" ? "open the file for writing"
                                   : "connect to the primary, or wait until there is one",
         "", ""});
  }
  return true;
}

bool Preflight::history() {
  MigrationPlan plan;
  try {
    all_ = survey(db_, migrations_);
    MigrationRunner runner(db_, migrations_);
    for (const auto& one : runner.status().migrations) {
      using enum MigrationState;
      if (one.state == future)
        add({"P106", Severity::warning, "", "is applied, and this program does not know it",
             "run the program that has it, if this is not an older one on purpose", "", one.id});
      if (one.state == attention)
        add({"P106", Severity::danger, "", "its outcome is unknown",
             "look whether its effect is there, then mark it applied or failed", "", one.id});
      if (one.state == running || one.state == partial || one.state == paused ||
          one.state == reverting)
        add({"P106", Severity::warning, "",
             "was begun and is not finished: " + std::string(to_string(one.state)),
             "a run goes on with it first", "", one.id});
      if (one.state == drifted)
        add({"P106", Severity::danger, "", "was changed in the program after it was applied",
             "restore it as it was, or accept the change if it does not matter", "", one.id});
    }
    for (const Surveyed& one : all_) {
      if (!one.pending) continue;
      ++report_.pending;
      if (!one.refusal.empty())
        add({"P102", Severity::danger, "", "it cannot run on this store: " + one.refusal,
             "change the migration, or run it on a store that can", "", one.compiled.id()});
    }
    const bool can_plan =
        std::ranges::all_of(all_, [](const Surveyed& one) { return one.refusal.empty(); });
    PlanOptions plain;
    plain.sample = 0;
    plain.lint = false;
    if (can_plan) plan = runner.plan(plain);
  } catch (const MigrationError& error) {
    if (error.code() != ErrorCode::history_corrupt) throw;
    add({"P106", Severity::danger, "_quire_history", error.detail(),
         "correct the document, from a backup if need be", "_quire_history", error.path().str()});
    return false;
  }
  const auto known = [&](const std::string& id) {
    return std::ranges::any_of(report_.findings, [&](const Finding& one) {
      return one.code == "P106" && one.severity == Severity::danger && one.migration == id;
    });
  };
  for (const auto& one : plan.migrations) {
    if (one.blocked_by.empty()) continue;
    if (!known(one.id))
      add({"P106", Severity::danger, "", "cannot run: " + one.blocked_by,
           "see to what is in its way first", "", one.id});
    break;  // those after it wait for the same
  }
  if (std::ranges::none_of(report_.findings, [](const Finding& one) { return one.code == "P106"; }))
    add({"P106", Severity::ok, "",
         std::to_string(report_.pending) +
             " pending; dependencies, checksums and history agree with the program",
         "", "", ""});
  return true;
}

void Preflight::transactions() {
  if (can_.transactions) {
    add({"P102", Severity::ok, "", "the store has transactions", "", "", ""});
    return;
  }
  add({"P102", report_.pending > 0 ? Severity::warning : Severity::ok, "",
       "the store has no transactions: what is not in batches with stamps may be met twice after a "
       "crash",
       report_.pending > 0 ? "read the guarantee of each migration in plan()" : "", "", ""});
}

void Preflight::disk() {
  if (db_.store().kind() != "embedded") {
    disk_of_server();
    return;
  }
  const std::string path = db_.store().redacted_uri();
  if (path == ":memory:") {
    add({"P104", Severity::ok, "", "the database is in memory", "", "", ""});
  } else {
    disk_of_file(path);
  }
}

void Preflight::disk_of_file(const std::filesystem::path& file) {
  std::error_code none;
  const auto folder = std::filesystem::absolute(file, none).parent_path();
  struct statvfs disk{};
  if (::statvfs(folder.c_str(), &disk) != 0) {
    add({"P104", Severity::warning, folder.string(), "how much is free could not be found out", "",
         "", ""});
    return;
  }
  std::int64_t used = 0;
  for (const char* suffix : {"", "-wal"}) {
    const auto size = std::filesystem::file_size(file.string() + suffix, none);
    if (!none) used += static_cast<std::int64_t>(size);
  }
  const auto free = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
  space(static_cast<std::int64_t>(std::min<std::uint64_t>(free, INT64_MAX)), used, folder.string());
}

void Preflight::disk_of_server() {
  const bson::Document command = bson::make_document("dbStats", std::int32_t{1});
  try {
    const bson::Document stats = db_.store().run_command(db_.name(), command, nullptr);
    const auto number = [&](std::string_view key) {
      const auto value = stats.find(key);
      if (value && value->type() == bson::Type::double_)
        return static_cast<std::int64_t>(value->as_double());
      return get_int(stats, key);
    };
    const std::int64_t total = number("fsTotalSize");
    if (total > 0) {
      space(total - number("fsUsedSize"), number("totalSize"), "the server's disk");
      return;
    }
  } catch (const StoreError&) {  // not told is not told
  }
  add({"P104", Severity::warning, "the server's disk", "the server does not tell how much is free",
       "see that there is room for once more the database", "", ""});
}

void Preflight::space(std::int64_t free, std::int64_t used, const std::string& where) {
  const bool given = options_.free_bytes > 0;
  const std::int64_t wanted = given ? options_.free_bytes : used;
  const std::string text =
      megabytes(free) + " are free; " +
      (given ? megabytes(wanted) + " are wanted" : "the database has " + megabytes(used));
  if (free >= wanted) {
    add({"P104", Severity::ok, where, text, "", "", ""});
    return;
  }
  add({"P104", given || free < used / 10 ? Severity::danger : Severity::warning, where, text,
       "make room: changed documents and a journal are written beside what is there", "", ""});
}

void Preflight::backup() {
  if (options_.backup.empty()) {
    add({"P105", report_.pending > 0 ? Severity::warning : Severity::ok, "", "no backup is named",
         report_.pending > 0 ? "write one with backup::backup() and name its folder" : "", "", ""});
    return;
  }
  const std::string folder = options_.backup.string();
  const auto found = backup::verify(options_.backup);
  if (!found.ok()) {
    add({"P105", Severity::danger, folder,
         "cannot be used: " + (found.error ? found.error->detail() : "it is not whole"),
         "write another one with backup::backup()", "", ""});
    return;
  }
  const auto has = [&](const std::string& name) {
    return std::ranges::any_of(found.collections,
                               [&](const auto& one) { return one.name == name; });
  };
  std::string missing;
  for (const std::string& name : touched()) {
    if (has(name) || db_.store().estimated_count(db_.ns(name)) == 0) continue;
    missing += missing.empty() ? name : ", " + name;
  }
  if (!missing.empty()) {
    add({"P105", Severity::danger, folder, "lacks collections that the run touches: " + missing,
         "write another one with backup::backup()", "", ""});
    return;
  }
  add({"P105", Severity::ok, folder,
       "can be read: " + std::to_string(found.documents()) + " documents of " +
           std::to_string(found.collections.size()) + " collections" +
           (found.manifest ? ", checksums agree" : ", without a manifest of checksums"),
       "", "", ""});
}

void Preflight::lock() {
  const auto info = lock_info(db_);
  if (!info || !info->held) {
    add({"P111", Severity::ok, "", "nobody holds the migration lock", "", "", ""});
    return;
  }
  std::string by =
      "process " + std::to_string(info->pid) + " on " + (info->host.empty() ? "?" : info->host);
  if (!info->application.empty()) by += " (" + info->application + ")";
  if (info->process_gone) {
    add({"P111", Severity::ok, "", "held by " + by + ", which is gone: a run takes it over", "", "",
         ""});
    return;
  }
  if (!info->progress.empty()) by += "; " + info->progress;
  add({"P111", Severity::warning, "", "held by " + by,
       "a run waits until it has finished, or for 1.25 leases when it is gone", "", ""});
}

PreflightReport preflight(const Database& db, const Migrations& migrations,
                          const PreflightOptions& options) {
  return Preflight(db, migrations, options).run();
}

std::vector<std::string> PreflightReport::problems() const {
  std::vector<std::string> list;
  for (const Finding& one : findings)
    if (one.severity == Severity::danger) list.push_back(one.str());
  return list;
}

std::string PreflightReport::str() const {
  std::string out;
  for (const Finding& one : findings) out += one.str() + "\n";
  return out;
}

std::string PreflightReport::json() const {
  bson::Writer w;
  const Severity most = worst(findings);
  w.append("schema", "quire.migrate/1")
      .append("op", "preflight")
      .append("result", most == Severity::danger    ? "danger"
                        : most == Severity::warning ? "warnings"
                                                    : "ready")
      .append("exit", std::int32_t{exit_code()})
      .append("pending", pending);
  append_findings(w, "findings", findings);
  append_next(w, findings);
  return bson::to_json(w.finish());
}

}  // namespace quire::migrate
