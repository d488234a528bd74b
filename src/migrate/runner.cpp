#include "quire/migrate/runner.hpp"

#include <algorithm>

#include "migrate/background_state.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {

MigrationRunner::MigrationRunner(Database db, Migrations migrations)
    : db_(std::move(db)),
      migrations_(std::move(migrations)),
      options_(std::make_unique<Options>()) {
  migrations_.validate();
  for (const auto& one : migrations_.items) {
    if (one->info().min_app > migrations_.app_level) {
      throw MigrationError(ErrorCode::invalid_migration, FieldPath(one->info().id),
                           "min_app is above the app_level of the program that runs it; set "
                           "Migrations{.app_level = …}");
    }
  }
}
MigrationRunner::~MigrationRunner() = default;
MigrationRunner::MigrationRunner(MigrationRunner&&) noexcept = default;
MigrationRunner& MigrationRunner::operator=(MigrationRunner&& other) noexcept {
  background_.reset();  // uses the options
  db_ = std::move(other.db_);
  migrations_ = std::move(other.migrations_);
  options_ = std::move(other.options_);
  background_ = std::move(other.background_);
  return *this;
}

MigrationRunner& MigrationRunner::lease(std::chrono::milliseconds time) {
  options_->lease = std::max(time, std::chrono::milliseconds(50));
  return *this;
}
MigrationRunner& MigrationRunner::drain_wait(std::chrono::milliseconds time) {
  options_->drain_wait = std::max(time, std::chrono::milliseconds(0));
  return *this;
}
MigrationRunner& MigrationRunner::on_busy(Wait how) {
  options_->busy = Busy::wait;
  options_->wait_limit = how.limit;
  return *this;
}
MigrationRunner& MigrationRunner::on_busy(Fail) {
  options_->busy = Busy::fail;
  return *this;
}
MigrationRunner& MigrationRunner::on_busy(Skip) {
  options_->busy = Busy::skip;
  return *this;
}
MigrationRunner& MigrationRunner::order(OutOfOrder policy) {
  options_->order = policy;
  return *this;
}
MigrationRunner& MigrationRunner::on_checksum_mismatch(ChecksumPolicy policy) {
  options_->checksum = policy;
  return *this;
}
MigrationRunner& MigrationRunner::batch_size(int documents) {
  options_->batch_documents = std::max(documents, 1);
  return *this;
}
MigrationRunner& MigrationRunner::on_event(std::function<void(const MigrationEvent&)> sink) {
  options_->sink = std::move(sink);
  return *this;
}
MigrationRunner& MigrationRunner::also_on_event(std::function<void(const MigrationEvent&)> sink) {
  if (!options_->sink) return on_event(std::move(sink));
  options_->sink = [first = std::move(options_->sink),
                    then = std::move(sink)](const MigrationEvent& event) {
    first(event);
    then(event);
  };
  return *this;
}
MigrationRunner& MigrationRunner::slow_after(std::chrono::milliseconds time) {
  options_->slow = std::max(time, std::chrono::milliseconds(0));
  return *this;
}
MigrationRunner& MigrationRunner::stop_token(std::stop_token token) {
  options_->stop = std::move(token);
  return *this;
}
MigrationRunner& MigrationRunner::target(std::string id) {
  options_->target = std::move(id);
  return *this;
}
MigrationRunner& MigrationRunner::tags(std::vector<std::string> wanted) {
  options_->tags = std::move(wanted);
  return *this;
}
MigrationRunner& MigrationRunner::budget(std::chrono::milliseconds time) {
  options_->budget = std::max(time, std::chrono::milliseconds(0));
  return *this;
}
MigrationRunner& MigrationRunner::throttle(Throttle how) {
  options_->throttle = std::move(how);
  return *this;
}
MigrationRunner& MigrationRunner::clock(const Clock& clock) {
  options_->clock = &clock;
  return *this;
}
MigrationRunner& MigrationRunner::application(std::string name) {
  options_->application = std::move(name);
  return *this;
}

MigrationRunner& MigrationRunner::undo(UndoOptions options) {
  options_->undo = options;
  return *this;
}
MigrationRunner& MigrationRunner::backup_ref(std::string reference) {
  options_->backup_ref = std::move(reference);
  return *this;
}

MigrationReport MigrationRunner::run() { return Run(db_, migrations_, *options_).up(); }

BackgroundRun& MigrationRunner::background() {
  if (!background_)
    background_.reset(
        new BackgroundRun(std::make_unique<BackgroundRun::State>(db_, migrations_, *options_)));
  return *background_;
}

MigrationHealth MigrationRunner::health() const { return options_->monitor->health(); }

bool MigrationRunner::is_complete(std::string_view id) const {
  return Run(db_, migrations_, *options_).is_complete(id);
}

void MigrationRunner::control(const Database& db, Desired desired, std::string_view reason,
                              std::int64_t rate) {
  write_control(db, run_control_id, "migrate", desired, reason, rate);
}

MigrationReport MigrationRunner::rollback(std::string_view id) {
  Run run(db_, migrations_, *options_);
  return run.down([&] { return run.behind(id); });
}

MigrationReport MigrationRunner::rollback(int count) {
  Run run(db_, migrations_, *options_);
  return run.down([&] { return run.last(count); });
}

MigrationReport MigrationRunner::rollback_to(std::string_view id) {
  Run run(db_, migrations_, *options_);
  return run.down([&] { return run.beyond(id); });
}

MigrationPlan MigrationRunner::plan(const PlanOptions& options) {
  return Run(db_, migrations_, *options_).plan(options);
}

MigrationStatus MigrationRunner::status() const {
  return Run(db_, migrations_, *options_).status();
}

void MigrationRunner::mark(std::string_view id, MigrationState state, std::string_view reason) {
  Run(db_, migrations_, *options_).mark(id, state, reason);
}

void MigrationRunner::accept(std::string_view id, std::string_view reason) {
  Run(db_, migrations_, *options_).accept(id, reason);
}

void MigrationRunner::baseline(std::string_view id, const BaselineOptions& options) {
  Run(db_, migrations_, *options_).baseline(id, options);
}

}  // namespace quire::migrate
