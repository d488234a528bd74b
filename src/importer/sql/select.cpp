#include <algorithm>

#include "importer/sql/key_range.hpp"
#include "importer/sql/sql_source.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::importer {
namespace {

using Names = std::vector<std::string>;

bool has(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// A table's column, or the number that the source gives its rows.
Column column_of(const Table& table, const std::string& name) {
  if (const Column* found = table.find(name)) return *found;
  if (!has(table.key, name)) return table.at(name);  // throws
  return {.name = name, .declared = {}, .type = ColumnType::int64, .nullable = false};
}

bool is_integer(ColumnType type) {
  return type == ColumnType::int32 || type == ColumnType::int64 || type == ColumnType::uint64;
}

/// A table of the statement, and the link by which its rows belong to those of the one before.
struct Relation {
  const Table* table = nullptr;
  std::string prefix;  ///< what stands before its columns
  std::string_view where;
  const Table* link = nullptr;
  std::string link_prefix = {};
};

class Builder {
 public:
  Builder(const Dialect& dialect, const Schema& schema, const RowQuery& query, bool all_joined)
      : dialect_(dialect), query_(query) {
    if (query.owner)
      for (const Owner* one = &*query.owner; one != nullptr; one = one->owner.get())
        owners_.insert(owners_.begin(), one);
    for (std::size_t i = 0; i <= owners_.size(); ++i) relations_.push_back(relation(schema, i));
    first_ = !owners_.empty() && !all_joined && ordered_by_number() ? 1 : 0;
    if (first_ == owners_.size()) rows().prefix = dialect.quoted_table(*rows().table);
    const Names& names = owners_.empty() ? query.key
                         : first_ == 0   ? owners_[0]->key
                                         : owners_[0]->columns;
    for (const std::string& name : names) key_.push_back(found(relations_[first_], name));
    if (first_ != 0) key_[0].column.nullable = false;  // its nulls are left out
  }

  Select select_rows() {
    std::string cells;
    if (!owners_.empty())
      for (const KeyColumn& one : key_) select(cells, one);
    for (std::size_t i = 1; i < owners_.size(); ++i)
      for (const std::string& name : owners_[i]->key) select(cells, found(relations_[i], name));
    for (const std::string& name : query_.columns) select(cells, found(rows(), name));
    if (rows().link != nullptr)
      for (const std::string& name : query_.owner->link_taken)
        select(cells, found_in_link(rows(), name));
    text("SELECT ").text(cells.empty() ? "1" : cells);
    from();
    conditions();
    order();
    if (query_.limit > 0) text(" LIMIT ").text(std::to_string(query_.limit));
    return std::move(out_);
  }

  Select select_count() {
    out_.cells.push_back({.name = "count", .declared = {}, .type = ColumnType::int64});
    text(query_.limit > 0 ? "SELECT COUNT(*) FROM (SELECT 1 AS one" : "SELECT COUNT(*)");
    from();
    conditions();
    if (query_.limit > 0) text(" LIMIT ").text(std::to_string(query_.limit)).text(") AS counted");
    return std::move(out_);
  }

  Select select_key_at(std::int64_t distance) {
    if (key_.empty())
      throw ImportError(ErrorCode::no_key,
                        "table " + rows().table->name + " is read by key and has none");
    std::string cells;
    for (const KeyColumn& one : key_) select(cells, one);
    text("SELECT ").text(cells);
    from();
    conditions();
    for (const KeyColumn& one : key_) order_by(one, false, true);
    text(" LIMIT 1 OFFSET ").text(std::to_string(std::max<std::int64_t>(distance, 1) - 1));
    return std::move(out_);
  }

 private:
  Relation& rows() { return relations_.back(); }

  Relation relation(const Schema& schema, std::size_t at) const {
    const bool last = at == owners_.size();
    Relation out;
    out.table = &schema.at(last ? query_.table : owners_[at]->table);
    out.where = last ? query_.where : owners_[at]->where;
    out.prefix = last ? "c" : "p" + std::to_string(at);
    if (at != 0 && !owners_[at - 1]->link.empty()) {
      out.link = &schema.at(owners_[at - 1]->link);
      out.link_prefix = "l" + std::to_string(at);
    }
    return out;
  }

  /// Numbers have one order everywhere, and a row without an owner is told by its number: such an
  /// owner need not be joined. Of other types each table may have an order of its own.
  bool ordered_by_number() const {
    const Owner& owner = *owners_[0];
    if (query_.since || !owner.link.empty() || !owner.where.empty() || owner.key.size() != 1 ||
        owner.columns.size() != 1 || owner.referenced != owner.key)
      return false;
    const ColumnType type = column_of(*relations_[0].table, owner.key[0]).type;
    return is_integer(type) && column_of(*relations_[1].table, owner.columns[0]).type == type;
  }

  KeyColumn found(const Relation& in, const std::string& name) const {
    return {in.prefix + "." + dialect_.quoted(name), column_of(*in.table, name)};
  }
  KeyColumn found_in_link(const Relation& in, const std::string& name) const {
    return {in.link_prefix + "." + dialect_.quoted(name), column_of(*in.link, name)};
  }
  /// What an order names: a column of the table, or else of its link.
  KeyColumn found_in_either(const Relation& in, const std::string& name) const {
    const bool of_link =
        in.link != nullptr && in.table->find(name) == nullptr && in.link->find(name) != nullptr;
    return of_link ? found_in_link(in, name) : found(in, name);
  }

  void select(std::string& cells, const KeyColumn& one) {
    if (!cells.empty()) cells += ", ";
    cells += dialect_.selected(one.column, one.expression);
    out_.cells.push_back(one.column);
  }

  Builder& text(std::string_view more) {
    out_.text += more;
    return *this;
  }

  void from() {
    text(" FROM ");
    if (first_ == owners_.size()) {
      text(dialect_.read_table(*rows().table));
      return;
    }
    read(relations_[first_]);
    for (std::size_t i = first_ + 1; i < relations_.size(); ++i) {
      const Owner& owner = *owners_[i - 1];
      const Relation& parent = relations_[i - 1];
      const Relation& child = relations_[i];
      if (child.link == nullptr) {
        text(" JOIN ");
        read(child);
        text(" ON ").text(equal(child.prefix, owner.columns, parent.prefix, owner.referenced));
        continue;
      }
      text(" JOIN ").text(dialect_.read_table(*child.link)).text(" AS ").text(child.link_prefix);
      text(" ON ").text(equal(child.link_prefix, owner.columns, parent.prefix, owner.referenced));
      text(" JOIN ");
      read(child);
      text(" ON ").text(
          equal(child.prefix, owner.link_referenced, child.link_prefix, owner.link_columns));
    }
  }

  /// A condition names columns as if nothing else were read, so it stands where nothing else is.
  void read(const Relation& one) {
    const std::string table = dialect_.read_table(*one.table);
    if (one.where.empty()) {
      text(table);
    } else {
      Names names;
      for (const Column& column : one.table->columns) names.push_back(column.name);
      for (const std::string& name : one.table->key)
        if (!has(names, name)) names.push_back(name);
      std::string_view before = "(SELECT ";
      for (const std::string& name : names) {
        text(before).text(dialect_.quoted(name)).text(" AS ").text(dialect_.quoted(name));
        before = ", ";
      }
      text(" FROM ").text(table).text(" WHERE (").text(one.where).text("))");
    }
    text(" AS ").text(one.prefix);
  }

  std::string equal(const std::string& a, const Names& of_a, const std::string& b,
                    const Names& of_b) {
    if (of_a.size() != of_b.size() || of_a.empty())
      throw ImportError(ErrorCode::invalid_mapping,
                        "rows of table " + rows().table->name + " are joined by " +
                            std::to_string(of_a.size()) + " columns that refer to " +
                            std::to_string(of_b.size()));
    std::string out;
    for (std::size_t i = 0; i < of_a.size(); ++i) {
      if (i != 0) out += " AND ";
      out += a + "." + dialect_.quoted(of_a[i]) + " = " + b + "." + dialect_.quoted(of_b[i]);
    }
    return out;
  }

  void condition(const std::string& one) {
    if (one.empty()) return;
    text(conditions_++ == 0 ? " WHERE " : " AND ").text(one);
  }

  void conditions() {
    if (first_ != 0) {
      condition(dialect_.is_number(key_[0].expression));
      if (column_of(*relations_[first_].table, owners_[0]->columns[0]).nullable)
        condition(key_[0].expression + " IS NOT NULL");
    }
    KeyRange range(dialect_, relations_[first_].table->name, key_, out_);
    if (query_.after) condition(range.behind(*query_.after));
    if (query_.until) condition(range.up_to(*query_.until));
    if (!query_.keys.empty()) condition(range.one_of(query_.keys));
    if (first_ == owners_.size() && !query_.where.empty()) condition("(" + query_.where + ")");
    if (query_.since) since(*query_.since);
    if (!query_.highest_of.empty())
      condition(found(rows(), query_.highest_of).expression + " IS NOT NULL");
  }

  /// Of values that are no times SQLite's columns may hold any: these rows come too.
  void since(const RowQuery::Since& bound) {
    const KeyColumn column = found(relations_[0], bound.column);
    const bool text = bound.value.view().is_string();
    out_.parameters.push_back({bound.value, column.column});
    const int number = static_cast<int>(out_.parameters.size());
    std::string one = "(" + column.expression + " >= " + dialect_.parameter(number, column.column) +
                      " OR " + column.expression + " IS NULL";
    const std::string other = dialect_.is_number(column.expression);
    if (!other.empty()) one += text ? " OR " + other : " OR NOT " + other;
    condition(one + ")");
  }

  void order_by(const KeyColumn& one, bool descending, bool nulls_last) {
    if (std::find(ordered_.begin(), ordered_.end(), one.expression) != ordered_.end()) return;
    text(ordered_.empty() ? " ORDER BY " : ", ");
    ordered_.push_back(one.expression);
    // Said of columns without nulls, it would keep a source from using its index.
    if (one.column.nullable)
      text(dialect_.ordered(one.expression, {one.column.name, descending, nulls_last}));
    else
      text(one.expression).text(descending ? " DESC" : "");
  }

  void order() {
    if (!query_.highest_of.empty()) {
      KeyColumn highest = found(rows(), query_.highest_of);
      highest.column.nullable = false;  // its nulls are left out
      order_by(highest, true, true);
      return;
    }
    for (const KeyColumn& one : key_) order_by(one, false, true);
    for (std::size_t i = 1; i <= owners_.size(); ++i) {
      const bool last = i == owners_.size();
      const Relation& in = relations_[i];
      for (const OrderBy& by : last ? query_.order : owners_[i]->order)
        order_by(found_in_either(in, by.column), by.descending, by.nulls_last);
      for (const std::string& name : last ? query_.key : owners_[i]->key)
        order_by(found(in, name), false, true);
      // A link may name a row twice.
      const Owner& owner = *owners_[i - 1];
      if (!last || in.link == nullptr || query_.key.empty()) continue;
      for (const std::string& name : in.link->key)
        if (!has(owner.columns, name) && !has(owner.link_columns, name))
          order_by(found_in_link(in, name), false, true);
    }
  }

  const Dialect& dialect_;
  const RowQuery& query_;
  std::vector<const Owner*> owners_;  ///< the outermost first
  std::vector<Relation> relations_;   ///< the owners' tables, then the rows'
  std::size_t first_ = 0;             ///< the first relation that is read
  std::vector<KeyColumn> key_;        ///< that bounds are of
  Names ordered_;
  int conditions_ = 0;
  Select out_;
};

}  // namespace

Select select_rows(const Dialect& dialect, const Schema& schema, const RowQuery& query) {
  return Builder(dialect, schema, query, false).select_rows();
}

Select select_count(const Dialect& dialect, const Schema& schema, const RowQuery& query) {
  return Builder(dialect, schema, query, true).select_count();
}

Select select_key_at(const Dialect& dialect, const Schema& schema, const RowQuery& query,
                     std::int64_t distance) {
  return Builder(dialect, schema, query, true).select_key_at(distance);
}

bson::Value key_of(std::span<const Cell> cells, const std::vector<std::string>& names) {
  const auto value = [](const Cell& cell) {
    return cell.is_null() ? bson::Value() : key_value(cell);
  };
  if (names.size() == 1) return value(cells[0]);
  bson::Writer writer;
  for (std::size_t i = 0; i < names.size(); ++i) writer.append(names[i], value(cells[i]));
  return writer.finish();
}

}  // namespace quire::importer
