#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "quire/importer/source.hpp"

/// Rows in memory as the input of the mapping's tests: any kind of cell, read as source.hpp says.
/// Conditions (`where`) are "COLUMN=TEXT".
namespace quire::importer::test {

using Row = std::vector<Cell>;

class MemorySource {
 public:
  Schema schema;

  /// Columns as "id:int64", "note:text?" (nullable); the first ones named by `key` are the key.
  Table& add(const std::string& name, const std::vector<std::string>& columns,
             std::vector<std::string> key, std::vector<Row> rows) {
    Table& table = schema.tables.emplace_back();
    table.name = name;
    table.primary_key = table.key = std::move(key);
    for (const std::string& text : columns) {
      const auto colon = text.find(':');
      Column column;
      column.name = text.substr(0, colon);
      std::string type = text.substr(colon + 1);
      column.nullable = type.ends_with('?');
      if (column.nullable) type.pop_back();
      column.declared = type;
      for (int i = 0; i <= static_cast<int>(ColumnType::other); ++i)
        if (to_string(static_cast<ColumnType>(i)) == type) column.type = static_cast<ColumnType>(i);
      table.columns.push_back(column);
    }
    rows_.emplace_back(name, std::move(rows));
    return table;
  }
  void refer(const std::string& table, const std::vector<std::string>& columns,
             const std::string& to, const std::vector<std::string>& referenced,
             const std::string& on_delete = "") {
    ForeignKey key;
    key.columns = columns;
    key.table = to;
    key.referenced = referenced;
    key.on_delete = on_delete;
    for (Table& one : schema.tables)
      if (one.name == table) one.foreign_keys.push_back(key);
  }
  [[nodiscard]] const std::vector<Row>& rows(const std::string& table) const {
    for (const auto& one : rows_)
      if (one.first == table) return one.second;
    throw ImportError(ErrorCode::table_not_found, table);
  }
  [[nodiscard]] const Cell& cell(const std::string& table, const Row& row,
                                 const std::string& column) const {
    const Table& one = schema.at(table);
    return row[static_cast<std::size_t>(&one.at(column) - one.columns.data())];
  }

  class Session;
  [[nodiscard]] std::unique_ptr<SourceSession> open();
  int queries = 0;

 private:
  std::deque<std::pair<std::string, std::vector<Row>>> rows_;
};

inline int compare(const Cell& a, const Cell& b) {
  if (a.is_null() || b.is_null())
    return static_cast<int>(a.is_null()) - static_cast<int>(b.is_null());
  if (a.kind == Cell::Kind::int32 || a.kind == Cell::Kind::int64)
    return a.integer < b.integer ? -1 : a.integer > b.integer ? 1 : 0;
  return a.text.compare(b.text);
}
inline int compare(const bson::Value& a, const Cell& b) {
  if (a.type() == bson::Type::string) return a.view().as_string().compare(b.text);
  Cell left;
  if (a.type() == bson::Type::int32)
    left = Cell::of_integer(Cell::Kind::int64, a.view().as_int32());
  if (a.type() == bson::Type::int64)
    left = Cell::of_integer(Cell::Kind::int64, a.view().as_int64());
  return compare(left, b);
}

class MemorySource::Session final : public SourceSession {
 public:
  explicit Session(MemorySource& source) : source_(source) {}

  std::unique_ptr<RowReader> read(const RowQuery& query) override {
    ++source_.queries;
    auto reader = std::make_unique<Reader>();
    for (const Joined& one : select(query)) reader->rows.push_back(one.cells);
    return reader;
  }
  std::int64_t count(const RowQuery& query) override {
    return static_cast<std::int64_t>(select(query).size());
  }
  std::optional<bson::Value> key_at(const RowQuery& query, std::int64_t distance) override {
    RowQuery keys = query;
    keys.columns = query.key;
    const auto rows = select(keys);
    if (static_cast<std::int64_t>(rows.size()) < distance) return std::nullopt;
    const Row& row = rows[static_cast<std::size_t>(distance - 1)].cells;
    if (query.key.size() == 1) return key_value(row[0]);
    bson::Writer out;
    for (std::size_t i = 0; i < query.key.size(); ++i)
      row[i].is_null() ? out.append_null(query.key[i])
                       : out.append(query.key[i], key_value(row[i]));
    return bson::Value(out.finish());
  }
  std::string fingerprint(const Table&) override { return {}; }

 private:
  struct Reader final : RowReader {
    std::span<const Cell> next() override {
      // Cells of the row before are spoilt, as a real reader's are.
      if (at > 0)
        for (Cell& cell : rows[at - 1]) cell = Cell::of_text(Cell::Kind::text, "spoilt");
      if (at == rows.size()) return {};
      return rows[at++];
    }
    std::vector<Row> rows;
    std::size_t at = 0;
  };
  struct Sort {
    Cell cell;
    bool descending;
    bool nulls_last;
  };
  struct Joined {
    std::vector<Sort> sorts;
    Row cells;  ///< keys of owners, then columns
    const Row* row = nullptr;
  };

