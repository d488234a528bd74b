#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "observe/text.hpp"
#include "quire/bson/json.hpp"
#include "quire/observe/index_report.hpp"

namespace quire::observe {
namespace {

using Row = std::vector<std::string>;

/// Columns as wide as their widest cell, counted in code points; the last is not filled up.
void append_table(std::string& out, const std::vector<Row>& rows) {
  const auto width_of = [](const std::string& text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    }));
  };
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  for (const auto& row : rows) {
    out += ' ';
    for (std::size_t i = 0; i < row.size(); ++i) {
      out += ' ' + row[i];
      if (i + 1 < row.size()) out.append(widths[i] - width_of(row[i]) + 1, ' ');
    }
    while (out.back() == ' ') out.pop_back();
    out += '\n';
  }
}

/// Keys as sort_shape writes them, with the names of other kinds: {"age":1,"place":"2dsphere"}.
std::string keys_text(bson::View keys) {
  std::string out = "{";
  for (const auto& field : keys) {
    if (out.size() > 1) out += ',';
    append_quoted(out, field.key);
    out += ':' + bson::to_json(field.value);
  }
  return out + "}";
}

std::string state_text(const IndexUse& index) {
  switch (index.state) {
    case IndexState::missing:
      return "missing";
    case IndexState::differs:
      return "differs: " + index.difference;
    case IndexState::in_place:
      return index.unused() ? "declared, unused" : "declared";
    case IndexState::undeclared:
      break;
  }
  if (index.name == "_id_") return "always";
  return index.unused() ? "undeclared, unused" : "undeclared";
}

std::string service_text(const QueryUse& query) {
  if (query.reads_all) return "reads all";
  switch (query.service) {
    case Service::none:
      return "none";
    case Service::partly:
      return "partly";
    case Service::fully:
      break;
  }
  return "fully";
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) {
    if (!out.empty()) out += ", ";
    append_escaped(out, name);
  }
  return out.empty() ? "-" : out;
}

std::string advice_text(const QueryUse& query) {
  std::string out;
  const auto add = [&](const std::string& text) {
    if (!out.empty()) out += ", ";
    out += text;
  };
  for (const auto& name : query.declared) add("create the declared " + name);
  for (const auto& keys : query.proposals) add("add " + keys_text(keys));
  return out;
}

}  // namespace

std::string IndexReport::str(bool times) const {
  std::string out;
  std::vector<std::string> collections;
  const auto note = [&](const std::string& name) {
    if (std::find(collections.begin(), collections.end(), name) == collections.end())
      collections.push_back(name);
  };
  for (const auto& index : indexes) note(index.collection);
  for (const auto& query : queries) note(query.shape.collection);
  for (const auto& collection : collections) {
    append_escaped(out, collection);
    out += '\n';
    std::vector<Row> rows{{"index", "keys", "state", "queries", "accesses"}};
    for (const auto& index : indexes) {
      if (index.collection != collection) continue;
      const bool there = index.state != IndexState::missing;
      std::string name;
      append_escaped(name, index.name);
      rows.push_back({std::move(name), keys_text(index.keys), state_text(index),
                      there ? std::to_string(index.used) : "-",
                      index.accesses ? std::to_string(*index.accesses) : "-"});
    }
    if (rows.size() > 1) append_table(out, rows);
    std::vector<const QueryUse*> here;
    for (const auto& query : queries) {
      if (query.shape.collection == collection) here.push_back(&query);
    }
    if (here.empty()) continue;
    if (!times) {
      std::sort(here.begin(), here.end(), [](const auto* a, const auto* b) {
        return std::tie(a->shape.filter, a->shape.sort_shape) <
               std::tie(b->shape.filter, b->shape.sort_shape);
      });
    }
    rows = {{"query", "sort", "times", "served", "by", "advice"}};
    if (times) rows.front().insert(rows.front().begin() + 3, "total ms");
    for (const QueryUse* query : here) {
      Row row{query->shape.filter,
              query->shape.sort.empty() ? "-" : query->shape.sort_shape,
              std::to_string(query->shape.count),
              service_text(*query),
              joined(query->indexes),
              advice_text(*query)};
      if (times) row.insert(row.begin() + 3, milliseconds_text(query->shape.total));
      rows.push_back(std::move(row));
    }
    append_table(out, rows);
  }
  if (queries_left_out > 0)
    out += fmt::format("{} queries of further shapes were not recorded\n", queries_left_out);
  return out;
}

}  // namespace quire::observe
