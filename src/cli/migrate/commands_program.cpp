// Commands on the program's migrations themselves.
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "bson/report_fields.hpp"
#include "cli/migrate/commands.hpp"
#include "migrate/skeleton_text.hpp"
#include "migrate/survey.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "quire/migrate/squash.hpp"

namespace quire::cli {
namespace {

void write_file(const std::filesystem::path& path, std::string_view text) {
  if (std::filesystem::exists(path))
    throw UsageError(fmt::format("{} is there already", path.string()));
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file)
    throw StoreError(ErrorCode::io_error, fmt::format("{} could not be written", path.string()));
}

void append_steps(bson::Writer& w, std::string_view key, const std::vector<migrate::Step>& steps) {
  w.begin_array(key);
  for (const migrate::Step& step : steps) w.push(step.spec());
  w.end();
}

void append_migration(bson::Writer& w, const migrate::Compiled& one) {
  const migrate::MigrationInfo& info = one.migration->info();
  w.push_document_begin()
      .append("id", info.id)
      .append("title", info.title)
      .append("kind", to_string(info.kind))
      .append("checksum", one.checksum)
      .append("revision", std::int32_t{info.revision})
      .append("min_app", std::int32_t{info.min_app})
      .append("repeatable", info.repeatable)
      .append("not_reversible", one.no_way_back)
      .append("assured", info.assured.why);
  if (info.atomicity) {
    w.append("atomicity", to_string(*info.atomicity));
  } else {
    w.append_null("atomicity");
  }
  bson::append_texts(w, "depends_on", info.depends_on);
  bson::append_texts(w, "replaces", info.replaces);
  bson::append_texts(w, "tags", info.tags);
  bson::append_texts(w, "touches", one.touches);
  append_steps(w, "steps", one.steps);
  append_steps(w, "down", one.down_steps);
  w.end();
}

int export_all(const Context& context) {
  bson::Writer body;
  body.append("schema", "quire.migrate/1")
      .append("op", "export")
      .append("result", "done")
      .append("exit", std::int32_t{0})
      .append("app_level", std::int32_t{context.migrations.app_level});
  body.begin_array("migrations");
  for (const auto& one : migrate::survey(context.migrations)) append_migration(body, one.compiled);
  body.end();
  if (context.arguments.has("--plan"))
    body.append("plan", bson::from_json(context.runner().plan().json()));
  body.begin_array("next").end();
  const std::string json = bson::to_json(body.finish());
  const std::string path = context.arguments.at(0);
  if (!path.empty()) {
    write_file(path, json + "\n");
    context.out.print(fmt::format("{} in {}.",
                                  plural(static_cast<std::int64_t>(context.migrations.items.size()),
                                         "migration", "migrations"),
                                  path));
  }
  if (context.out.json()) {
    context.out.report(json);
  } else if (path.empty()) {
    // What was asked for, whole: not broken into lines of the terminal's width.
    std::fwrite((json + "\n").data(), 1, json.size() + 1, stdout);
  }
  return 0;
}

int squash(const Context& context) {
  using namespace std::chrono;
  migrate::SkeletonOptions options;
  options.date = year_month_day(floor<days>(system_clock::now()));
  const std::string name = context.arguments.at(0);
  const auto names = migrate::names_of(name, options);
  const std::string text = migrate::squash_skeleton(
      name, context.migrations, context.arguments.at(1), context.arguments.at(2), options);
  const std::string path = context.arguments.text("--file");
  if (!path.empty()) {
    write_file(path, text);
    context.out.print(fmt::format("{} is in {}; add it to the program's migrations with add_{}(…).",
                                  names.id, path, names.id));
  } else if (!context.out.json()) {
    std::fwrite(text.data(), 1, text.size(), stdout);
  }
  context.out.report("squash", 0, bson::make_document("id", names.id, "file", path, "text", text));
  return 0;
}

int test(const Context& context) {
  const auto& tests = context.options.tests;
  if (tests.empty())
    throw UsageError(
        "this program was built without tests (MigrateCliOptions::tests; migration_tests() of "
        "quire/cli/migration_tests.hpp gives some, and needs quire::testing, which this library "
        "does not link)");
  const std::string only = context.arguments.at(0);
  Output& out = context.out;
  bson::Writer body;
  std::vector<std::vector<Cell>> rows;
  bool good = true, any = false;
  body.begin_array("tests");
  for (const auto& [name, run] : tests) {
    if (!only.empty() && name != only) continue;
    any = true;
    std::string why;
    try {
      why = run();
    } catch (const std::exception& error) {
      why = error.what();
    }
    good = good && why.empty();
    body.push_document_begin().append("name", name).append("why", why).end();
    out.event(bson::make_document("event", "test", "name", name, "holds", why.empty()));
    rows.push_back(
        {{name}, {why.empty() ? "holds" : "fails", why.empty() ? Paint::good : Paint::bad}, {why}});
  }
  body.end();
  if (!any) throw UsageError(fmt::format("this program has no test \"{}\"", only));
  const int exit = good ? 0 : exit_code("failed");
  body.append("result", good ? "done" : "failed");
  out.report("test", exit, body.finish());
  out.table({"test", "", ""}, rows);
  return exit;
}

constexpr OptionSpec export_options[] = {{"--plan", "", "with what up would do, as plan has it"}};
constexpr OptionSpec squash_options[] = {
    {"--file", "FILE", "into this file instead of standard output; it must not be there yet"}};

constexpr Command commands[] = {
    {"export", "[FILE]", "Write the program's migrations as JSON",
     "Ids, dependencies, checksums, steps and ways back, on one line.", 0, 1, export_options, false,
     export_all},
    {"squash", "NAME FIRST LAST", "Write one migration that stands for several",
     "C++ text to compile into the program, for those from FIRST to LAST in its order. Where all "
     "of them are applied it counts as applied; where none is, it runs in their place.",
     3, 3, squash_options, false, squash},
    {"test",
     "[NAME]",
     "Run the program's tests of its migrations",
     "On scratch databases; this one is not touched. Exit code 30 when one does not hold.",
     0,
     1,
     {},
     false,
     test},
};

}  // namespace

std::span<const Command> program_commands() { return commands; }

}  // namespace quire::cli
