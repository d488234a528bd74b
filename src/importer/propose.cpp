#include "quire/importer/propose.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "importer/names.hpp"
#include "importer/row_shape.hpp"
#include "importer/validate.hpp"

namespace quire::importer {
namespace {

using Names = std::vector<std::string>;

/// More rows of a child for each of its parent than should be in one document.
constexpr std::int64_t many_rows = 1000;

bool same_columns(Names a, Names b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return !a.empty() && a == b;
}

bool is_cascade(const ForeignKey& key) {
  std::string action = key.on_delete;
  for (char& c : action) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return action == "cascade";
}

/// A name that a collection or a field can have, and that a path can say.
std::string target_name(const std::string& table) {
  std::string out = table;
  for (char& c : out)
    if (c == '.' || c == '$' || c == '\0') c = '_';
  return out.empty() ? "rows" : out;
}

std::string free_name(std::string name, const Names& used) {
  while (contains(used, name)) name += "_";
  return name;
}

bool is_plain(const std::string& name) {
  return is_field_name(name) && name.find('.') == name.npos;
}

class Proposer {
 public:
  explicit Proposer(const Schema& schema) : schema_(schema) {}

  Proposal run() {
    for (const Table& table : schema_.tables)
      if (!leave_out(table)) tables_.push_back(&table);
    for (const Table* table : tables_)
      if (is_link(*table)) links_.push_back(table->name);
    // A table whose rows are all inside of another one may be so itself: until nothing changes.
    for (bool changed = true; changed;) {
      changed = false;
      for (const Table* table : tables_) changed = place(*table) || changed;
    }
    Names names;
    for (const Table* table : tables_)
      if (!inside_.contains(table->name) && !is_listed(table->name)) names.push_back(table->name);
    const TableOrder order = dependency_order(schema_, names);
    Names used;
    for (const std::string& name : order.tables) {
      const bool ours = name.starts_with("_quire_");  // bookkeeping of imports
      used.push_back(free_name((ours ? "old" : "") + target_name(name), used));
      into_.emplace(name, used.back());
    }
    for (const std::string& name : order.tables) add_part(schema_.at(name));
    for (const Names& circle : order.circles)
      decide(listed(circle), "references",
             "they refer to each other in a circle: documents of one are there before those that "
             "they refer to");
    decide_numbers();
    return std::move(out_);
  }

 private:
  struct Place {
    const Table* parent;
    const ForeignKey* key;
    bool one;
    std::string reason;
  };

  void decide(const std::string& table, const std::string& what, const std::string& reason) {
    out_.decisions.push_back({table, what, reason});
  }

  /// Ids count up from one: they are int64 as long as no value says otherwise.
  void decide_numbers() {
    std::vector<const Table*> wide;
    for (const Table* table : tables_) {
      const bool key =
          std::any_of(table->columns.begin(), table->columns.end(), [&](const Column& column) {
            return column.type == ColumnType::uint64 && contains(table->key, column.name);
          });
      if (key) wide.push_back(table);
    }
    if (wide.empty()) return;
    out_.mapping.types.unsigned64 = TypePolicy::Unsigned::int64;
    const std::string others =
        wide.size() == 1 ? "" : " and those of " + std::to_string(wide.size() - 1) + " more";
    decide(wide.front()->name, "unsigned numbers of 64 bits as int64",
           "its key" + others + (wide.size() == 1 ? " is" : " are") +
               " of that type; a row with a value above 9223372036854775807 is "
               "put aside, where `unsigned64`: `decimal128` of `types` would take it");
  }

  bool leave_out(const Table& table) {
    if (table.kind == TableKind::view) {
      decide(table.name, "left out", "it is a view: what it shows comes from tables");
      return true;
    }
    if (table.key.empty()) {
      decide(table.name, "left out",
             "it has no key to tell its rows by; name columns that together are unique: `key`");
      return true;
    }
    if (contains(table.key, "")) {
      decide(table.name, "left out",
             "a column of its key has no name; name columns that together are unique: `key`");
      return true;
    }
    return false;
  }

  [[nodiscard]] bool is_listed(const std::string& name) const { return contains(links_, name); }

  /// Two foreign keys of one column each that together are its key, and nobody refers to it.
  [[nodiscard]] bool is_link(const Table& table) const {
    if (table.foreign_keys.size() != 2 || !referrers(table).empty()) return false;
    const ForeignKey& a = table.foreign_keys[0];
    const ForeignKey& b = table.foreign_keys[1];
    if (a.columns.size() != 1 || b.columns.size() != 1 || !is_read(a.table) || !is_read(b.table))
      return false;
    return same_columns(table.key, {a.columns[0], b.columns[0]});
  }
  [[nodiscard]] bool is_read(const std::string& name) const {
    return std::any_of(tables_.begin(), tables_.end(),
                       [&](const Table* one) { return one->name == name; });
  }
  [[nodiscard]] std::vector<const Table*> referrers(const Table& table) const {
    std::vector<const Table*> out;
    for (const Table* one : tables_)
      for (const ForeignKey& key : one->foreign_keys)
        if (key.table == table.name) out.push_back(one);
    return out;
  }

