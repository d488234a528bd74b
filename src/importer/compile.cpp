#include <utility>

#include "importer/compiled_table.hpp"
#include "importer/hashed_part.hpp"
#include "importer/names.hpp"
#include "importer/program_maker.hpp"
#include "quire/core/error.hpp"

namespace quire::importer {
namespace {

using Names = std::vector<std::string>;

/// What a child has to know of its parent.
struct Parent {
  const Table& table;
  const RowShape& shape;
  const std::string& where;
  const std::vector<OrderBy>& order;
  const Names& key;
  std::shared_ptr<const Owner> owner;
  std::size_t before = 0;  ///< keys of owners, without the parent's own
  std::string path = {};
};

class TableCompiler {
 public:
  TableCompiler(CompiledTable::Impl& impl, const Mapping& whole, const Schema& schema)
      : impl_(impl),
        schema_(schema),
        whole_{whole, schema, impl.hashed_of_others},
        mapping_(impl.mapping),
        table_(schema.at(mapping_.table)),
        types_(mapping_.types.value_or(impl.types)) {}

  void run() {
    const Names& own = mapping_.key.empty() ? table_.key : mapping_.key;
    if (own.empty())
      throw ImportError(ErrorCode::no_key, "the table " + in_quotes(table_.name) +
                                               " has no key; name columns that together are "
                                               "unique: `key`");
    if (mapping_.pivot)
      for (const std::string& name : mapping_.pivot->group) add_once(impl_.key, name);
    for (const OrderBy& by : mapping_.order) add_once(impl_.key, by.column);
    for (const std::string& name : own) add_once(impl_.key, name);
    RowShape shape(table_);
    make_shape(shape, own);
    ProgramMaker maker(impl_.program, shape, types_, impl_.begun, shape.made(), whole_);
    maker.set_key(impl_.key);
    const bool pivot = mapping_.pivot.has_value();
    maker.add_id(mapping_.id, pivot ? mapping_.pivot->group : own, !pivot && !mapping_.key.empty());
    maker.add_fields(mapping_.fields);
    if (mapping_.others) add_others(maker);
    for (const FieldRule& rule : mapping_.fields) {
      if (rule.on_insert) impl_.on_insert.push_back(rule.to);
    }
    impl_.query.table = table_.name;
    impl_.query.columns = shape.columns();
    impl_.query.key = impl_.key;
    impl_.query.where = mapping_.where;
    note(table_, shape.columns());
    note_hashed(mapping_.fields);
    const Parent parent{table_, shape, mapping_.where, no_order_, impl_.key, nullptr};
    add_children(maker, impl_.program, mapping_.children, parent);
    if (mapping_.unpivot) make_unpivot(shape);
    if (mapping_.pivot) make_pivot(maker, shape);
    maker.end();
    impl_.identity = identities_.finish();
  }

 private:
  void make_shape(RowShape& shape, const Names& own) {
    if (mapping_.unpivot) {
      const auto& parts = mapping_.unpivot->parts;
      Column made;
      if (!parts.empty()) made = table_.at(parts[0].column);
      shape.add_made(mapping_.unpivot->value, made);
      for (const UnpivotRule::Part& part : parts) {
        shape.need(part.column);
        shape.take(part.column);
        for (const auto& constant : part.constants) shape.add_made(constant.first, Column{});
      }
    }
    if (mapping_.pivot) make_pivot_shape(shape);
    for (const std::string& name : impl_.key) shape.need(name);
    const IdRule& id = mapping_.id;
    for (const std::string& name : id.columns) shape.need(name);
    for (const std::string& name : columns_of_format(id.format)) shape.need(name);
    if (id.kind == IdKind::columns || (id.kind == IdKind::key && !id.columns.empty()))
      for (const std::string& name : id.columns) shape.take(name);
    else if (id.kind == IdKind::key)
      for (const std::string& name : mapping_.pivot ? mapping_.pivot->group : own) shape.take(name);
    shape.need_rules(mapping_.fields);
    shape.take_rules(mapping_.fields, mapping_.skip);
    for (const ChildRule& child : mapping_.children)
      for (const std::string& name : referenced_of(child, table_))
        if (!shape.is_made(name)) shape.need(name);
    if (mapping_.others && !mapping_.pivot)
      for (const std::string& name : shape.others(types_)) shape.need(name);
    shape.close();
  }

