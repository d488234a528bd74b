#include "quire/migrate/maintenance.hpp"

#include <algorithm>
#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <thread>

#include "migrate/support.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {
namespace {

constexpr std::string_view flag_id = "maintenance";

MaintenanceStatus read(Database& db) {
  MaintenanceStatus status;
  const auto found = find_document(db, lock_collection, bson::make_document("_id", flag_id));
  if (!found) return status;
  status.on = get_flag(*found, "on");
  status.reason = get_text(*found, "reason");
  status.by = get_text(*found, "by");
  status.since = get_time(*found, "since");
  status.token = get_text(*found, "token");
  return status;
}

std::string of_this_process() {
  const Who& who = Who::me();
  return who.user + "@" + who.host;
}

/// How many passes this thread holds.
int& passes() noexcept {
  static thread_local int count = 0;
  return count;
}

}  // namespace

std::string MaintenanceStatus::json() const {
  bson::Writer w;
  w.append("on", on).append("reason", reason).append("by", by);
  if (since) {
    w.append("since", *since);
  } else {
    w.append_null("since");
  }
  return bson::to_json(w.append("token", token).finish());
}

struct Maintenance::State {
  State(Database where, MaintenanceOptions with) : db(std::move(where)), options(std::move(with)) {
    options.ttl = std::max(options.ttl, std::chrono::milliseconds(1));
  }
  Database db;
  MaintenanceOptions options;
  std::atomic<std::int64_t> valid_until{-1};  // boot time
  std::atomic<bool> is_on{false};
  std::mutex mutex;  // of the one who reads
  MaintenanceStatus last;
  std::int64_t other_asked = 0;
  std::future<MaintenanceStatus> other;  // last: it ends before what it uses

  bool look(std::int64_t asked) {
    try {
      last = read(db);
    } catch (const StoreError& error) {
      // A thread with a transaction on the embedded store reads nothing beside it: another does. In
      // memory that one may have to wait for the end of the transaction, and so has whoever would
      // put the flag on: then it is as it was.
      if (error.code() != ErrorCode::transaction_state) throw;
      if (!other.valid()) {
        other_asked = asked;
        other = std::async(std::launch::async, [this] { return read(db); });
      }
      if (other.wait_for(std::chrono::milliseconds(50)) != std::future_status::ready) return is_on;
      last = other.get();
      asked = other_asked;
    }
    is_on = last.on;
    valid_until = asked + options.ttl.count();
    return is_on;
  }
};

Maintenance::Maintenance(Database db, MaintenanceOptions options)
    : state_(std::make_shared<State>(std::move(db), std::move(options))) {}

MaintenanceStatus Maintenance::on(std::string_view reason) const {
  if (reason.empty() || !bson::is_utf8(reason)) {
    throw MigrationError(ErrorCode::invalid_migration,
                         "maintenance needs a reason, which those who are refused are shown");
  }
  State& state = *state_;
  const std::string by = state.options.by.empty() ? of_this_process() : state.options.by;
  const std::string token = Uuid::generate().str();
  bson::Writer filter;
  filter.append("_id", flag_id).begin_document("on").append("$ne", true).end();
  bson::Writer update;
  update.begin_document("$set")
      .append("on", true)
      .append("reason", reason)
      .append("by", by)
      .append("token", token)
      .end();
  update.begin_document("$currentDate").append("since", true).end();
  const bson::Document filter_body = filter.finish(), body = update.finish();
  auto options = safe<store::UpdateOptions>();
  options.upsert = true;
  try {
    (void)state.db.store().update(state.db.ns(lock_collection), filter_body, {body.view()},
                                  options);
  } catch (const StoreError&) {
    // Servers differ in how they refuse who comes second: the content decides.
    if (!read(state.db).on) throw;
  }
  MaintenanceStatus now = read(state.db);
  if (now.token != token) {
    throw MigrationError(ErrorCode::lock_busy, "the database is in maintenance already: " +
                                                   now.reason + " (" + now.by + ")");
  }
  state.valid_until = -1;
  std::this_thread::sleep_for(state.options.ttl + std::chrono::milliseconds(1));
  return now;
}

bool Maintenance::off(std::string_view token) const {
  State& state = *state_;
  bson::Writer filter;
  filter.append("_id", flag_id).append("on", true);
  if (!token.empty()) filter.append("token", token);
  bson::Writer update;
  update.begin_document("$set").append("on", false).end();
  update.begin_document("$currentDate").append("until", true).end();
  const bson::Document filter_body = filter.finish(), body = update.finish();
  const auto result = state.db.store().update(state.db.ns(lock_collection), filter_body,
                                              {body.view()}, safe<store::UpdateOptions>());
  state.valid_until = -1;
  return result.matched == 1;
}

MaintenanceStatus Maintenance::status() const { return read(state_->db); }

bool Maintenance::is_on() const {
  State& state = *state_;
  const auto fresh = [&] { return boot_time().count() < state.valid_until; };
  if (fresh()) return state.is_on;
  const std::lock_guard guard(state.mutex);
  if (fresh()) return state.is_on;
  const std::int64_t asked = boot_time().count();  // before the read: it may take its time
  return state.look(asked);
}

void Maintenance::check() const {
  if (!is_on()) return;
  State& state = *state_;
  std::string text;
  {
    const std::lock_guard guard(state.mutex);
    text = state.last.reason + " (" + state.last.by + ")";
  }
  throw StoreError(ErrorCode::read_only, "\"" + state.db.name() + "\" is in maintenance: " + text +
                                             "; reads go on, writes are refused until it is over: "
                                             "try again later");
}

MaintenancePass::MaintenancePass() noexcept { ++passes(); }
MaintenancePass::~MaintenancePass() { --passes(); }
bool MaintenancePass::is_held() noexcept { return passes() > 0; }

namespace {

class RefuseWrites final : public DatabaseHooks {
 public:
  RefuseWrites(const Database& db, std::shared_ptr<DatabaseHooks> also, MaintenanceOptions options)
      : store_(db.shared_store()), also_(std::move(also)), options_(std::move(options)) {}

  void before_write(store::Namespace ns) override {
    if (also_ != nullptr) also_->before_write(ns);
    if (MaintenancePass::is_held()) return;
    of(ns.database).check();
  }
  std::optional<bson::Document> upgrade(store::Namespace ns, bson::View document) override {
    return also_ == nullptr ? std::nullopt : also_->upgrade(ns, document);
  }

 private:
  Maintenance of(std::string_view database) {
    const std::lock_guard guard(mutex_);
    const auto found = flags_.find(database);
    if (found != flags_.end()) return found->second;
    const std::string name(database);
    // A handle of its own: one that shares the hooks would keep them alive for ever.
    return flags_.emplace(name, Maintenance(Database(store_, name), options_)).first->second;
  }

  std::shared_ptr<store::Store> store_;
  std::shared_ptr<DatabaseHooks> also_;
  MaintenanceOptions options_;
  std::mutex mutex_;
  std::map<std::string, Maintenance, std::less<>> flags_;
};

}  // namespace

std::shared_ptr<DatabaseHooks> refuse_writes(const Database& db,
                                             std::shared_ptr<DatabaseHooks> also,
                                             const MaintenanceOptions& options) {
  return std::make_shared<RefuseWrites>(db, std::move(also), options);
}

}  // namespace quire::migrate
