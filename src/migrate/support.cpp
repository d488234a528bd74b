#include "migrate/support.hpp"

#include <pwd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "quire/store/transaction.hpp"

namespace quire::migrate {

namespace {

void run_safely(store::Store& store, store::Session* on, FunctionRef<void(store::Session*)> work,
                std::optional<std::chrono::milliseconds> retry_for = {}) {
  store::TransactionSettings settings;
  if (retry_for) settings.retry_for = *retry_for;
  settings.start.read_concern = ReadConcern{"majority"};
  settings.start.write_concern = WriteConcern{.w = "majority", .journal = true};
  settings.retry_busy = true;
  settings.on = on;
  store::run_transaction(store, settings, [&](store::Session& session) { work(&session); });
}

}  // namespace

void in_transaction(Database& db, bool transactions, FunctionRef<void(store::Session*)> work) {
  if (transactions) return run_safely(db.store(), nullptr, work);
  work(nullptr);
}

std::string end_sessions(Database& db, const std::vector<bson::Document>& ids) {
  if (ids.empty()) return {};
  bson::Writer command;
  command.begin_array("killSessions");
  for (const bson::Document& id : ids) command.push(id.view());
  command.end();
  const bson::Document body = command.finish();
  try {
    (void)db.store().run_command("admin", body, nullptr);
  } catch (const StoreError& error) {
    return "what the process before left open could not be ended (" + error.detail() +
           "); the server does so after a minute";
  }
  return {};
}

void Transactions::use(bool on) {
  if (on && session_ == nullptr) session_ = db_.store().start_session();
}

bson::Document Transactions::session_id() const {
  return session_ == nullptr ? bson::Document() : session_->id();
}

void Transactions::run(bool whole, FunctionRef<void(store::Session*)> work) {
  if (whole) return run_safely(db_.store(), session_.get(), work);
  work(nullptr);
}

void Transactions::try_run(FunctionRef<void(store::Session*)> work) {
  if (!are_used()) return work(nullptr);
  run_safely(db_.store(), session_.get(), work, std::chrono::milliseconds(0));
}

void Transactions::lend(FunctionRef<void(store::Session&)> work) {
  if (session_ == nullptr) return work(*db_.store().start_session());
  const auto roll_back = [this] {
    if (session_->in_transaction()) session_->abort_transaction();
  };
  try {
    work(*session_);
  } catch (...) {
    try {
      roll_back();
    } catch (...) {  // the first exception tells more; the server ends it in time
    }
    throw;
  }
  roll_back();
}

std::chrono::milliseconds boot_time() noexcept {
#ifdef CLOCK_BOOTTIME
  constexpr clockid_t id = CLOCK_BOOTTIME;
#else
  constexpr clockid_t id = CLOCK_MONOTONIC;
#endif
  timespec t{};
  ::clock_gettime(id, &t);
  return std::chrono::milliseconds(std::int64_t{t.tv_sec} * 1000 + t.tv_nsec / 1'000'000);
}

bool StandStill::lasts(std::int64_t token, std::int64_t beat, std::int64_t lease_ms,
                       std::chrono::milliseconds now) noexcept {
  if (token != token_ || beat != beat_) {
    token_ = token;
    beat_ = beat;
    since_ = now;
    return false;
  }
  return (now - since_).count() * 4 >= lease_ms * 5;
}

std::int64_t get_int(bson::View document, std::string_view key, std::int64_t otherwise) {
  const auto value = document.find(key);
  if (!value) return otherwise;
  switch (value->type()) {
    case bson::Type::int32:
      return value->as_int32();
    case bson::Type::int64:
      return value->as_int64();
    case bson::Type::double_: {
      const double number = value->as_double();
      if (number > -9e15 && number < 9e15) return static_cast<std::int64_t>(number);
      return otherwise;
    }
    default:
      return otherwise;
  }
}

std::string get_text(bson::View document, std::string_view key) {
  const auto value = document.find(key);
  return value && value->is_string() ? std::string(value->as_string()) : std::string();
}

bool get_flag(bson::View document, std::string_view key) {
  const auto value = document.find(key);
  return value && value->type() == bson::Type::boolean && value->as_bool();
}

std::optional<bson::DateTime> get_time(bson::View document, std::string_view key) {
  const auto value = document.find(key);
  if (!value || value->type() != bson::Type::date_time) return std::nullopt;
  return value->as_date_time();
}

std::optional<bson::Document> find_document(Database& db, std::string_view collection,
                                            bson::View filter, store::Session* session,
                                            bson::View sort) {
  auto options = safe<store::FindOptions>(session);
  options.sort = sort;
  options.limit = 1;
  std::optional<bson::Document> found;
  db.store().find_one(db.ns(collection), filter, options,
                      [&](bson::View document) { found.emplace(document); });
  return found;
}

const Who& Who::me() {
  static const Who who = [] {
    Who w;
    std::array<char, 256> text{};
    if (::gethostname(text.data(), text.size() - 1) == 0) w.host = text.data();
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 4096> memory;
    if (::getpwuid_r(::geteuid(), &entry, memory.data(), memory.size(), &found) == 0 &&
        found != nullptr) {
      w.user = found->pw_name;
    } else {
      w.user = std::to_string(::geteuid());
    }
    if (!bson::is_utf8(w.host)) w.host.clear();
    if (!bson::is_utf8(w.user)) w.user.clear();
    return w;
  }();
  static thread_local Who current;
  current = who;
  current.pid = ::getpid();  // asked each time: the program may have forked
  return current;
}

Caught current_failure() noexcept {
  Caught caught;
  try {
    throw;
  } catch (const Error& error) {
    caught.code = error.code();
    caught.text =
        error.path().empty() ? error.detail() : "at " + error.path().str() + ": " + error.detail();
    caught.backend_code = error.backend_code();
  } catch (const std::exception& error) {
    caught.text = error.what();
  } catch (...) {
    caught.text = "an exception that is no std::exception";
  }
  if (!bson::is_utf8(caught.text)) caught.text = "an error whose text is not UTF-8";
  return caught;
}

}  // namespace quire::migrate
