#include "importer/validate.hpp"

#include <algorithm>
#include <unordered_map>

#include "importer/changed_rows.hpp"
#include "importer/names.hpp"

namespace quire::importer {
namespace {

using Names = std::vector<std::string>;

class TableCheck {
 public:
  TableCheck(Names& out, const Mapping& mapping, const TableMapping& part, const Table& table,
             const Schema& schema)
      : problems_(out, part_name(part)),
        mapping_(mapping),
        part_(part),
        table_(table),
        schema_(schema),
        shape_(table),
        types_(part.types.value_or(mapping.types)) {}

  void run() {
    if (part_.into.empty()) problems_.add("`into` is empty: it names the collection");
    if (part_.types) problems_.expect_policy(*part_.types);
    check_key();
    check_order();
    if (part_.unpivot) check_unpivot(*part_.unpivot);
    if (part_.pivot) check_pivot(*part_.pivot);
    Targets targets(problems_);
    targets.add("_id", "the _id");
    targets.add("_q", "the stamp that an import puts on its documents");
    check_id();
    const RuleScope scope{mapping_, schema_, part_, types_};
    check_fields(problems_, targets, shape_, part_.fields, false, scope);
    if (!part_.pivot) check_skip(problems_, shape_, part_.skip, part_.fields);
    shape_.take_rules(part_.fields, part_.skip);
    if (part_.others && !part_.pivot)
      for (const std::string& name : shape_.others(types_)) targets.add_name(name);
    if (part_.others && part_.pivot) add_group(targets);
    if (part_.pivot && !part_.pivot->to.empty() && part_.others && !shares_rest())
      targets.add(part_.pivot->to, "`pivot`");
    check_children(problems_, targets, shape_, part_.children, scope);
    check_target();
    if (part_.changed) check_changed(*part_.changed);
  }

 private:
  [[nodiscard]] Names own_key() const { return part_.key.empty() ? table_.key : part_.key; }

  /// Of a view nobody knows whether a column can be null, and a unique key may have nulls: such
  /// rows have no _id that is made of the key, and are put aside.
  [[nodiscard]] bool nulls_are_put_aside() const {
    if (part_.id.kind != IdKind::key) return false;
    if (table_.kind == TableKind::view || table_.kind == TableKind::foreign) return true;
    const auto same = [&](const Names& unique) {
      return unique.size() == part_.key.size() &&
             std::all_of(unique.begin(), unique.end(),
                         [&](const std::string& name) { return contains(part_.key, name); });
    };
    return std::any_of(table_.unique.begin(), table_.unique.end(), same);
  }

  void check_key() {
    if (own_key().empty())
      problems_.add(
          "the table " + in_quotes(table_.name) +
          " has no key to tell its rows by; name columns that together are unique: `key`");
    if (contains(own_key(), ""))
      problems_.add("a column without a name cannot tell rows apart; name others: `key`");
    for (const std::string& name : part_.key) {
      problems_.expect_column(table_, name, "`key`");
      const Column* column = table_.find(name);
      if (column != nullptr && column->nullable && !contains(table_.primary_key, name) &&
          !nulls_are_put_aside())
        problems_.add("`key`: the column " + in_quotes(name) +
                      " can be null, and does not tell rows apart then");
    }
  }

  void check_target() {
    for (const ReferenceRule& one : part_.references)
      if (one.field.empty() || one.collection.empty())
        problems_.add("`references`: each has a `field` and the `collection` that it refers to");
    for (const Names& fields : part_.unique)
      if (fields.empty() || contains(fields, ""))
        problems_.add("`unique`: each is a list of the fields that together come once");
  }

  void check_changed(const ChangeColumn& rule) {
    const Problems own = problems_.in("changed");
    own.expect_column(table_, rule.column, "`column`");
    if (rule.margin < 0) own.add("`margin` is not negative");
    if (part_.pivot)
      own.add("a group of rows becomes one document, and is read as a whole: without `changed`");
    if (table_.kind == TableKind::collection || table_.kind == TableKind::files)
      own.add("only databases are asked for the rows that changed");
    const Column* column = table_.find(rule.column);
    if (column != nullptr && !rises(*column))
      own.add("the column " + in_quotes(rule.column) + " is " + column->declared +
              "; it has to be a time, a date or a whole number");
  }

  void check_order() {
    for (const OrderBy& by : part_.order) {
      problems_.expect_column(table_, by.column, "`order`");
      if (by.descending || !by.nulls_last)
        problems_.add("`order`: documents are written in ascending order, nulls last; " +
                      in_quotes(by.column) + " asks for another");
    }
  }