  bool place(const Table& table) {
    if (inside_.contains(table.name) || is_listed(table.name)) return false;
    for (const Table* one : referrers(table)) {
      const auto at = inside_.find(one->name);
      // Links are lists of the first table that they name.
      const bool list = is_listed(one->name) && one->foreign_keys[0].table == table.name &&
                        one->foreign_keys[1].table != table.name;
      if (!list && (at == inside_.end() || at->second.parent != &table)) return false;
    }
    std::optional<Place> found;
    for (const ForeignKey& key : table.foreign_keys) {
      if (key.table == table.name || !is_read(key.table)) continue;
      const bool one = same_columns(key.columns, table.primary_key) ||
                       std::any_of(table.unique.begin(), table.unique.end(),
                                   [&](const Names& u) { return same_columns(key.columns, u); });
      const bool shares_key = same_columns(key.columns, table.primary_key);
      if (!shares_key && !is_cascade(key)) continue;
      if (found) return false;  // it belongs to two
      found = Place{&schema_.at(key.table), &key, one,
                    shares_key ? "it has the key of " + in_quotes(key.table) +
                                     ", so that there is one row for each, and nobody refers to it"
                               : "its rows are deleted with those of " + in_quotes(key.table) +
                                     ", and nobody else refers to them"};
    }
    if (!found || is_below(*found->parent, table) || too_many(table, *found->parent)) return false;
    inside_.emplace(table.name, *found);
    return true;
  }

  /// Whether `table` would be inside of itself.
  [[nodiscard]] bool is_below(const Table& parent, const Table& table) const {
    for (const Table* at = &parent;;) {
      if (at == &table) return true;
      const auto above = inside_.find(at->name);
      if (above == inside_.end()) return false;
      at = above->second.parent;
    }
  }
  [[nodiscard]] static bool too_many(const Table& table, const Table& parent) {
    return table.rows > 0 && parent.rows > 0 && table.rows / parent.rows >= many_rows;
  }

  void add_part(const Table& table) {
    TableMapping& part = out_.mapping.tables.emplace_back();
    part.table = table.name;
    part.into = into_.at(table.name);
    const bool hashed = has_hash(table);
    if (hashed)
      part.id.kind = IdKind::hash;
    else
      name_id(table, part.id);
    decide(table.name, "a collection",
           reason_of(table) +
               (hashed ? "; its key has several columns and is referred to: its _id is a hash of "
                         "them, which one field holds"
                       : ""));
    add_inside(table, part.children);
    clear_names(table, part.children);
    add_references(table, part.children, part.fields);
    name_columns(table, hashed ? Names{} : table.key, part);
  }

  /// Of a key of several columns, whose names no path says.
  static void name_id(const Table& table, IdRule& id) {
    if (table.key.size() < 2 || std::all_of(table.key.begin(), table.key.end(), is_plain)) return;
    for (const std::string& name : table.key)
      id.names.push_back(free_name(is_plain(name) ? name : target_name(name), id.names));
  }

  /// Columns whose own name is none for a field, or is one that a path cannot say, get another.
  template <class Rules>
  void name_columns(const Table& table, const Names& taken, Rules& rules) {
    const auto fits = [](const std::string& name) {
      return is_plain(name) && name != "_id" && name != "_q";
    };
    Names used;
    for (const Column& column : table.columns)
      if (fits(column.name)) used.push_back(column.name);
    for (const ChildRule& child : rules.children) used.push_back(child.to);
    for (const FieldRule& rule : rules.fields) used.push_back(rule.to);
    for (const Column& column : table.columns) {
      if (fits(column.name) || column.position || contains(taken, column.name)) continue;
      if (column.name.empty()) {
        rules.skip.push_back(column.name);
        decide(table.name, "a column is left out", "it has no name");
        continue;
      }
      const bool ours = column.name == "_id" || column.name == "_q";
      FieldRule& rule = rules.fields.emplace_back();
      rule.to = free_name(target_name(column.name) + (ours ? "_" : ""), used);
      rule.from = column.name;
      used.push_back(rule.to);
    }
  }

  /// Columns of the key that refers to the whole key of another one, in the order of that; empty:
  /// it refers otherwise.
  static Names refers_to_key(const ForeignKey& key, const Table& to) {
    Names out;
    const Names& referenced = key.referenced.empty() ? to.primary_key : key.referenced;
    if (key.table != to.name || key.columns.size() != to.key.size() ||
        referenced.size() != to.key.size())
      return out;
    for (const std::string& name : to.key) {
      const auto at = std::find(referenced.begin(), referenced.end(), name);
      if (at == referenced.end()) return {};
      out.push_back(key.columns[static_cast<std::size_t>(at - referenced.begin())]);
    }
    return out;
  }

