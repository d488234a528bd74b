#include <algorithm>
#include <stop_token>

#include "core/sha256.hpp"
#include "importer/mapping_json.hpp"
#include "importer/validate.hpp"
#include "migrate/code_stop.hpp"
#include "migrate/pace.hpp"
#include "migrate/step_make.hpp"
#include "quire/bson/writer.hpp"
#include "quire/importer/step.hpp"

namespace quire::importer {
namespace {

/// Rules that no checksum covers, of a table and of all that is inside.
template <class Rules>
bool has_code(const Rules& rules) {
  return std::any_of(rules.fields.begin(), rules.fields.end(),
                     [](const FieldRule& field) { return static_cast<bool>(field.compute); }) ||
         std::any_of(rules.children.begin(), rules.children.end(), has_code<ChildRule>);
}

/// What plans print: the parts, and the mapping's sum in place of its text.
bson::Document spec_of(std::string_view op, const Mapping& mapping, const ImportOptions& options) {
  std::string text;
  bool computed = false;
  bson::Writer spec;
  spec.append("op", op).append("name", options.name).begin_array("parts");
  for (const TableMapping& table : mapping.tables) {
    std::string part = table.table + " -> " + table.into;
    if (part_name(table) != table.into) part = part_name(table) + ": " + part;
    spec.push(part);
    text += canonical_json(mapping.types, table) + "\n";
    computed = computed || has_code(table);
  }
  spec.end();
  if (computed) spec.append("computed", true);
  spec.append("mapping", "sha256:" + sha256_hex({reinterpret_cast<const std::uint8_t*>(text.data()),
                                                 text.size()}));
  return spec.finish();
}

migrate::MutableStep code_step(std::string_view op, const Mapping& mapping,
                               const ImportOptions& options, migrate::Code code) {
  migrate::detail::CodeWork work;
  work.code = std::move(code);
  work.atomicity = migrate::Atomicity::idempotent;
  const std::string first = mapping.tables.empty() ? "" : mapping.tables.front().into;
  auto step = migrate::make_step(first, spec_of(op, mapping, options), std::move(work));
  for (const TableMapping& table : mapping.tables) step->touches.push_back(table.into);
  return step;
}

/// Runs `work` with options whose `stop` is the migration's too. An import that was stopped is a
/// migration that is paused: it goes on with the next run.
template <class F>
void run_stoppable(const ImportOptions& given, F work) {
  std::stop_source stop;
  const auto pass_on = [&stop] { stop.request_stop(); };
  const std::stop_callback of_migration(migrate::stop_of_code(), pass_on);
  const std::stop_callback of_options(given.stop, pass_on);
  ImportOptions options = given;
  options.stop = stop.get_token();
  const ImportReport report = work(options);
  if (report.result == migrate::DataResult::stopped) throw migrate::Paused{};
  (void)report.or_throw();
}

}  // namespace

migrate::Step import_step(std::function<std::unique_ptr<Source>()> open, Mapping mapping,
                          ImportOptions options, migrate::Edited edited) {
  const auto up = [open, mapping, options](Database& db, Session&) {
    run_stoppable(options, [&](const ImportOptions& with) {
      const auto source = open();
      return Importer(*source, db, mapping, with).run();
    });
  };
  const auto down = [open, mapping, options, edited](Database& db, Session&) {
    run_stoppable(options, [&](const ImportOptions& with) {
      const auto source = open();
      return Importer(*source, db, mapping, with).rollback(edited);
    });
  };
  return migrate::with_inverse(code_step("import", mapping, options, up),
                               code_step("import_rollback", mapping, options, down));
}

}  // namespace quire::importer
