#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "importer/cell_identity.hpp"
#include "importer/compiled_table.hpp"
#include "importer/hash_spill.hpp"
#include "importer/import_writer.hpp"
#include "importer/index_entries.hpp"
#include "importer/row_source.hpp"
#include "migrate/documents.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/importer/checks.hpp"

namespace quire::importer {
namespace {

using migrate::Hash128;
using Texts = std::vector<std::string>;

/// A row's value, or one of several.
struct Occurrence {
  const std::string& identity;
  FunctionRef<std::string()> values;  ///< for people
  FunctionRef<std::string()> key;
};
using Scan = std::function<void(DuplicateReport&, FunctionRef<void(const Occurrence&)>)>;

Hash128 hash_of(const std::string& identity) {
  return migrate::hash_of(bson::make_document("", identity));
}

struct ByHash {
  bool operator()(const Hash128& a, const Hash128& b) const {
    return a.high != b.high ? a.high < b.high : a.low < b.low;
  }
};

/// Twice over the rows: hashes first, then the rows of the groups that are shown.
DuplicateReport find(std::string of, const Scan& scan, const DuplicateOptions& options) {
  DuplicateReport out;
  out.of = std::move(of);
  HashSpill hashes;
  scan(out, [&](const Occurrence& one) { hashes.add(hash_of(one.identity)); });
  if (out.stopped) return out;
  std::vector<std::pair<std::int64_t, Hash128>> most;  // a heap, the smallest on top
  const auto more = [](const auto& a, const auto& b) { return a.first > b.first; };
  hashes.each_repeated([&](Hash128 hash, std::int64_t rows) {
    ++out.groups;
    out.surplus += rows - 1;
    most.emplace_back(rows, hash);
    std::push_heap(most.begin(), most.end(), more);
    if (most.size() <= options.most_groups) return;
    std::pop_heap(most.begin(), most.end(), more);
    most.pop_back();
  });
  if (most.empty()) return out;
  std::sort_heap(most.begin(), most.end(), more);
  std::map<Hash128, std::size_t, ByHash> shown;
  for (const auto& [rows, hash] : most) {
    shown.emplace(hash, out.shown.size());
    out.shown.push_back({{}, rows, {}});
  }
  DuplicateReport again;
  scan(again, [&](const Occurrence& one) {
    const auto found = shown.find(hash_of(one.identity));
    if (found == shown.end()) return;
    DuplicateGroup& group = out.shown[found->second];
    if (group.keys.empty()) group.values = one.values();
    if (group.keys.size() < options.most_keys) group.keys.push_back(one.key());
  });
  out.stopped = again.stopped;
  return out;
}

/// Whether to go on.
bool passes(DuplicateReport& out, const DuplicateOptions& options) {
  if (++out.rows % 1000 != 0) return true;
  if (options.progress) options.progress(out.rows);
  out.stopped = options.stop.stop_requested();
  return !out.stopped;
}

std::string text_of(const Texts& names, std::span<const Cell> cells) {
  if (names.size() == 1) return display(cells[0]);
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i)
    out += fmt::format("{}{}: {}", i == 0 ? "" : ", ", names[i], display(cells[i]));
  return out;
}

/// The mapped rows of a part; `look` is given each document.
Scan mapped(Source& source, std::shared_ptr<const CompiledTable> table,
            const DuplicateOptions& options,
            std::function<void(DuplicateReport&, bson::View, FunctionRef<void(const Occurrence&)>,
                               FunctionRef<std::string()>)>
                look) {
  return [&source, &options, table = std::move(table), look = std::move(look)](
             DuplicateReport& out, FunctionRef<void(const Occurrence&)> fn) {
    const auto session = source.open();
    MappedReader reader(*table, *session, std::nullopt, std::nullopt);
    MappedRow row;
    while (reader.next(row)) {
      if (!passes(out, options)) return;
      if (!row.document || row.failure) {
        ++out.unusable;
        continue;
      }
      look(out, *row.document, fn, [&] { return bson::to_json(row.key.view()); });
    }
  };
}

std::shared_ptr<const CompiledTable> compiled(Source& source, const Mapping& mapping,
                                              const TableMapping& part) {
  return std::make_shared<const CompiledTable>(mapping, part, source.schema(), bson::DateTime{});
}

std::string part_of(const TableMapping& part) { return part.name.empty() ? part.into : part.name; }

}  // namespace

DuplicateReport find_duplicates(Source& source, const std::string& table, const Texts& columns,
                                const DuplicateOptions& options) {
  const Table& from = source.schema().at(table);
  RowQuery query;
  query.table = table;
  if (columns.empty())
    throw ImportError(ErrorCode::invalid_argument, "name the columns that tell rows apart");
  for (const std::string& name : columns) {
    if (std::find(from.key.begin(), from.key.end(), name) == from.key.end()) (void)from.at(name);
    query.columns.push_back(name);
  }
  query.columns.insert(query.columns.end(), from.key.begin(), from.key.end());
  const Scan scan = [&](DuplicateReport& out, FunctionRef<void(const Occurrence&)> fn) {
    const auto session = source.open();
    const auto rows = session->read(query);
    std::string identity;
    for (auto row = rows->next(); !row.empty(); row = rows->next()) {
      if (!passes(out, options)) return;
      const auto values = row.first(columns.size());
      if (std::any_of(values.begin(), values.end(), [](const Cell& c) { return c.is_null(); })) {
        ++out.nulls;
        continue;
      }
      identity.clear();
      for (const Cell& cell : values) append_identity(identity, cell);
      fn({identity, [&] { return text_of(columns, values); },
          [&] {
            return from.key.empty() ? fmt::format("row {}", out.rows)
                                    : text_of(from.key, row.subspan(columns.size()));
          }});
    }
  };
  return find(fmt::format("{} of {}", fmt::join(columns, ", "), table), scan, options);
}

DuplicateReport find_same_ids(Source& source, const Mapping& mapping, const TableMapping& part,
                              const DuplicateOptions& options) {
  const Scan scan =
      mapped(source, compiled(source, mapping, part), options,
             [](DuplicateReport&, bson::View document, FunctionRef<void(const Occurrence&)> fn,
                FunctionRef<std::string()> key) {
               const std::string identity = id_text(document["_id"]);
               fn({identity, [&] { return bson::to_json(document["_id"]); }, key});
             });
  return find("_id of " + part_of(part), scan, options);
}

DuplicateReport find_refused(Source& source, const Mapping& mapping, const TableMapping& part,
                             const IndexInfo& index, const DuplicateOptions& options) {
  (void)is_in_partial(bson::Document(), index.partial);  // throws before a row is read
  const Scan scan =
      mapped(source, compiled(source, mapping, part), options,
             [&index](DuplicateReport& out, bson::View document,
                      FunctionRef<void(const Occurrence&)> fn, FunctionRef<std::string()> key) {
               const bool counts = is_in_partial(document, index.partial);
               const Texts entries = counts ? entries_of(document, index) : Texts();
               if (entries.empty()) ++out.unusable;
               for (const std::string& entry : entries) fn({entry, [&] { return entry; }, key});
             });
  return find(fmt::format("index {} of {}", index.name, part_of(part)), scan, options);
}

}  // namespace quire::importer