  void make_pivot_shape(RowShape& shape) {
    const PivotRule& pivot = *mapping_.pivot;
    const Column& value = table_.at(pivot.value);
    for (const FieldRule& rule : mapping_.fields)
      for (const std::string& name : columns_of(rule))
        if (!contains(pivot.group, name)) shape.add_made(name, value);
    shape.need(pivot.name);
    shape.need(pivot.value);
    for (const Column& column : table_.columns)
      if (!contains(pivot.group, column.name)) shape.take(column.name);
  }

  void add_others(ProgramMaker& maker) {
    if (!mapping_.pivot) {
      maker.add_others();
      return;
    }
    for (const std::string& name : mapping_.pivot->group) {
      const bool taken = mapping_.id.kind == IdKind::key || contains(mapping_.skip, name);
      bool named = contains(mapping_.id.columns, name);
      for (const FieldRule& rule : mapping_.fields) named = named || rule.from == name;
      if (!taken && !named) {
        maker.add_own(name);
        own_names_.push_back(name);
      }
    }
    maker.add_rest(mapping_.pivot->to);
  }

  void make_unpivot(const RowShape& shape) {
    UnpivotProgram& out = impl_.unpivot.emplace();
    const std::size_t before = shape.made();
    impl_.program.id_hash.of_part = true;
    out.with_nulls = mapping_.unpivot->with_nulls;
    for (const UnpivotRule::Part& part : mapping_.unpivot->parts) {
      UnpivotProgram::Part& made = out.parts.emplace_back();
      made.cell = shape.cell(part.column, before) - before;
      made.name = part.column;
      made.cells.resize(before - 1);
      for (const auto& [name, value] : part.constants)
        made.cells[shape.cell(name, before) - 1] = constant_cell(value, made.bytes);
    }
  }

  static Cell constant_cell(const bson::Value& value, std::deque<std::string>& bytes) {
    const bson::ValueView view = value.view();
    switch (value.type()) {
      case bson::Type::null:
        return {};
      case bson::Type::boolean:
        return Cell::of_integer(Cell::Kind::boolean, view.as_bool() ? 1 : 0);
      case bson::Type::int32:
        return Cell::of_integer(Cell::Kind::int32, view.as_int32());
      case bson::Type::int64:
        return Cell::of_integer(Cell::Kind::int64, view.as_int64());
      case bson::Type::double_:
        return Cell::of_real(view.as_double());
      case bson::Type::string:
        return Cell::of_text(Cell::Kind::text, bytes.emplace_back(view.as_string()));
      default: {
        std::string& kept = bytes.emplace_back(1, static_cast<char>(value.type()));
        kept.append(reinterpret_cast<const char*>(view.data()), view.size());
        return Cell::of_text(Cell::Kind::value, kept);
      }
    }
  }

  void make_pivot(ProgramMaker& maker, const RowShape& shape) {
    const PivotRule& rule = *mapping_.pivot;
    PivotProgram& out = impl_.pivot.emplace();
    const std::size_t before = shape.made();
    out.group = rule.group.size();
    out.name = shape.cell(rule.name, before) - before;
    out.value = shape.cell(rule.value, before) - before;
    const Names names = shape.names();
    for (std::size_t i = 0; i < before; ++i) out.taken.emplace(names[i], i);
    for (const std::string& name : mapping_.skip) out.taken.emplace(name, std::nullopt);
    note_written(out, rule.to);
    out.rest = maker.conversion({.to = rule.to.empty() ? rule.value : rule.to}, rule.value);
  }

  void note_written(PivotProgram& out, const std::string& to) const {
    const std::string prefix = to.empty() ? to : to + ".";
    if (to.empty()) {
      out.written = {"_id", "_q"};
      out.written.insert(own_names_.begin(), own_names_.end());
    }
    for (const FieldRule& rule : mapping_.fields)
      if (rule.to.starts_with(prefix))
        out.written.insert(path_parts(std::string_view(rule.to).substr(prefix.size())).front());
  }

  void add_children(ProgramMaker& maker, Program& parent_program,
                    const std::vector<ChildRule>& rules, const Parent& parent) {
    parent_program.children.reserve(rules.size());
    for (const ChildRule& rule : rules) {
      maker.add_child(rule, parent_program.children.size());
      ChildProgram& child = parent_program.children.emplace_back();
      make_child(child, rule, parent);
    }
  }

