#include "quire/migrate/tenants.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "bson/report_fields.hpp"
#include "migrate/support.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {

using Result = TenantEntry::Result;

std::string_view to_string(Result result) noexcept {
  switch (result) {
    case Result::done:
      return "done";
    case Result::failed:
      return "failed";
    case Result::not_started:
      return "not_started";
  }
  return "unknown";
}

int TenantEntry::exit_code() const noexcept {
  if (result == Result::not_started) return 0;
  return report ? report->exit_code() : 1;
}

std::int64_t TenantReport::count(Result result) const noexcept {
  return std::ranges::count(tenants, result, &TenantEntry::result);
}

bool TenantReport::ok() const noexcept {
  return count(Result::done) == static_cast<std::int64_t>(tenants.size());
}

int TenantReport::exit_code() const noexcept {
  constexpr std::array worst_first = {1, 31, 30, 41, 21, 13, 11, 2, 20, 32};
  for (const int code : worst_first) {
    for (const TenantEntry& one : tenants)
      if (one.exit_code() == code) return code;
  }
  return ok() ? 0 : 32;
}

std::string TenantReport::json() const {
  bson::Writer w;
  std::int64_t migrations = 0;
  for (const TenantEntry& one : tenants)
    if (one.report) migrations += static_cast<std::int64_t>(one.report->migrations.size());
  const bool failed = count(Result::failed) > 0;
  w.append("schema", "quire.migrate/1")
      .append("op", "tenants")
      .append("result", ok()     ? "done"
                        : failed ? "failed"
                                 : "stopped")
      .append("exit", std::int32_t{exit_code()});
  w.begin_document("totals")
      .append("tenants", static_cast<std::int64_t>(tenants.size()))
      .append("done", count(Result::done))
      .append("failed", count(Result::failed))
      .append("not_started", count(Result::not_started))
      .append("migrations", migrations)
      .end();
  w.begin_array("tenants");
  for (const TenantEntry& one : tenants) {
    w.push_document_begin()
        .append("name", one.name)
        .append("canary", one.canary)
        .append("result", to_string(one.result))
        .append("exit", std::int32_t{one.exit_code()})
        .append("ms", one.ms);
    if (one.report) {
      w.append("report", bson::from_json(one.report->json()));
    } else {
      w.append_null("report");
    }
    bson::append_error(w, one.error);
    w.end();
  }
  w.end();
  bson::append_texts(w, "next", next);
  return bson::to_json(w.finish());
}

namespace {

class Tenants {
 public:
  Tenants(std::vector<std::string> names, const std::function<Database(std::size_t)>& open,
          const Migrations& migrations, const TenantOptions& options)
      : open_(open), migrations_(migrations), options_(options) {
    migrations.validate();
    std::set<std::string> seen;
    for (std::string& name : names) {
      if (name.empty() || !seen.insert(name).second) {
        throw MigrationError(ErrorCode::invalid_migration, FieldPath(name),
                             name.empty() ? "a tenant needs a name" : "the tenant is given twice");
      }
      report_.tenants.emplace_back().name = std::move(name);
    }
    for (std::size_t i = 0; i < canaries(); ++i) report_.tenants[i].canary = true;
  }

  TenantReport run() {
    for (; next_ < canaries() && goes_on(); ++next_) work_on(next_);
    if (failures_ > 0) {
      canary_failed_ = true;
    } else if (goes_on()) {
      const auto left = report_.tenants.size() - canaries();
      const auto most =
          std::min<std::size_t>(static_cast<std::size_t>(std::max(options_.parallel, 1)), left);
      std::vector<std::thread> threads;
      for (std::size_t i = 0; i < most; ++i)
        threads.emplace_back([this] {
          while (goes_on()) {
            const std::size_t position = next_++;
            if (position >= report_.tenants.size()) return;
            work_on(position);
          }
        });
      for (auto& thread : threads) thread.join();
    }
    conclude();
    return std::move(report_);
  }

 private:
  [[nodiscard]] std::size_t canaries() const {
    return std::min(static_cast<std::size_t>(std::max(options_.canaries, 0)),
                    report_.tenants.size());
  }
  [[nodiscard]] bool goes_on() const {
    if (options_.stop.stop_requested()) return false;
    const std::int64_t failures = failures_;
    if (next_ < canaries()) return failures == 0;
    return options_.stop_after <= 0 || failures < options_.stop_after;
  }

  void work_on(std::size_t position) {
    TenantEntry& entry = report_.tenants[position];  // of this thread alone
    const auto start = boot_time();
    try {
      Database db = open_(position);
      MigrationRunner runner(db, migrations_);
      if (options_.configure) options_.configure(runner, db);
      runner.stop_token(options_.stop);
      entry.report = runner.run();
      entry.result = entry.report->ok() ? Result::done : Result::failed;
    } catch (const Error& error) {
      entry.result = Result::failed;
      entry.error = error;
    } catch (...) {
      const Caught caught = current_failure();
      entry.result = Result::failed;
      entry.error = MigrationError(caught.code, FieldPath(entry.name), caught.text);
    }
    entry.ms = (boot_time() - start).count();
    // One that was stopped on request has not failed for the others.
    const bool paused = entry.report && entry.report->result == MigrationResult::paused;
    if (entry.result == Result::failed && !paused) ++failures_;
    if (!options_.on_tenant) return;
    const std::lock_guard guard(telling_);
    options_.on_tenant(entry);
  }

  void conclude() {
    report_.stopped = options_.stop.stop_requested();
    if (report_.ok()) return;
    const auto waiting = report_.count(Result::not_started);
    if (canary_failed_) {
      report_.next.push_back("correct the cause in the canary and run again: no other was started");
    } else if (report_.count(Result::failed) > 0) {
      report_.next.push_back("correct the causes and run again: what is done is passed over");
    }
    if (waiting > 0 && report_.stopped)
      report_.next.push_back("run again: " + std::to_string(waiting) + " were not started");
  }

  const std::function<Database(std::size_t)>& open_;
  const Migrations& migrations_;
  const TenantOptions& options_;
  TenantReport report_;
  std::atomic<std::size_t> next_{0};
  std::atomic<std::int64_t> failures_{0};
  bool canary_failed_ = false;
  std::mutex telling_;
};

}  // namespace

TenantReport run_tenants(std::span<const Database> tenants, const Migrations& migrations,
                         const TenantOptions& options) {
  // Databases of several stores may have one name: a number tells them apart.
  std::vector<std::string> names;
  std::map<std::string, int> numbers;
  for (std::size_t i = 0; i < tenants.size(); ++i) {
    const Database& db = tenants[i];
    for (std::size_t before = 0; before < i; ++before) {
      if (tenants[before].shared_store() == db.shared_store() &&
          tenants[before].name() == db.name())
        throw MigrationError(ErrorCode::invalid_migration, FieldPath(db.name()),
                             "the tenant is given twice");
    }
    const int number = ++numbers[db.name()];
    names.push_back(number == 1 ? db.name() : db.name() + " #" + std::to_string(number));
  }
  const std::function<Database(std::size_t)> open = [&](std::size_t i) { return tenants[i]; };
  return Tenants(std::move(names), open, migrations, options).run();
}

TenantReport run_tenants(std::span<const std::string> names,
                         const std::function<Database(const std::string&)>& open,
                         const Migrations& migrations, const TenantOptions& options) {
  const std::function<Database(std::size_t)> by_place = [&](std::size_t i) {
    return open(names[i]);
  };
  return Tenants({names.begin(), names.end()}, by_place, migrations, options).run();
}

}  // namespace quire::migrate
