#include "migrate/step_make.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/importer/step.hpp"

namespace quire::importer {
namespace {

/// The mapping without what has no JSON form.
Mapping as_data(Mapping mapping) {
  for (TableMapping& table : mapping.tables) {
    table.check = {};
    for (FieldRule& field : table.fields) {
      if (!field.compute) continue;
      field.compute = {};
      field.constant = bson::Value("computed");
    }
  }
  return mapping;
}

migrate::MutableStep code_step(std::string_view op, const Mapping& mapping,
                               const ImportOptions& options, migrate::Code code) {
  bson::Writer spec;
  spec.append("op", op)
      .append("name", options.name)
      .append("mapping", bson::from_json(as_data(mapping).json()));
  migrate::detail::CodeWork work;
  work.code = std::move(code);
  work.atomicity = migrate::Atomicity::idempotent;
  const std::string first = mapping.tables.empty() ? "" : mapping.tables.front().into;
  auto step = migrate::make_step(first, spec.finish(), std::move(work));
  for (const TableMapping& table : mapping.tables) step->touches.push_back(table.into);
  return step;
}

}  // namespace

migrate::Step import_step(std::function<std::unique_ptr<Source>()> open, Mapping mapping,
                          ImportOptions options, migrate::Edited edited) {
  const auto up = [open, mapping, options](Database& db, Session&) {
    const auto source = open();
    (void)Importer(*source, db, mapping, options).run().or_throw();
  };
  const auto down = [open, mapping, options, edited](Database& db, Session&) {
    const auto source = open();
    (void)Importer(*source, db, mapping, options).rollback(edited).or_throw();
  };
  return migrate::with_inverse(code_step("import", mapping, options, up),
                               code_step("import_rollback", mapping, options, down));
}

}  // namespace quire::importer