  bool takes(const std::string& table, const Row& row, const std::string& where) const {
    if (where.empty()) return true;
    const auto equal = where.find('=');
    const Cell& cell = source_.cell(table, row, where.substr(0, equal));
    return !cell.is_null() && display(cell) == where.substr(equal + 1);
  }
  void add_keys(Joined& joined, const std::string& table, const Row& row,
                const std::vector<std::string>& key, bool cells) const {
    for (const std::string& name : key) {
      const Cell& cell = source_.cell(table, row, name);
      joined.sorts.push_back({cell, false, true});
      if (cells) joined.cells.push_back(cell);
    }
  }
  /// The rows of the owner, with its keys in front.
  std::vector<Joined> owners(const Owner& owner, const RowQuery& query) const {
    std::vector<Joined> out;
    if (!owner.owner) {
      for (const Row& row : source_.rows(owner.table)) {
        if (!takes(owner.table, row, owner.where) || !within(owner.table, owner.key, row, query))
          continue;
        Joined joined;
        add_keys(joined, owner.table, row, owner.key, true);
        joined.row = &row;
        out.push_back(joined);
      }
      return out;
    }
    for (Joined& joined : below(*owner.owner, owner.table, owner.where, query)) {
      add_order(joined, owner.table, *joined.row, owner.order);
      add_keys(joined, owner.table, *joined.row, owner.key, true);
      out.push_back(std::move(joined));
    }
    return out;
  }
  void add_order(Joined& joined, const std::string& table, const Row& row,
                 const std::vector<OrderBy>& order) const {
    for (const OrderBy& by : order)
      if (source_.schema.at(table).find(by.column) != nullptr)
        joined.sorts.push_back({source_.cell(table, row, by.column), by.descending, by.nulls_last});
  }
  bool joins(const std::string& a, const Row& row_a, const std::vector<std::string>& of_a,
             const std::string& b, const Row& row_b, const std::vector<std::string>& of_b) const {
    for (std::size_t i = 0; i < of_a.size(); ++i) {
      const Cell& left = source_.cell(a, row_a, of_a[i]);
      const Cell& right = source_.cell(b, row_b, of_b[i]);
      if (left.is_null() || right.is_null() || compare(left, right) != 0) return false;
    }
    return true;
  }
  std::vector<Joined> below(const Owner& owner, const std::string& table, const std::string& where,
                            const RowQuery& query) const {
    std::vector<Joined> out;
    for (const Joined& parent : owners(owner, query)) {
      for (const Row& row : source_.rows(table)) {
        if (!takes(table, row, where)) continue;
        if (owner.link.empty()) {
          if (joins(table, row, owner.columns, owner.table, *parent.row, owner.referenced)) {
            out.push_back(parent);
            out.back().row = &row;
          }
          continue;
        }
        for (const Row& link : source_.rows(owner.link)) {
          if (!joins(owner.link, link, owner.columns, owner.table, *parent.row, owner.referenced) ||
              !joins(owner.link, link, owner.link_columns, table, row, owner.link_referenced))
            continue;
          out.push_back(parent);
          out.back().row = &row;
          links_[out.size()] = &link;
        }
      }
    }
    return out;
  }
  bool within(const std::string& table, const std::vector<std::string>& key, const Row& row,
              const RowQuery& query) const {
    const auto order = [&](const bson::Value& bound) {
      if (bound.type() != bson::Type::document)
        return compare(bound, source_.cell(table, row, key[0]));
      std::size_t i = 0;
      for (const auto& element : bound.view().as_document()) {
        const int found = compare(bson::Value(element.value), source_.cell(table, row, key[i++]));
        if (found != 0) return found;
      }
      return 0;
    };
    if (query.after && order(*query.after) >= 0) return false;
    if (query.until && order(*query.until) < 0) return false;
    return query.keys.empty() || std::any_of(query.keys.begin(), query.keys.end(),
                                             [&](const auto& one) { return order(one) == 0; });
  }
  std::vector<Joined> select(const RowQuery& query) const {
    links_.assign(100'000, nullptr);
    std::vector<Joined> out;
    if (query.owner) {
      out = below(*query.owner, query.table, query.where, query);
    } else {
      for (const Row& row : source_.rows(query.table)) {
        if (!takes(query.table, row, query.where) || !within(query.table, query.key, row, query))
          continue;
        Joined joined;
        joined.row = &row;
        out.push_back(joined);
      }
    }
    std::size_t number = 0;
    for (Joined& joined : out) {
      const Row* link = links_[++number];
      for (const OrderBy& by : query.order) {
        const bool of_link = source_.schema.at(query.table).find(by.column) == nullptr;
        joined.sorts.push_back({of_link ? source_.cell(query.owner->link, *link, by.column)
                                        : source_.cell(query.table, *joined.row, by.column),
                                by.descending, by.nulls_last});
      }
      add_keys(joined, query.table, *joined.row, query.key, false);
      for (const std::string& name : query.columns)
        joined.cells.push_back(source_.cell(query.table, *joined.row, name));
      if (query.owner)
        for (const std::string& name : query.owner->link_taken)
          joined.cells.push_back(source_.cell(query.owner->link, *link, name));
    }
    std::sort(out.begin(), out.end(), [](const Joined& a, const Joined& b) {
      for (std::size_t i = 0; i < a.sorts.size(); ++i) {
        const Sort& left = a.sorts[i];
        const Sort& right = b.sorts[i];
        const bool null = left.cell.is_null() || right.cell.is_null();
        int order = compare(left.cell, right.cell);
        if (null ? !left.nulls_last : left.descending) order = -order;
        if (order != 0) return order < 0;
      }
      return false;
    });
    return out;
  }

  MemorySource& source_;
  mutable std::vector<const Row*> links_;
};

inline std::unique_ptr<SourceSession> MemorySource::open() {
  return std::make_unique<Session>(*this);
}

inline Cell i(std::int64_t value) { return Cell::of_integer(Cell::Kind::int64, value); }
inline Cell t(std::string_view value) { return Cell::of_text(Cell::Kind::text, value); }
inline const Cell null{};

}  // namespace quire::importer::test
