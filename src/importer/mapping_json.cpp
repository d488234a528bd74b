#include "importer/mapping_json.hpp"

#include "importer/json_io.hpp"
#include "quire/bson/json.hpp"
#include "quire/core/error.hpp"

namespace quire::importer {
namespace {

/// Keys that are not given are those of the policy around.
template <class Io>
void describe(Io& io, TypePolicy& types, const TypePolicy& outer) {
  io.choice("numeric", numeric_names, types.numeric, outer.numeric);
  io.choice("unsigned64", unsigned_names, types.unsigned64, outer.unsigned64);
  io.choice("zero_date", zero_date_names, types.zero_date, outer.zero_date);
  io.choice("infinite", infinite_names, types.infinite, outer.infinite);
  io.choice("fraction", fraction_names, types.fraction, outer.fraction);
  io.choice("date", date_names, types.date, outer.date);
  io.choice("uuid", uuid_names, types.uuid, outer.uuid);
  io.choice("json", json_names, types.json, outer.json);
  io.choice("bad_text", bad_text_names, types.bad_text, outer.bad_text);
  io.text("encoding", types.encoding, outer.encoding);
  io.text("zone", types.zone, outer.zone);
  io.choice("time", time_names, types.time, outer.time);
  io.choice("other", other_names, types.other, outer.other);
}

template <class Io>
void describe_types(Io& io, std::optional<TypePolicy>& types, const TypePolicy& outer) {
  io.object("types", types, outer,
            [&outer](auto& in, TypePolicy& one) { describe(in, one, outer); });
}

template <class Io>
void describe(Io& io, OrderBy& by) {
  io.text("column", by.column);
  io.flag("descending", by.descending, false);
  io.flag("nulls_last", by.nulls_last, true);
}

template <class Io>
void describe(Io& io, HashOf& rule) {
  io.text("part", rule.part);
  io.names("columns", rule.columns);
  io.text("unpivoted", rule.unpivoted);
}

template <class Io>
void describe(Io& io, FieldRule& rule, const TypePolicy& outer) {
  io.text("to", rule.to);
  io.text("from", rule.from);
  io.value("constant", rule.constant);
  io.text("format", rule.format);
  io.object("hash_of", rule.hash_of, HashOf{}, [](auto& in, HashOf& one) { describe(in, one); });
  io.only_code("compute", static_cast<bool>(rule.compute), rule.to);
  io.flag("time_of_import", rule.time_of_import, false);
  io.choice("as", convert_names, rule.as, Convert::as_is);
  io.flag("lower", rule.lower, false);
  io.flag("upper", rule.upper, false);
  io.flag("trim", rule.trim, false);
  io.values("values", rule.values);
  io.choice("other", other_value_names, rule.other, OtherValue::reject);
  io.choice("null", null_names, rule.null, NullPolicy::keep);
  io.value("fallback", rule.fallback);
  io.flag("on_insert", rule.on_insert, false);
  describe_types(io, rule.types, outer);
}

template <class Io>
void describe_fields(Io& io, std::vector<FieldRule>& fields, const TypePolicy& outer) {
  io.list("fields", fields, [&outer](auto& in, FieldRule& one) { describe(in, one, outer); });
}

template <class Io>
void describe(Io& io, ChildRule& rule, const TypePolicy& outer) {
  io.text("to", rule.to);
  io.text("table", rule.table);
  io.names("columns", rule.columns);
  io.names("referenced", rule.referenced);
  io.flag("many", rule.many, true);
  io.flag("or_null", rule.or_null, false);
  io.text("value", rule.value);
  io.list("order", rule.order, [](auto& in, OrderBy& one) { describe(in, one); });
  io.text("where", rule.where);
  describe_fields(io, rule.fields, outer);
  io.names("skip", rule.skip);
  io.flag("others", rule.others, true);
  io.text("link", rule.link);
  io.names("link_columns", rule.link_columns);
  io.names("link_referenced", rule.link_referenced);
  io.names("link_taken", rule.link_taken);
  io.list("children", rule.children,
          [&outer](auto& in, ChildRule& one) { describe(in, one, outer); });
}

template <class Io>
void describe(Io& io, UnpivotRule& rule) {
  io.list("parts", rule.parts, [](auto& in, UnpivotRule::Part& part) {
    in.text("column", part.column);
    in.pairs("constants", part.constants);
  });
  io.text("value", rule.value);
  io.flag("with_nulls", rule.with_nulls, false);
}

template <class Io>
void describe(Io& io, PivotRule& rule) {
  io.names("group", rule.group);
  io.text("name", rule.name);
  io.text("value", rule.value);
  io.text("to", rule.to);
}

template <class Io>
void describe_id(Io& io, IdRule& rule, const TypePolicy& outer) {
  io.choice("kind", id_names, rule.kind, IdKind::key);
  io.names("columns", rule.columns);
  io.text("format", rule.format);
  io.choice("as", convert_names, rule.as, Convert::as_is);
  io.names("names", rule.names);
  io.flag("lower", rule.lower, false);
  io.flag("upper", rule.upper, false);
  io.flag("trim", rule.trim, false);
  io.values("values", rule.values);
  io.choice("other", other_value_names, rule.other, OtherValue::reject);
  describe_types(io, rule.types, outer);
}

bool is_usual(const IdRule& id) {
  return id.kind == IdKind::key && id.columns.empty() && id.format.empty() &&
         id.as == Convert::as_is && id.names.empty() && !id.lower && !id.upper && !id.trim &&
         id.values.empty() && id.other == OtherValue::reject && !id.types;
}

template <class Io>
void describe(Io& io, TableMapping& table, const TypePolicy& outer) {
  io.text("name", table.name);
  io.text("table", table.table);
  io.text("into", table.into);
  io.names("key", table.key);
  std::optional<IdRule> id;
  if (!Io::reads && !is_usual(table.id)) id = table.id;
  // Types may stand behind what they count for.
  describe_types(io, table.types, outer);
  const TypePolicy own = table.types.value_or(outer);
  io.object("id", id, IdRule{}, [&own](auto& in, IdRule& one) { describe_id(in, one, own); });
  if (Io::reads && id) table.id = std::move(*id);
  describe_fields(io, table.fields, own);
  io.names("skip", table.skip);
  io.flag("others", table.others, true);
  io.list("children", table.children, [&own](auto& in, ChildRule& one) { describe(in, one, own); });
  io.object("unpivot", table.unpivot, UnpivotRule{},
            [](auto& in, UnpivotRule& one) { describe(in, one); });
  io.object("pivot", table.pivot, PivotRule{}, [](auto& in, PivotRule& one) { describe(in, one); });
  io.text("where", table.where);
  io.list("order", table.order, [](auto& in, OrderBy& one) { describe(in, one); });
  io.choice("existing", existing_names, table.existing, ExistingDocument::fail);
  io.names("after", table.after);
  io.list("references", table.references, [](auto& in, ReferenceRule& one) {
    in.text("field", one.field);
    in.text("collection", one.collection);
  });
  io.list_of_names("unique", table.unique);
  io.object("changed", table.changed, ChangeColumn{}, [](auto& in, ChangeColumn& one) {
    in.text("column", one.column);
    in.number("margin", one.margin, ChangeColumn{}.margin);
  });
  io.only_code("check", static_cast<bool>(table.check),
               table.name.empty() ? table.into : table.name);
}

template <class Io>
void describe(Io& io, Mapping& mapping) {
  std::optional<TypePolicy> types;
  const TypePolicy usual;
  if (!Io::reads && !(mapping.types == usual)) types = mapping.types;
  describe_types(io, types, usual);
  if (Io::reads && types) mapping.types = std::move(*types);
  io.list("tables", mapping.tables,
          [&mapping](auto& in, TableMapping& one) { describe(in, one, mapping.types); });
}

bson::Document written(const Mapping& mapping, bool lenient) {
  bson::Writer out;
  JsonOut io(out, lenient);
  describe(io, const_cast<Mapping&>(mapping));  // what writes changes nothing
  return out.finish();
}

}  // namespace

Mapping Mapping::from_json(std::string_view text) {
  Mapping mapping;
  try {
    const bson::Document document = bson::from_json(text);
    bson::validate(document.view(), {.unique_keys = true});
    JsonIn in({bson::Type::document, document.view().data(), document.size()}, {});
    describe(in, mapping);
    in.finish();
  } catch (const ImportError&) {
    throw;
  } catch (const Error& error) {  // no JSON, a key twice in one object, nested too deep
    throw ImportError(ErrorCode::invalid_mapping, error.path(), error.detail());
  }
  return mapping;
}

std::string Mapping::json() const {
  return bson::to_json(written(*this, false), bson::JsonMode::canonical, 2) + "\n";
}

std::string canonical_json(const TypePolicy& types, const TableMapping& table) {
  Mapping one;
  one.types = types;
  one.tables.push_back(table);
  // What is looked for afterwards, and which rows a later pass reads, makes no other documents.
  one.tables[0].references.clear();
  one.tables[0].unique.clear();
  one.tables[0].changed.reset();
  return bson::to_json(written(one, true), bson::JsonMode::canonical);
}

}  // namespace quire::importer