  void check_unpivot(const UnpivotRule& rule) {
    const Problems own = problems_.in("unpivot");
    if (rule.parts.empty()) own.add("`parts` is empty: it names the columns that become rows");
    if (rule.value.empty()) own.add("`value` is empty: it names the column that has the value");
    if (part_.pivot) own.add("`unpivot` and `pivot` exclude each other");
    Names columns;
    for (const UnpivotRule::Part& part : rule.parts) columns.push_back(part.column);
    const auto expect_new = [&](const std::string& name) {
      if (has_column(table_, name) && !contains(columns, name))
        own.add("the table " + in_quotes(table_.name) + " has a column " + in_quotes(name) +
                " already; name it otherwise");
    };
    expect_new(rule.value);
    for (const UnpivotRule::Part& part : rule.parts) {
      own.expect_column(table_, part.column, "`parts`");
      Names names = {rule.value};
      for (const auto& constant : part.constants) {
        expect_new(constant.first);
        if (contains(names, constant.first))
          own.add("the part " + in_quotes(part.column) + " has " + in_quotes(constant.first) +
                  " twice");
        names.push_back(constant.first);
      }
    }
    if (rule.parts.empty()) return;
    const Column* like = table_.find(rule.parts[0].column);
    shape_.add_made(rule.value, like == nullptr ? Column{} : *like);
    for (const UnpivotRule::Part& part : rule.parts) {
      shape_.take(part.column);
      for (const auto& constant : part.constants) shape_.add_made(constant.first, Column{});
    }
  }

  void check_pivot(const PivotRule& rule) {
    const Problems own = problems_.in("pivot");
    if (!part_.children.empty())
      own.add("a group of rows has no `children`: map them as a part of their own");
    own.expect_column(table_, rule.name, "`name`");
    own.expect_column(table_, rule.value, "`value`");
    for (const std::string& name : rule.group) {
      own.expect_column(table_, name, "`group`");
      const Column* column = table_.find(name);
      if (column != nullptr && column->nullable && !contains(table_.primary_key, name))
        own.add("`group`: the column " + in_quotes(name) +
                " can be null, and such rows belong to no group");
    }
    // Names stand for columns: what rules name need not be one of the table.
    const Column* value = table_.find(rule.value);
    for (const FieldRule& field : part_.fields)
      for (const std::string& name : columns_of(field))
        if (!contains(rule.group, name))
          shape_.add_made(name, value == nullptr ? Column{} : *value);
  }

  /// Columns of a pivot's group that come under their own name.
  void add_group(Targets& targets) const {
    if (part_.id.kind == IdKind::key) return;
    for (const std::string& name : part_.pivot->group) {
      const bool named = std::any_of(part_.fields.begin(), part_.fields.end(),
                                     [&](const FieldRule& rule) { return rule.from == name; });
      if (!named && !contains(part_.skip, name) && !contains(part_.id.columns, name))
        targets.add_name(name);
    }
  }

  /// Rules that write into the same nested document as a pivot's other names are no clash.
  [[nodiscard]] bool shares_rest() const {
    return std::any_of(part_.fields.begin(), part_.fields.end(), [&](const FieldRule& one) {
      return one.to.starts_with(part_.pivot->to + ".");
    });
  }

  void check_id() {
    const IdRule& id = part_.id;
    const Problems own = problems_.in("id");
    for (const std::string& name : id.columns) {
      if (!shape_.has(name))
        own.add("the table " + in_quotes(table_.name) + " has no column " + in_quotes(name) +
                near_names(name, shape_.names()));
    }
    const Names& columns =
        id.columns.empty() ? (part_.pivot ? part_.pivot->group : key_ = own_key()) : id.columns;
    check_id_kind(own, id, columns);
    if (!id.names.empty() && id.names.size() != columns.size())
      own.add("`names` has " + std::to_string(id.names.size()) + " names for " +
              std::to_string(columns.size()) + " columns: " + listed(columns));
    const bool composite =
        columns.size() > 1 && (id.kind == IdKind::key || id.kind == IdKind::columns);
    if (composite) check_id_names(own, id.names.empty() ? columns : id.names);
    if (id.as != Convert::as_is && (composite || id.kind == IdKind::hash))
      own.add("`as` is for an _id of one column or of a format");
    if ((id.lower || id.upper || id.trim || !id.values.empty()) &&
        (composite || id.kind == IdKind::hash))
      own.add("`lower`, `upper`, `trim` and `values` are for an _id of one column or of a format");
    if (id.other == OtherValue::null || id.other == OtherValue::fallback)
      own.add("`other`: an _id is kept or its row rejected");
    if (id.types) own.expect_policy(*id.types);
    take_id(id, columns);
  }

