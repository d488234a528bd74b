// Commands on what migrations keep in the database; they need no migrations.
#include <fmt/format.h>

#include <cstdint>

#include "bson/report_fields.hpp"
#include "cli/migrate/commands.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/signal_stop.hpp"
#include "quire/migrate/inspect.hpp"
#include "quire/migrate/maintenance.hpp"

namespace quire::cli {
namespace {

constexpr OptionSpec last_options[] = {{"--last", "N", "the latest N, default 50; 0 = all"},
                                       {"--migration", "ID", "only of this migration"}};
constexpr OptionSpec token_options[] = {
    {"--token", "N", "the lock's token as status shows it"},
    {"--reason", "TEXT", "who says that the holder is gone, and why"},
    {"--force", "", "do not watch whether the holder lives"}};

int history(const Context& context) {
  return show_history(context.out, context.db, context.arguments.at(0));
}
int events(const Context& context) {
  return show_events(context.out, context.db,
                     context.arguments.number("--last", 0, 1'000'000).value_or(50),
                     context.arguments.text("--migration"));
}
int unlock(const Context& context) {
  const auto token = context.arguments.number("--token", 0, INT64_MAX);
  const std::string reason = context.arguments.text("--reason");
  if (!token) throw UsageError("unlock needs --token N, as status shows it");
  if (reason.empty()) throw UsageError("unlock needs --reason TEXT, which is kept with the event");
  context.confirm(
      fmt::format("The migration lock of \"{}\" of {} will be taken away from its holder.",
                  context.db.name(), context.db.store().redacted_uri()));
  return do_unlock(context.out, context.db, *token, reason, context.arguments.has("--force"));
}

constexpr OptionSpec flag_options[] = {{"--reason", "TEXT", "of on: shown to whoever is refused"}};
int maintenance(const Context& context) {
  return do_maintenance(context.out, context.db, context.arguments.at(0),
                        context.arguments.text("--reason"));
}

constexpr Command commands[] = {
    {"history",
     "[ID]",
     "Who ran what, when, and how long",
     "Also of migrations that this program "
     "does not know.",
     0,
     1,
     {},
     false,
     history},
    {"events", "", "Each change of state, the latest last", "", 0, 0, last_options, false, events},
    {"unlock", "", "Take the lock from a process that is gone",
     "Needs --token and --reason. Without --force the holder's beat is watched for 1.25 leases, "
     "and one that lives is left alone. The next run would take over by itself after that time.",
     0, 0, token_options, true, unlock},
    {"maintenance", "on|off|status", "Keep the application's writers out, or let them in again",
     "Programs that heed it (refuse_writes) go on reading, and refuse to write. on needs --reason.",
     1, 1, flag_options, false, maintenance},
};

std::string who(std::string_view user, std::string_view host, std::int64_t pid) {
  std::string text(user);
  if (!host.empty()) text += "@" + std::string(host);
  if (pid > 0) text += " " + std::to_string(pid);
  return text;
}

}  // namespace

std::span<const Command> history_commands() { return commands; }

void print_lock(Output& out, const Database& db) {
  const auto lock = migrate::lock_info(db);
  if (!lock) return;
  if (!lock->held) {
    out.hang("lock: ", fmt::format("free, token {}", lock->token));
    return;
  }
  std::string text = fmt::format("token {}, held by process {} on {}", lock->token, lock->pid,
                                 lock->host.empty() ? "?" : lock->host);
  if (!lock->application.empty()) text += " (" + lock->application + ")";
  if (lock->process_gone) text += ", which is gone";
  if (const std::string progress = holder_progress(*lock); !progress.empty())
    text += "; " + progress;
  out.hang("lock: ", text);
}

namespace {

/// A number of what a holder says of itself; nothing where it is none.
std::optional<double> number_of(bson::View said, std::string_view key) {
  const auto field = said.find(key);
  if (!field) return std::nullopt;
  switch (field->type()) {
    case bson::Type::int32:
      return field->as_int32();
    case bson::Type::int64:
      return static_cast<double>(field->as_int64());
    case bson::Type::double_:
      return field->as_double();
    default:
      return std::nullopt;
  }
}
std::optional<std::int64_t> whole_of(bson::View said, std::string_view key) {
  const auto found = number_of(said, key);
  if (!found || !(*found >= 0) || *found > 9e15) return std::nullopt;
  return static_cast<std::int64_t>(*found);
}
std::string word_of(bson::View said, std::string_view key) {
  const auto field = said.find(key);
  return field && field->is_string() ? std::string(field->as_string()) : std::string();
}

}  // namespace

ProgressState holder_state(bson::View said) {
  const std::string id = word_of(said, "migration");
  std::string what = "the holder of the lock";
  if (!id.empty())
    what = fmt::format("{}, step {}", cut(id, 60), whole_of(said, "step").value_or(0));
  return {std::move(what), whole_of(said, "done").value_or(0), whole_of(said, "total").value_or(0),
          number_of(said, "rate").value_or(0), true};
}

std::string holder_progress(const migrate::LockInfo& lock) {
  const auto value = bson::View(lock.document).find("progress");
  if (!lock.held || !value || !value->is_document()) return lock.progress;
  const bson::View said = value->as_document();
  std::string text;
  const auto add = [&](const std::string& part) {
    if (!part.empty()) text += (text.empty() ? "" : ", ") + part;
  };
  if (const std::string id = word_of(said, "migration"); !id.empty()) {
    const auto step = whole_of(said, "step"), steps = whole_of(said, "steps");
    add(id + (step && *step > 0 ? " step " + std::to_string(*step) : "") +
        (step && *step > 0 && steps && *steps > 0 ? " of " + std::to_string(*steps) : ""));
  }
  add(word_of(said, "state"));
  add(word_of(said, "reason"));
  const auto total = whole_of(said, "total");
  if (const auto done = whole_of(said, "done"); done && total && *total > 0) {
    add(grouped(*done) + " of " + plural(*total, "document", "documents"));
  } else if (done && *done > 0) {
    add(plural(*done, "document", "documents"));
  }
  if (const auto rate = number_of(said, "rate"); rate && *rate >= 1)
    add(grouped(static_cast<std::int64_t>(*rate)) + "/s");
  if (const auto eta = number_of(said, "eta_s"); eta && *eta >= 0) add(timed(*eta) + " left");
  return text;
}

int show_history(Output& out, const Database& db, const std::string& id) {
  auto rows = migrate::history(db);
  if (!id.empty()) {
    std::erase_if(rows, [&](const auto& row) { return row.id != id; });
    if (rows.empty()) throw UsageError("history has no migration \"" + id + "\"");
  }
  bson::Writer body;
  body.begin_array("migrations");
  for (const auto& row : rows) body.push(row.document);
  body.end();
  out.report("history", 0, body.finish());
  std::vector<std::vector<Cell>> lines;
  for (const auto& row : rows) {
    std::string text = row.direction.empty() ? "" : row.direction + ", ";
    text += timed(static_cast<double>(row.ms) / 1000) + ", " + grouped(row.changed) + " changed";
    const std::string by = who(row.user, row.host, row.pid);
    if (!by.empty()) text += ", by " + by;
    if (!row.application.empty()) text += ", " + row.application;
    if (row.out_of_order) text += ", out of order";
    if (!row.assured.empty()) text += ", assured: " + row.assured;
    if (!row.error.empty()) text += "; " + row.error;
    lines.push_back(
        {{row.id}, {row.state, paint_of(row.state)}, {time_text(row.finished)}, {std::move(text)}});
  }
  if (!lines.empty()) {
    out.table({"migration", "state", "finished (UTC)", ""}, lines);
  } else {
    out.print("No migration ever ran on this database.");
  }
  return 0;
}

int show_events(Output& out, const Database& db, std::int64_t last, const std::string& migration) {
  const auto list = migrate::events(db, {last, migration});
  for (const auto& one : list) {
    if (!out.json()) break;
    bson::Writer line;
    line.append("event", "history").append_all(one.document);
    out.event(line.finish());
  }
  out.report("events", 0, bson::make_document("events", static_cast<std::int64_t>(list.size())));
  std::vector<std::vector<Cell>> rows;
  for (const auto& one : list) {
    std::string what = one.what == "state" ? one.from + " -> " + one.to : one.what;
    std::string text = "by " + who(one.user, one.host, one.pid);
    if (!one.note.empty()) text += "; " + one.note;
    rows.push_back({{time_text(one.at)},
                    {one.migration.empty() ? "(lock)" : one.migration},
                    {std::move(what)},
                    {std::move(text)}});
  }
  if (!rows.empty()) {
    out.table({"at (UTC)", "migration", "what", ""}, rows);
  } else {
    out.print("No events.");
  }
  return 0;
}

int do_maintenance(Output& out, const Database& db, const std::string& what,
                   const std::string& reason) {
  const migrate::Maintenance flag(db);
  if (what == "on") {
    if (reason.empty())
      throw UsageError("maintenance on needs --reason TEXT, shown to whoever is refused");
    (void)flag.on(reason);
  } else if (what == "off") {
    if (!flag.off()) out.print("It was not on.");
  } else if (what != "status") {
    throw UsageError("maintenance takes on, off or status");
  }
  const auto status = flag.status();
  out.print(status.on ? fmt::format("In maintenance since {} (UTC): {} ({}).",
                                    time_text(status.since), status.reason, status.by)
                      : "Not in maintenance.");
  out.report("maintenance", 0, bson::from_json(status.json()));
  return 0;
}

int do_unlock(Output& out, const Database& db, std::int64_t token, const std::string& reason,
              bool force) {
  const SignalStop stop;
  migrate::UnlockOptions options;
  options.force = force;
  options.stop = stop.token();
  options.watching = [&](std::chrono::milliseconds time) {
    out.event(bson::make_document("event", "watching", "ms", std::int64_t{time.count()}));
    out.print(fmt::format("Watching the holder's beat for {}.",
                          timed(static_cast<double>(time.count()) / 1000)));
  };
  migrate::unlock(db, token, reason, options);
  out.print("The lock is free.");
  out.report("unlock", 0, bson::make_document("token", token, "reason", reason));
  return 0;
}

}  // namespace quire::cli
