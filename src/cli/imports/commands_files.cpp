// Folders of files as a source of truth: looked through, copied, and given back.
#include <fmt/format.h>

#include <algorithm>

#include "bson/report_fields.hpp"
#include "cli/imports/commands.hpp"
#include "importer/markdown.hpp"
#include "quire/bson/json.hpp"
#include "quire/cli/exit_codes.hpp"
#include "quire/importer/files.hpp"

namespace quire::cli::imports {
namespace {

std::string place_of(const importer::FileProblem& problem) {
  std::string text = problem.file;
  if (problem.line > 0) text += fmt::format(":{}:{}", problem.line, problem.column);
  return text;
}

std::string markdown_of(const importer::FilesInspection& found) {
  std::string text = fmt::format(
      "# Files of {}\n\n{} files, {} valid, {} invalid; {} records, {} of them bad; {} bytes.\n"
      "An import would take about {}.\n",
      found.location, found.files, found.valid, found.invalid, found.records, found.bad_records,
      found.bytes, timed(found.estimated_seconds));
  if (!found.problems.empty()) text += "\n| place | record | why |\n|---|--:|---|\n";
  for (const auto& problem : found.problems)
    text += fmt::format("| {} | {} | {} |\n", importer::table_cell(place_of(problem)),
                        problem.record, importer::table_cell(problem.reason));
  for (const std::string& one : found.left_out) text += fmt::format("\n- left out: {}\n", one);
  return text;
}

/// The folder that is named, as a source of JSON files unless it is a URI; else the program's.
std::unique_ptr<importer::Source> folder_of(const Context& context) {
  const std::string word = context.arguments.at(0);
  if (word.empty()) return context.program.open(context.arguments);
  const auto colon = word.find(':');
  const bool uri = colon != word.npos && word.find('/') > colon;
  return importer::open_source(uri ? word : "json:" + word);
}

importer::FilesProgress files_progress(const Context& context) {
  return [&out = context.out, what = std::string(context.command)](std::int64_t files,
                                                                   std::int64_t of) {
    if (!out.json()) {
      out.progress().show({what, files, of, 0, false});
    } else if (files % 1000 == 0) {
      out.event(bson::make_document("event", "progress", "done", files, "total", of));
    }
  };
}

int inspect(const Context& context) {
  const std::int64_t most = context.arguments.number("--most", 1, 1'000'000).value_or(50);
  const auto source = folder_of(context);
  importer::InspectOptions options;
  options.most_problems = static_cast<std::size_t>(most);
  options.stop = context.stop;
  options.progress = files_progress(context);
  options.check = context.program.options.inspect;
  const importer::FilesInspection found = importer::inspect_files(*source, options);
  Output& out = context.out;
  out.progress().clear();
  for (const auto& problem : found.problems) out.hang(place_of(problem) + ": ", problem.reason);
  if (found.bad_records > static_cast<std::int64_t>(found.problems.size()))
    out.print(
        fmt::format("and {} more; --most shows them",
                    grouped(found.bad_records - static_cast<std::int64_t>(found.problems.size()))));
  for (const std::string& one : found.left_out) out.hang("left out: ", one);
  out.print(fmt::format("{}: {}, {} valid, {} invalid; {}, {} of them bad; {}.", found.location,
                        plural(found.files, "file", "files"), grouped(found.valid),
                        grouped(found.invalid), plural(found.records, "record", "records"),
                        grouped(found.bad_records), sized(found.bytes)));
  out.print(fmt::format("Read in {}; an import would take about {}.", timed(found.seconds),
                        timed(found.estimated_seconds)));
  const int exit = found.stopped ? exit_code("stopped") : found.ok() ? 0 : exit_code("danger");
  if (found.stopped)
    out.complain("stopped before the end", {});
  else if (!found.ok())
    out.complain("some files cannot be read whole; an import puts these records aside", {});
  write_report(context, [&] { return markdown_of(found); }, [&] { return found.json() + "\n"; });
  bson::Writer body;
  for (const auto& field : bson::from_json(found.json())) {
    if (field.key != "schema" && field.key != "op" && field.key != "exit" && field.key != "result")
      body.append(field.key, field.value);
  }
  body.append("result", found.stopped ? "stopped" : found.ok() ? "done" : "danger");
  out.report("inspect", exit, body.finish());
  return exit;
}

void append_copy(bson::Writer& w, const importer::FolderCopy& copy) {
  w.append("folder", copy.folder)
      .append("files", copy.files)
      .append("bytes", copy.bytes)
      .append("seconds", copy.seconds);
  bson::append_texts(w, "left_out", copy.left_out);
}

int show_copy(const Context& context, const importer::FolderCopy& copy) {
  Output& out = context.out;
  for (const std::string& one : copy.left_out) out.hang("left out: ", one);
  out.print(fmt::format("{}, {} into {} in {}; read again and the same.",
                        plural(copy.files, "file", "files"), sized(copy.bytes), copy.folder,
                        timed(copy.seconds)));
  bson::Writer body;
  append_copy(body, copy);
  out.report(context.command, 0, body.finish());
  return 0;
}

/// 0, or the code of two sides that differ.
int show_verification(const Context& context, const importer::FolderVerification& found) {
  Output& out = context.out;
  for (const std::string& problem : found.problems) out.hang("  ", problem);
  if (found.ok())
    out.print(
        fmt::format("{}, {}: the same.", plural(found.files, "file", "files"), sized(found.bytes)));
  else
    out.complain(fmt::format("{} between the copy and what it is compared with",
                             plural(static_cast<std::int64_t>(found.problems.size()), "difference",
                                    "differences")),
                 {});
  const int exit = found.ok() ? 0 : exit_code("mismatch");
  bson::Writer body;
  body.append("result", found.ok() ? "done" : "mismatch")
      .append("files", found.files)
      .append("bytes", found.bytes);
  bson::append_texts(body, "problems", found.problems);
  out.report(context.command, exit, body.finish());
  return exit;
}

int backup(const Context& context) {
  const std::string from = context.arguments.at(0), to = context.arguments.at(1);
  const importer::FolderCopy copy = importer::backup_folder(from, to, files_progress(context));
  const auto found = importer::verify_folder_backup(to, from, files_progress(context));
  context.out.progress().clear();
  if (!found.ok()) return show_verification(context, found);
  return show_copy(context, copy);
}

int verify_backup(const Context& context) {
  const auto found = importer::verify_folder_backup(
      context.arguments.at(0), context.arguments.at(1), files_progress(context));
  context.out.progress().clear();
  return show_verification(context, found);
}

int restore(const Context& context) {
  const auto copy = importer::restore_folder(context.arguments.at(0), context.arguments.at(1),
                                             files_progress(context));
  context.out.progress().clear();
  return show_copy(context, copy);
}

constexpr OptionSpec inspect_options[] = {{"--most", "N", "problems that are shown, 50"},
                                          report_option};
constexpr Command commands[] = {
    {"inspect", "[FOLDER]", "Read all files of a folder, and tell what is wrong with them",
     "FOLDER holds JSON files; others as ndjson:, csv: or bson:FOLDER. Without it, the source. "
     "Documents are read as the program says it. "
     "Exit code 12 when something cannot be read. Writes nothing.",
     0, 1, inspect_options, false, inspect},
    {"backup",
     "FOLDER COPY",
     "Copy a folder of files, and prove the copy",
     "COPY is new, and appears as a whole: all files with times, permissions and SHA-256.",
     2,
     2,
     {},
     false,
     backup},
    {"verify-backup",
     "COPY [FOLDER]",
     "Read a copy again, and compare it with a folder",
     "Exit code 41 when something differs.",
     1,
     2,
     {},
     false,
     verify_backup},
    {"restore",
     "COPY FOLDER",
     "Give a copied folder back",
     "FOLDER is new or empty; the copy is verified first.",
     2,
     2,
     {},
     false,
     restore},
};

}  // namespace

std::span<const Command> file_commands() { return commands; }

}  // namespace quire::cli::imports
