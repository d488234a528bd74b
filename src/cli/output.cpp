#include "cli/output.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "bson/report_fields.hpp"
#include "quire/bson/json.hpp"

namespace quire::cli {
namespace {

void write(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

}  // namespace

Output::Output(std::string program, bool json, bool quiet, std::string_view schema)
    : program_(std::move(program)),
      schema_(schema),
      json_(json),
      quiet_(quiet),
      colours_(colours(STDOUT_FILENO)),
      width_(columns_of(STDOUT_FILENO)),
      progress_(quiet || json) {}

void Output::hang(std::string_view first, std::string_view text) {
  if (quiet()) return;
  progress_.clear();
  write(hanging(first, printable(text), width_));
}

std::string Output::painted(std::string_view text, Paint paint) const {
  if (!colours_ || paint == Paint::none) return std::string(text);
  const int code = paint == Paint::good ? 32 : paint == Paint::bad ? 31 : 33;
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

void Output::table(const std::vector<std::string>& heads,
                   const std::vector<std::vector<Cell>>& rows) {
  if (quiet() || heads.empty()) return;
  progress_.clear();
  constexpr std::size_t most_first = 38, most_other = 24;
  const std::size_t last = heads.size() - 1;
  std::vector<std::size_t> widths(heads.size());
  std::size_t used = 2;
  for (std::size_t i = 0; i < last; ++i) {
    widths[i] = width_of(heads[i]);
    const std::size_t most = i == 0 ? most_first : most_other;
    for (const auto& row : rows) {
      const std::size_t w = width_of(row[i].text);
      if (w <= most) widths[i] = std::max(widths[i], w);
    }
    used += widths[i] + 2;
  }
  widths[last] = used + 12 <= width_ ? width_ - used : 12;
  const auto line = [&](const std::vector<Cell>& cells) {
    std::string out;
    const std::string first = printable(cells[0].text);
    std::size_t from = 0;
    if (last > 0 && width_of(first) > widths[0]) {
      write(hanging("  ", first, width_));
      out = "  " + std::string(widths[0] + 2, ' ');
      from = 1;
    } else {
      out = "  ";
    }
    for (std::size_t i = from; i < last; ++i)
      out += painted(pad(printable(cells[i].text), widths[i]), cells[i].paint) + "  ";
    const auto lines = wrapped(printable(cells[last].text), widths[last]);
    std::string rest;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (i > 0) rest += "\n" + std::string(used, ' ');
      rest += painted(lines[i], cells[last].paint);
    }
    out += rest;
    while (!out.empty() && out.back() == ' ') out.pop_back();
    write(out + "\n");
  };
  std::vector<Cell> head;
  for (const std::string& text : heads) head.push_back({text, Paint::none});
  line(head);
  for (const auto& row : rows) line(row);
}

void Output::event(bson::View body) {
  if (json_) report(bson::to_json(body));
}

void Output::report(std::string_view line) {
  if (!json_) return;
  write(line);
  write("\n");
  std::fflush(stdout);
}

void Output::report(std::string_view op, int exit, bson::View body) {
  if (!json_) return;
  bson::Writer w;
  w.append("schema", schema_).append("op", op);
  for (const auto& field : body) {
    if (field.key != "schema" && field.key != "op") w.append(field.key, field.value);
  }
  if (!body.contains("result")) w.append("result", "done");
  if (!body.contains("exit")) w.append("exit", static_cast<std::int32_t>(exit));
  if (!body.contains("next")) w.begin_array("next").end();
  report(bson::to_json(w.finish()));
}

void Output::complain(std::string_view text, const std::vector<std::string>& next) {
  progress_.clear();
  std::fflush(stdout);
  std::string out = hanging(program_ + ": ", printable(text), width_);
  for (const std::string& one : next) out += hanging("  next: ", printable(one), width_);
  std::fwrite(out.data(), 1, out.size(), stderr);
}

void Output::failure(std::string_view op, int exit, std::string_view result, const Error& error,
                     const std::vector<std::string>& next) {
  const std::string at = error.path().empty() ? "" : error.path().str() + ": ";
  complain(at + error.detail(), next);
  if (!json_) return;
  bson::Writer w;
  w.append("result", result);
  bson::append_error(w, error);
  bson::append_texts(w, "next", next);
  report(op, exit, w.finish());
}

}  // namespace quire::cli