  static void check_id_names(const Problems& own, const Names& names) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!is_field_name(names[i]))
        own.add("a field of the _id cannot be named " + in_quotes(names[i]) +
                ": it is empty or begins with $; `names` gives others");
      if (std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i), names[i]) !=
          names.begin() + static_cast<std::ptrdiff_t>(i))
        own.add("two fields of the _id are named " + in_quotes(names[i]));
    }
  }

  void check_id_kind(const Problems& own, const IdRule& id, const Names& columns) {
    if ((id.kind == IdKind::format) == id.format.empty())
      own.add(id.format.empty() ? "the kind \"format\" needs a `format`"
                                : "`format` is for the kind \"format\"");
    if (id.kind == IdKind::format && !id.format.empty()) check_format(own, shape_, id.format);
    if (id.kind == IdKind::columns && id.columns.empty())
      own.add("the kind \"columns\" needs `columns`");
    if (id.kind == IdKind::key && !id.columns.empty())
      own.add("`columns` is for the kinds \"columns\" and \"hash\"");
    if (id.kind == IdKind::key && part_.unpivot)
      own.add(
          "a row that becomes several needs an _id that tells them apart: of the kind "
          "\"columns\", \"hash\" or \"format\"");
    if (part_.pivot && columns.empty() && id.kind != IdKind::format)
      own.add("one document of all rows needs an _id of the kind \"format\", such as \"settings\"");
  }

  void take_id(const IdRule& id, const Names& columns) {
    if (id.kind == IdKind::format || id.kind == IdKind::hash) return;
    for (const std::string& name : columns) shape_.take(name);
  }

  Problems problems_;
  const Mapping& mapping_;
  const TableMapping& part_;
  const Table& table_;
  const Schema& schema_;
  RowShape shape_;
  TypePolicy types_;
  Names key_;
};

/// Parts whose `after` leads back to themselves, each circle once.
class AfterCircles {
 public:
  AfterCircles(Names& out, const Mapping& mapping) : out_(out), mapping_(mapping) {
    for (const TableMapping& part : mapping.tables) {
      const bool added = parts_.emplace(part_name(part), &part).second;
      names_.push_back(part_name(part));
      if (!added)
        out_.push_back(part_name(part) + ": two parts have this name; `name` tells them apart");
    }
  }

  void run() {
    for (const TableMapping& part : mapping_.tables) {
      for (const std::string& name : part.after) {
        if (!parts_.contains(name))
          out_.push_back(part_name(part) + ": `after`: there is no part " + in_quotes(name) +
                         near_names(name, names_));
      }
      visit(part_name(part));
    }
  }

 private:
  void visit(const std::string& name) {
    const auto at = std::find(path_.begin(), path_.end(), name);
    if (at != path_.end()) {
      out_.push_back(name + ": `after` goes in a circle: " + listed(std::span(at, path_.end())) +
                     ", " + name);
      return;
    }
    const auto part = parts_.find(name);
    if (part == parts_.end() || contains(done_, name)) return;
    path_.push_back(name);
    for (const std::string& next : part->second->after) visit(next);
    path_.pop_back();
    done_.push_back(name);
  }

  Names& out_;
  const Mapping& mapping_;
  std::unordered_map<std::string, const TableMapping*> parts_;
  Names names_;
  Names path_;
  Names done_;
};

}  // namespace

const std::string& part_name(const TableMapping& table) noexcept {
  if (!table.name.empty()) return table.name;
  return table.into.empty() ? table.table : table.into;
}

std::vector<std::string> problems_of(const Mapping& mapping, const TableMapping& part,
                                     const Schema& schema) {
  Names out;
  const Table* table = schema.find(part.table);
  if (table == nullptr) {
    Names names;
    for (const Table& one : schema.tables) names.push_back(one.name);
    out.push_back(part_name(part) + ": the source has no table " + in_quotes(part.table) +
                  near_names(part.table, names));
    return out;
  }
  TableCheck(out, mapping, part, *table, schema).run();
  return out;
}

std::vector<std::string> validate(const Mapping& mapping, const Schema& schema) {
  Names out;
  Problems(out, "mapping").expect_policy(mapping.types);
  if (mapping.tables.empty()) out.push_back("mapping: `tables` is empty");
  for (const TableMapping& part : mapping.tables) {
    Names own = problems_of(mapping, part, schema);
    out.insert(out.end(), own.begin(), own.end());
  }
  AfterCircles(out, mapping).run();
  return out;
}

}  // namespace quire::importer
