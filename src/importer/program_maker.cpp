#include "importer/program_maker.hpp"

#include <utility>

#include "importer/hashed_part.hpp"
#include "importer/names.hpp"
#include "importer/value_rules.hpp"
#include "quire/core/error.hpp"

namespace quire::importer {

ProgramMaker::ProgramMaker(Program& out, RowShape& shape, const TypePolicy& types,
                           bson::DateTime begun, std::size_t before, WholeMapping whole)
    : out_(out), shape_(shape), types_(types), begun_(begun), whole_(whole) {
  out_.table = shape.table().name;
  out_.before = before;
  out_.columns = shape.columns();
  for (const std::string& name : shape.columns()) out_.raw.emplace_back(name, cell(name));
}

void ProgramMaker::set_key(const Names& names) {
  out_.key_names = names;
  for (const std::string& name : names) out_.key.push_back(cell(name));
}

namespace {

FieldRule of_id(const IdRule& id, const std::string& column) {
  FieldRule rule{.to = "_id", .from = column, .as = id.as, .null = NullPolicy::reject};
  if (column.empty()) rule.format = id.format;
  take_value_rules(rule, id);
  return rule;
}

}  // namespace

void ProgramMaker::add_id(const IdRule& id, const Names& key, bool named) {
  const Names& columns = id.columns.empty() ? key : id.columns;
  switch (id.kind) {
    case IdKind::hash:
      out_.id_hash.table = out_.table;
      for (const std::string& name : columns)
        out_.id_hash.pieces.push_back({cell(name), hash_as(shape_.column(name))});
      layout_.add("_id", {.kind = Step::Kind::hash});
      return;
    case IdKind::format: {
      add_field(of_id(id, {}));
      keep_values(id);
      return;
    }
    default:
      break;
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    FieldRule rule = of_id(id, columns[i]);
    if (columns.size() == 1) {
      add_field(rule);
      keep_values(id);
      continue;
    }
    // Within a composite one a null is a value as others; but a key that the mapping names tells
    // nothing apart then.
    if (!named || id.kind != IdKind::key) rule.null = NullPolicy::keep;
    const std::string& name = id.names.empty() ? columns[i] : id.names[i];
    rule.to += "." + name;
    layout_.add_parts({"_id", name}, step_of(rule));
  }
}

/// Those of the mapping, which outlives the program; the rule was made here.
void ProgramMaker::keep_values(const IdRule& id) {
  if (!id.values.empty()) out_.fields.back().values.emplace(id.values);
}

void ProgramMaker::add_field(const FieldRule& rule) { layout_.add(rule.to, step_of(rule)); }

/// What computed fields see, once for all of them.
void ProgramMaker::add_fields(const std::vector<FieldRule>& rules) {
  for (const FieldRule& rule : rules) {
    see_columns(rule);
    add_field(rule);
  }
}

void ProgramMaker::add_others() {
  for (const std::string& name : shape_.others(types_)) add_own(name);
}

void ProgramMaker::add_own(const std::string& name) {
  layout_.add_name(name, step_of({.to = name, .from = name}));
}

void ProgramMaker::add_child(const ChildRule& rule, std::size_t index) {
  layout_.add(rule.to, {.kind = Step::Kind::child, .index = index});
}

void ProgramMaker::add_rest(const std::string& path) {
  layout_.add_rest(path, {.kind = Step::Kind::rest});
}

void ProgramMaker::end() { out_.steps = std::move(layout_).steps(); }

const Conversion* ProgramMaker::conversion(const FieldRule& rule, const std::string& column) {
  Conversion::Options options;
  options.types = rule.types.value_or(types_);
  options.as = rule.as;
  options.lower = rule.lower;
  options.upper = rule.upper;
  options.trim = rule.trim;
  options.place = out_.table + "." + column;
  options.path = rule.to;
  out_.conversions.push_back(std::make_unique<Conversion>(std::move(options)));
  return out_.conversions.back().get();
}

Step ProgramMaker::step_of(const FieldRule& rule) {
  FieldStep field;
  field.path = rule.to;
  field.place = out_.table + "." + (rule.from.empty() ? rule.to : rule.from);
  field.null = rule.null;
  if (rule.fallback) field.fallback = &*rule.fallback;
  field.other = rule.other;
  if (!rule.values.empty()) field.values.emplace(rule.values);
  Step step{.kind = Step::Kind::field, .index = out_.fields.size()};
  if (!rule.from.empty()) {
    step.cell = field.cell = cell(rule.from);
    step.conversion = field.conversion = conversion(rule, rule.from);
    if (rule.values.empty()) step.kind = Step::Kind::plain;
  } else if (rule.constant) {
    field.from = FieldStep::From::constant;
    field.constant = *rule.constant;
  } else if (rule.time_of_import) {
    field.from = FieldStep::From::constant;
    field.constant = begun_;
  } else if (rule.compute) {
    field.from = FieldStep::From::compute;
    field.compute = &rule.compute;
  } else if (rule.hash_of) {
    field.from = FieldStep::From::hash;
    field.hash = hash_of(rule);
  } else {
    field.from = FieldStep::From::format;
    field.format = template_of(rule);
    field.conversion = conversion(rule, rule.to);
  }
  out_.fields.push_back(std::move(field));
  return step;
}

HashStep ProgramMaker::hash_of(const FieldRule& rule) {
  const HashedPart to = hashed_part(whole_.mapping, whole_.schema, *rule.hash_of);
  HashStep step{.table = to.table.name, .of_part = to.has_parts(), .part = rule.hash_of->unpivoted};
  whole_.hashed += "\n" + out_.table + ": " + rule.to + ": " + in_quotes(to.table.name);
  for (std::size_t i = 0; i < to.key.size(); ++i) {
    step.pieces.push_back({cell(rule.hash_of->columns.at(i)), hash_as(to.column(to.key[i]))});
    whole_.hashed += " " + in_quotes(to.key[i]);
  }
  if (to.has_parts()) whole_.hashed += " of a part";
  return step;
}

TemplateStep ProgramMaker::template_of(const FieldRule& rule) {
  TemplateStep out;
  std::string why;
  const auto pieces = parse_template(rule.format, why);
  if (!pieces)
    throw ImportError(ErrorCode::invalid_mapping, out_.table + ": " + rule.to + ": " + why);
  for (const Template::Piece& piece : pieces->pieces) {
    TemplateStep::Piece& made = out.pieces.emplace_back();
    made.text = piece.text;
    if (piece.column.empty()) continue;
    made.cell = cell(piece.column);
    FieldRule of_column = {.to = rule.to};
    of_column.types = rule.types;
    of_column.lower = rule.lower;
    of_column.upper = rule.upper;
    of_column.trim = rule.trim;
    made.conversion = conversion(of_column, piece.column);
  }
  return out;
}

/// What computed fields see, once for all of them.
void ProgramMaker::see_columns(const FieldRule& rule) {
  if (!rule.compute || !out_.seen.empty()) return;
  for (const std::string& name : shape_.names()) {
    if (shape_.column(name) == nullptr && !contains(out_.columns, name)) continue;
    out_.seen[name] = {cell(name), conversion({.to = name}, name)};
  }
}

}  // namespace quire::importer