  /// A collection with a key of several columns that documents refer to: one value serves them
  /// better than several.
  [[nodiscard]] bool has_hash(const Table& table) const {
    if (table.key.size() < 2 || inside_.contains(table.name) || is_listed(table.name)) return false;
    return std::any_of(tables_.begin(), tables_.end(), [&](const Table* one) {
      const auto place = inside_.find(one->name);
      return std::any_of(
          one->foreign_keys.begin(), one->foreign_keys.end(), [&](const ForeignKey& key) {
            const bool embeds = place != inside_.end() && place->second.key == &key;
            return !embeds && !is_listed(one->name) && !refers_to_key(key, table).empty();
          });
    });
  }

  void add_references(const Table& table, const std::vector<ChildRule>& children,
                      std::vector<FieldRule>& fields) const {
    const auto place = inside_.find(table.name);
    Names used;
    for (const Column& column : table.columns) used.push_back(column.name);
    for (const ChildRule& child : children) used.push_back(child.to);
    for (const ForeignKey& key : table.foreign_keys) {
      if (!is_read(key.table) || (place != inside_.end() && place->second.key == &key)) continue;
      const Table& to = schema_.at(key.table);
      const Names columns = refers_to_key(key, to);
      if (columns.empty() || !has_hash(to)) continue;
      FieldRule& rule = fields.emplace_back();
      rule.to = into_.at(to.name) + "_id";
      if (contains(used, rule.to)) {
        rule.to.clear();
        for (const std::string& name : key.columns) rule.to += target_name(name) + "_";
        rule.to += "id";
      }
      rule.to = free_name(rule.to, used);
      used.push_back(rule.to);
      rule.hash_of = HashOf{into_.at(to.name), columns};
    }
  }

  [[nodiscard]] std::string reason_of(const Table& table) const {
    const auto who = referrers(table);
    if (table.foreign_keys.empty() && !who.empty() && table.columns.size() <= 3)
      return "it looks names up for others; where they never change, `values` of a field can "
             "stand for it";
    for (const ForeignKey& key : table.foreign_keys) {
      const Table* parent = schema_.find(key.table);
      if (parent != nullptr && is_cascade(key) && too_many(table, *parent))
        return "there are about " + std::to_string(table.rows / parent->rows) +
               " rows for each of " + in_quotes(key.table) +
               ", too many for one document; it keeps the reference";
    }
    if (who.size() > 1) return "several tables refer to it";
    if (table.foreign_keys.empty()) return "it refers to nothing";
    return "it can be there without what it refers to; it keeps the references";
  }

  void add_inside(const Table& table, std::vector<ChildRule>& children) {
    for (const Table* one : tables_) {
      const auto at = inside_.find(one->name);
      if (at == inside_.end() || at->second.parent != &table) continue;
      const Place& place = at->second;
      ChildRule& child = children.emplace_back();
      child.to = target_name(one->name);
      child.table = one->name;
      child.columns = place.key->columns;
      child.referenced = place.key->referenced;
      child.many = !place.one;
      decide(one->name, "inside of " + table.name + ", as " + child.to, place.reason);
      add_inside(*one, child.children);
      clear_names(*one, child.children);
      add_references(*one, child.children, child.fields);
      name_columns(*one, child.columns, child);
    }
    for (const Table* link : tables_)
      if (is_listed(link->name) && link->foreign_keys[0].table == table.name)
        add_list(*link, children);
  }

  void add_list(const Table& link, std::vector<ChildRule>& children) {
    const ForeignKey& from = link.foreign_keys[0];
    const ForeignKey& to = link.foreign_keys[1];
    ChildRule& child = children.emplace_back();
    child.to = target_name(to.table);
    child.table = link.name;
    child.columns = from.columns;
    child.referenced = from.referenced;
    if (link.columns.size() == 2)
      child.value = to.columns[0];
    else
      name_columns(link, child.columns, child);
    decide(link.name, "inside of " + from.table + ", as " + child.to,
           "it links " + in_quotes(from.table) + " and " + in_quotes(to.table) +
               (child.value.empty() ? ": a list of references with what else the link has"
                                    : ": a list of references"));
  }

  /// Children whose name is a column's, or another child's, get one of their own.
  static void clear_names(const Table& table, std::vector<ChildRule>& children) {
    Names used = {"_id", "_q"};
    for (const Column& column : table.columns) used.push_back(column.name);
    for (ChildRule& child : children) {
      while (child.to.empty() || contains(used, child.to)) child.to += "_rows";
      used.push_back(child.to);
    }
  }

  const Schema& schema_;
  std::vector<const Table*> tables_;
  Names links_;
  std::map<std::string, Place> inside_;
  std::map<std::string, std::string> into_;  ///< collections by their tables
  Proposal out_;
};

}  // namespace

Proposal propose(const Schema& schema) { return Proposer(schema).run(); }

}  // namespace quire::importer
