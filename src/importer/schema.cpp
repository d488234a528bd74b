#include "quire/importer/schema.hpp"

#include <algorithm>
#include <unordered_map>

#include "importer/names.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::importer {
namespace {

constexpr Named<ColumnType> column_types[] = {
    {ColumnType::boolean, "boolean"},
    {ColumnType::int32, "int32"},
    {ColumnType::int64, "int64"},
    {ColumnType::uint64, "uint64"},
    {ColumnType::real, "real"},
    {ColumnType::decimal, "decimal"},
    {ColumnType::text, "text"},
    {ColumnType::binary, "binary"},
    {ColumnType::instant, "instant"},
    {ColumnType::wall_time, "wall_time"},
    {ColumnType::date, "date"},
    {ColumnType::time, "time"},
    {ColumnType::interval, "interval"},
    {ColumnType::uuid, "uuid"},
    {ColumnType::json, "json"},
    {ColumnType::array, "array"},
    {ColumnType::composite, "composite"},
    {ColumnType::enumerated, "enumerated"},
    {ColumnType::any, "any"},
    {ColumnType::other, "other"},
};
constexpr Named<TableKind> table_kinds[] = {
    {TableKind::table, "table"},
    {TableKind::view, "view"},
    {TableKind::partitioned, "partitioned"},
    {TableKind::foreign, "foreign"},
    {TableKind::collection, "collection"},
    {TableKind::files, "files"},
};

template <class T>
std::vector<std::string> names_of(const std::vector<T>& list) {
  std::vector<std::string> names;
  names.reserve(list.size());
  for (const T& one : list) names.push_back(one.name);
  return names;
}

/// Tarjan's strongly connected components: each is found after those that it refers to.
class Circles {
 public:
  Circles(const Schema& schema, const std::vector<std::string>& tables) : tables_(tables) {
    std::unordered_map<std::string_view, std::size_t> places;
    for (std::size_t i = 0; i < tables.size(); ++i) places.emplace(tables[i], i);
    refers_.resize(tables.size());
    for (std::size_t i = 0; i < tables.size(); ++i) {
      const Table* table = schema.find(tables[i]);
      if (table == nullptr) continue;
      for (const ForeignKey& key : table->foreign_keys) {
        const auto at = places.find(key.table);
        if (at != places.end() && at->second != i) refers_[i].push_back(at->second);
      }
      std::sort(refers_[i].begin(), refers_[i].end());
    }
    states_.resize(tables.size());
  }

  TableOrder order() {
    for (std::size_t i = 0; i < tables_.size(); ++i) {
      if (states_[i].number == 0) visit(i);
    }
    return std::move(found_);
  }

 private:
  struct State {
    std::size_t number = 0;  // of the visit; 0: not yet
    std::size_t lowest = 0;
    bool on_stack = false;
  };

  void visit(std::size_t at) {
    states_[at] = {++visits_, visits_, true};
    stack_.push_back(at);
    for (const std::size_t to : refers_[at]) {
      if (states_[to].number == 0) {
        visit(to);
        states_[at].lowest = std::min(states_[at].lowest, states_[to].lowest);
      } else if (states_[to].on_stack) {
        states_[at].lowest = std::min(states_[at].lowest, states_[to].number);
      }
    }
    if (states_[at].lowest == states_[at].number) take(at);
  }

  void take(std::size_t first) {
    std::vector<std::size_t> members;
    do {
      members.push_back(stack_.back());
      states_[stack_.back()].on_stack = false;
      stack_.pop_back();
    } while (members.back() != first);
    std::sort(members.begin(), members.end());
    std::vector<std::string> names;
    for (const std::size_t one : members) names.push_back(tables_[one]);
    found_.tables.insert(found_.tables.end(), names.begin(), names.end());
    if (names.size() > 1) found_.circles.push_back(std::move(names));
  }

  const std::vector<std::string>& tables_;
  std::vector<std::vector<std::size_t>> refers_;
  std::vector<State> states_;
  std::vector<std::size_t> stack_;
  std::size_t visits_ = 0;
  TableOrder found_;
};

void append_names(bson::Writer& out, std::string_view key, const std::vector<std::string>& names) {
  out.begin_array(key);
  for (const std::string& name : names) out.push(name);
  out.end();
}

}  // namespace

std::string_view to_string(ColumnType type) noexcept { return name_of(column_types, type); }
std::string_view to_string(TableKind kind) noexcept { return name_of(table_kinds, kind); }

const Column* Table::find(std::string_view column) const noexcept {
  for (const Column& one : columns) {
    if (one.name == column) return &one;
  }
  return nullptr;
}

const Column& Table::at(std::string_view column) const {
  if (const Column* found = find(column)) return *found;
  throw ImportError(ErrorCode::table_not_found, "the table " + in_quotes(name) + " has no column " +
                                                    in_quotes(column) +
                                                    near_names(column, names_of(columns)));
}

const Table* Schema::find(std::string_view table) const noexcept {
  for (const Table& one : tables) {
    if (one.name == table) return &one;
  }
  return nullptr;
}

const Table& Schema::at(std::string_view table) const {
  if (const Table* found = find(table)) return *found;
  throw ImportError(ErrorCode::table_not_found, "the source has no table " + in_quotes(table) +
                                                    near_names(table, names_of(tables)));
}

TableOrder dependency_order(const Schema& schema, const std::vector<std::string>& tables) {
  return Circles(schema, tables).order();
}

namespace {

/// Its columns are what its rows were seen to have, which a repaired or a new one may change.
bool is_seen(const Table& table) {
  return table.kind == TableKind::files || table.kind == TableKind::collection;
}
/// Types of CSV, by the importer's own names, decide what texts become; values of documents tell
/// their own.
bool is_declared(const Table& table, const Column& column) {
  return !is_seen(table) || column.declared == to_string(column.type);
}

}  // namespace

bson::Document identity_of(const Table& table, const std::vector<std::string>& columns) {
  bson::Writer out;
  out.append("table", table.name);
  out.begin_array("columns");
  for (const std::string& name : columns) {
    out.push_document_begin();
    out.append("name", name);
    // A row number that the source gives is a key without being a column.
    if (const Column* column = table.find(name); column != nullptr && is_declared(table, *column)) {
      out.append("declared", column->declared);
      out.append("type", to_string(column->type));
      if (!is_seen(table)) out.append("nullable", column->nullable);
    }
    out.end();
  }
  out.end();
  append_names(out, "primary_key", table.primary_key);
  append_names(out, "key", table.key);
  return out.finish();
}

}  // namespace quire::importer
