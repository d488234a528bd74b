#include "quire/importer/audit.hpp"

#include <algorithm>
#include <chrono>
#include <deque>

#include "importer/audit_column.hpp"
#include "importer/orphans.hpp"
#include "quire/core/error.hpp"

namespace quire::importer {
namespace {

using Texts = std::vector<std::string>;

constexpr std::int64_t rows_between = 1000;
constexpr std::size_t most_bytes = 16 * 1024 * 1024;

bool holds(const Texts& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool refers(const Table& table, const std::string& column) {
  return std::any_of(table.foreign_keys.begin(), table.foreign_keys.end(),
                     [&](const ForeignKey& key) { return holds(key.columns, column); });
}

/// One table's rows on their way through.
class TableAudit {
 public:
  TableAudit(Source& source, const Table& table, const AuditOptions& options)
      : table_(table), options_(options), session_(source.open()) {
    out_.name = table.name;
    out_.kind = table.kind;
    out_.estimate = table.rows;
    out_.bytes = table.bytes;
    out_.primary_key = table.primary_key;
    out_.key = table.key;
    out_.unique = table.unique;
  }

  /// False: it was asked to stop.
  bool run() {
    prepare();
    const auto rows = session_->read(query_);
    bool stopped = false;
    for (auto row = rows->next(); !row.empty(); row = rows->next()) {
      add(row);
      if (out_.rows % rows_between != 0) continue;
      stopped = options_.stop.stop_requested();
      if (stopped) break;
      if (options_.progress) options_.progress(table_.name, out_.rows, table_.rows);
    }
    out_.all_read = !stopped && (options_.sample == 0 || out_.rows < options_.sample);
    return !stopped;
  }

  AuditTable finish() && {
    for (const ColumnTally& tally : tallies_)
      tally.finish(out_.columns.emplace_back(), out_.findings);
    for (OrphanSearch& search : searches_) {
      AuditRelation relation = search.finish();
      if (relation.orphans > 0) {
        std::string columns;
        for (const std::string& name : relation.key.columns)
          columns += (columns.empty() ? "" : ", ") + name;
        out_.findings.push_back({"orphans", columns, relation.orphans,
                                 "whose parent in " + relation.key.table + " is missing",
                                 relation.examples});
      }
      out_.relations.push_back(std::move(relation));
    }
    if (too_large_.rows > 0) out_.findings.push_back(too_large_);
    if (table_.key.empty())
      out_.findings.push_back(
          {"no_key", "", 0, "no column tells its rows apart: give a `key` in the mapping", {}});
    return std::move(out_);
  }

 private:
  void prepare() {
    query_.table = table_.name;
    query_.limit = options_.sample;
    for (const Column& column : table_.columns) {
      query_.columns.push_back(column.name);
      tallies_.emplace_back(
          column, holds(table_.primary_key, column.name) || holds(table_.key, column.name),
          refers(table_, column.name), options_.examples);
    }
    for (const std::string& name : table_.key) {
      const auto at = std::find(query_.columns.begin(), query_.columns.end(), name);
      key_.push_back(static_cast<std::size_t>(at - query_.columns.begin()));
      if (at == query_.columns.end()) query_.columns.push_back(name);  // a number of the source's
    }
    for (const ForeignKey& key : table_.foreign_keys) {
      std::vector<std::size_t> cells;
      for (const std::string& name : key.columns)
        cells.push_back(
            static_cast<std::size_t>(std::find(query_.columns.begin(), query_.columns.end(), name) -
                                     query_.columns.begin()));
      searches_.emplace_back(*session_, key, std::move(cells), options_.examples);
    }
  }

  std::string key_text(std::span<const Cell> row) const {
    if (key_.empty()) return "row " + std::to_string(out_.rows);
    std::string text;
    for (std::size_t i = 0; i < key_.size(); ++i)
      text += (i == 0 ? "" : ", ") + table_.key[i] + " " + display(row[key_[i]], 40);
    return text;
  }

  void add(std::span<const Cell> row) {
    ++out_.rows;
    const auto key = [&] { return key_text(row); };
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < tallies_.size(); ++i) {
      tallies_[i].add(row[i], key);
      bytes += row[i].text.size();
    }
    for (OrphanSearch& search : searches_) search.add(row);
    if (bytes <= most_bytes) return;
    too_large_.kind = "too_large";
    too_large_.text = "rows of more than 16 MiB, which no document holds";
    if (++too_large_.rows <= static_cast<std::int64_t>(options_.examples))
      too_large_.examples.push_back(key());
  }

  const Table& table_;
  const AuditOptions& options_;
  std::unique_ptr<SourceSession> session_;
  RowQuery query_;
  std::vector<std::size_t> key_;  ///< cells
  std::deque<ColumnTally> tallies_;
  std::deque<OrphanSearch> searches_;
  AuditFinding too_large_;
  AuditTable out_;
};

}  // namespace

bool Audit::clean() const noexcept {
  return !stopped && left_out.empty() &&
         std::all_of(tables.begin(), tables.end(), [](const AuditTable& table) {
           return table.findings.empty() && table.failure.empty();
         });
}

Audit audit(Source& source, const AuditOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  const Schema& schema = source.schema();
  std::vector<const Table*> tables;
  for (const std::string& name : options.tables) tables.push_back(&schema.at(name));
  if (tables.empty())
    for (const Table& table : schema.tables) tables.push_back(&table);
  Audit out;
  out.kind = source.kind();
  out.location = source.location();
  out.snapshot = source.snapshot();
  if (options.tables.empty()) out.left_out = schema.left_out;
  Texts names;
  for (const Table* table : tables) names.push_back(table->name);
  out.circles = dependency_order(schema, names).circles;
  for (const Table* table : tables) {
    TableAudit one(source, *table, options);
    std::string failure;
    try {
      out.stopped = !one.run();
    } catch (const Error& error) {
      failure = error.detail();
    }
    out.tables.push_back(std::move(one).finish());
    out.tables.back().failure = failure;
    if (!failure.empty()) out.tables.back().all_read = false;
    if (out.stopped) break;
  }
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return out;
}

}  // namespace quire::importer