  void make_child(ChildProgram& out, const ChildRule& rule, const Parent& parent) {
    const Table& table = schema_.at(rule.table);
    out.rule = &rule;
    out.path = parent.path.empty() ? rule.to : parent.path + "." + rule.to;
    RowShape shape(table);
    if (!rule.link.empty()) shape.set_link(schema_.at(rule.link), rule.link_taken);
    const FieldRule made{.to = rule.value, .from = rule.value};
    const FieldRule& only = value_rule(rule, made);
    make_child_shape(shape, rule, only, parent);
    auto owner = std::make_shared<Owner>();
    owner->table = parent.table.name;
    owner->key = parent.key;
    const Names& referenced = referenced_of(rule, parent.table);
    for (std::size_t i = 0; i < referenced.size(); ++i) {
      if (parent.shape.is_made(referenced[i])) continue;
      owner->columns.push_back(rule.columns[i]);
      owner->referenced.push_back(referenced[i]);
    }
    owner->link = rule.link;
    owner->link_columns = rule.link_columns;
    owner->link_referenced = rule.link.empty() || !rule.link_referenced.empty()
                                 ? rule.link_referenced
                             : table.primary_key.empty() ? table.key
                                                         : table.primary_key;
    owner->link_taken = rule.link_taken;
    owner->where = parent.where;
    owner->owner = parent.owner;
    owner->order = parent.order;
    out.query = {.table = table.name,
                 .columns = shape.columns(),
                 .key = table.key,
                 .order = rule.order,
                 .owner = *owner,
                 .where = rule.where};
    ProgramMaker maker(out.program, shape, types_, impl_.begun, parent.before + parent.key.size(),
                       whole_);
    out.program.owners = out.program.before;
    for (std::size_t i = 0; i < referenced.size(); ++i) {
      if (!parent.shape.is_made(referenced[i])) continue;
      out.made.emplace_back(shape.cell(rule.columns[i], out.program.before),
                            parent.shape.cell(referenced[i], parent.shape.made()));
    }
    if (!rule.children.empty()) maker.set_key(table.key);
    if (!rule.value.empty()) {
      out.value = 0;
      (void)maker.step_of(only);
    } else {
      maker.add_fields(rule.fields);
      if (rule.others) maker.add_others();
    }
    note(table, shape.columns());
    note_hashed(rule.fields);
    if (!rule.link.empty()) note(schema_.at(rule.link), link_columns(rule));
    const Parent own{table,     shape, rule.where,         rule.order,
                     table.key, owner, out.program.before, out.path};
    add_children(maker, out.program, rule.children, own);
    maker.end();
  }

  static Names link_columns(const ChildRule& rule) {
    Names out = rule.columns;
    for (const Names* more : {&rule.link_columns, &rule.link_taken})
      for (const std::string& name : *more) add_once(out, name);
    return out;
  }

  /// The rule of the field that is the whole element; it stays where it is.
  static const FieldRule& value_rule(const ChildRule& rule, const FieldRule& made) {
    for (const FieldRule& field : rule.fields) {
      if (field.to == rule.value) return field;
    }
    return made;
  }

  void make_child_shape(RowShape& shape, const ChildRule& rule, const FieldRule& only,
                        const Parent& parent) {
    if (rule.link.empty())
      for (const std::string& name : rule.columns) shape.take(name);
    const Names& referenced = referenced_of(rule, parent.table);
    for (std::size_t i = 0; i < referenced.size(); ++i)
      if (parent.shape.is_made(referenced[i])) shape.need(rule.columns[i]);
    if (!rule.value.empty()) {
      shape.need_rules({only});
    } else {
      shape.need_rules(rule.fields);
      shape.take_rules(rule.fields, rule.skip);
      if (rule.others)
        for (const std::string& name : shape.others(types_)) shape.need(name);
    }
    if (!rule.children.empty())
      for (const std::string& name : shape.table().key) shape.need(name);
    shape.close();
  }

  void note(const Table& table, const Names& columns) {
    identities_.append(std::to_string(identified_++), identity_of(table, columns));
  }

  /// Types of a key decide how what refers to it is hashed.
  void note_hashed(const std::vector<FieldRule>& rules) {
    for (const FieldRule& rule : rules) {
      if (!rule.hash_of) continue;
      const HashedPart to = hashed_part(whole_.mapping, schema_, *rule.hash_of);
      note(to.table, to.key);
    }
  }

  CompiledTable::Impl& impl_;
  const Schema& schema_;
  WholeMapping whole_;
  const TableMapping& mapping_;
  const Table& table_;
  TypePolicy types_;
  std::vector<OrderBy> no_order_;
  Names own_names_;  ///< of a pivot's group, that come under their own name
  bson::Writer identities_;
  std::size_t identified_ = 0;
};

}  // namespace

void compile(CompiledTable::Impl& impl, const Mapping& whole, const Schema& schema) {
  TableCompiler(impl, whole, schema).run();
}

}  // namespace quire::importer
