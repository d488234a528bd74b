#include "quire/migrate/squash.hpp"

#include <algorithm>

#include "migrate/linter.hpp"
#include "migrate/skeleton_text.hpp"
#include "migrate/support.hpp"
#include "quire/bson/json.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {
namespace {

using bson::View;

std::string list_of(View spec, std::string_view key) {
  std::string out;
  for (const auto& one : spec[key].as_array())
    out += (out.empty() ? "" : ", ") + literal(one.value.as_string());
  return "{" + out + "}";
}

std::string list_of(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& one : texts) out += (out.empty() ? "" : ", ") + literal(one);
  return "{" + out + "}";
}

std::string any_value(bson::ValueView value) {
  switch (value.type()) {
    case bson::Type::string:
    case bson::Type::int32:
    case bson::Type::int64:
    case bson::Type::boolean:
      return value_literal(value);
    case bson::Type::null:
      return "q::bson::Value()";
    default:
      return "q::bson::Value(q::bson::from_json(" +
             literal(bson::to_json(bson::make_document("v", value), bson::JsonMode::canonical)) +
             ")[\"v\"])";
  }
}

std::string document_argument(View document) {
  return document.empty() ? "{}" : json_literal(document);
}

/// The call of up() that makes the step; empty for what only code can say.
std::string call_of(const Step& step) {
  const View spec = step.spec();
  const std::string op = op_of(step);
  const auto text = [&](std::string_view key) { return literal(get_text(spec, key)); };
  const std::string head = "m." + op + "(" + text("collection");
  if (op == "add_field")
    return head + ", " + text("field") + ", " + any_value(spec["value"]) + ");";
  if (op == "rename_field") return head + ", " + text("from") + ", " + text("to") + ");";
  if (op == "unset_field") return head + ", " + text("field") + ");";
  if (op == "split_field")
    return head + ", " + literal(spec["from"].as_array()["0"].as_string()) + ", " +
           list_of(spec, "to") + ", " + text("separator") + ");";
  if (op == "merge_fields")
    return head + ", " + list_of(spec, "from") + ", " +
           literal(spec["to"].as_array()["0"].as_string()) + ", " + text("separator") + ");";
  if (op == "convert_field") {
    std::string options;
    if (get_text(spec, "unconvertible") == "keep")
      options = ".unconvertible = q::migrate::Unconvertible::keep";
    if (step.data().inverse != nullptr)
      options += (options.empty() ? ".back = " : ", .back = ") +
                 type_literal(get_text(step.data().inverse->spec, "to"));
    return head + ", " + text("field") + ", " + type_literal(get_text(spec, "to")) +
           (options.empty() ? "" : ", {" + options + "}") + ");";
  }
  if (op == "create_index" || op == "drop_index") {
    const View index = spec["index"].as_document();
    if (!index.contains("key"))
      return "m.step(q::drop_index(" + text("collection") + ", " +
             literal(get_text(index, "name")) + "));";
    const std::string arguments = index_arguments(index);
    return arguments.empty() ? "" : head + ", " + arguments + ");";
  }
  if (op == "create_collection") {
    const View options = spec["options"].as_document();
    return head + (options.empty() ? "" : ", " + json_literal(options)) + ");";
  }
  if (op == "drop_collection") return head + ");";
  if (op == "set_validator") {
    const View given = spec["options"].as_document();
    std::string options;
    if (get_text(given, "validationLevel") == "moderate") options = ".moderate = true";
    if (get_text(given, "validationAction") == "warn")
      options += options.empty() ? ".warn = true" : ", .warn = true";
    return head + ", " + document_argument(given["validator"].as_document()) +
           (options.empty() ? "" : ", {" + options + "}") + ");";
  }
  if (op == "embed")
    return head + ", " + text("field") + ", " + text("other") + ", " + text("as") + ");";
  if (op == "extract")
    return head + ", " + text("as") + ", " + text("other") + ", " + text("field") + ");";
  if (op == "copy_documents" || op == "move_documents") {
    const View filter = spec["filter"].as_document();
    return head + ", " + text("to") + (filter.empty() ? "" : ", " + json_literal(filter)) + ");";
  }
  return {};
}

void append(std::vector<std::string>& list, const std::string& one) {
  if (std::ranges::find(list, one) == list.end()) list.push_back(one);
}

}  // namespace

std::string squash_skeleton(std::string_view name, const Migrations& migrations,
                            std::string_view first, std::string_view last,
                            const SkeletonOptions& options) {
  const auto names = names_of(name, options);
  const auto all = survey(migrations);
  const auto place = [&](std::string_view id) {
    const auto found =
        std::ranges::find_if(all, [&](const Surveyed& one) { return one.compiled.id() == id; });
    if (found == all.end())
      throw MigrationError(ErrorCode::unknown_migration, FieldPath(std::string(id)),
                           "the program has no migration of this id");
    return found;
  };
  const auto from = place(first), to = place(last);
  if (to < from)
    throw MigrationError(ErrorCode::invalid_migration, FieldPath(std::string(last)),
                         "stands before the first one in the program's order");
  std::vector<std::string> ids, needs;
  std::string body;
  int min_app = 0;
  bool contract = false, decide = false;
  for (auto one = from; one <= to; ++one) {
    const MigrationInfo& info = one->compiled.migration->info();
    if (info.repeatable)
      throw MigrationError(ErrorCode::invalid_migration, FieldPath(info.id),
                           "is repeatable, and cannot be replaced");
    ids.push_back(info.id);
    min_app = std::max(min_app, info.min_app);
    contract = contract || info.kind == MigrationKind::contract;
    for (const std::string& need : info.depends_on) append(needs, need);
    body += "    // " + info.id + "\n";
    for (const Step& step : one->compiled.steps) {
      const std::string call = call_of(step);
      if (!call.empty()) {
        body += "    " + call + "\n";
        continue;
      }
      decide = true;
      const std::string what =
          op_of(step) +
          (step.data().collection.empty() ? std::string() : " over " + step.data().collection) +
          " of " + info.id;
      body +=
          "    // DECIDE: code of the original, unless an empty database needs none of it.\n"
          "    m.run(q::Atomicity::idempotent, [](q::Database&, q::Session&) {\n"
          "      throw std::logic_error(" +
          literal("decide: " + what) + ");\n    });\n";
    }
  }
  std::erase_if(needs,
                [&](const std::string& id) { return std::ranges::find(ids, id) != ids.end(); });
  std::string info =
      ".id = " + literal(names.id) + ",\n                   .title = " + literal(names.title);
  const auto member = [&](const std::string& text) { info += ",\n                   " + text; };
  if (!needs.empty()) member(".depends_on = " + list_of(needs));
  if (contract) member(".kind = q::MigrationKind::contract");
  if (min_app > 0) member(".min_app = " + std::to_string(min_app));
  member(".replaces = " + list_of(ids));
  return "// Migration " + names.id + " stands for " + std::to_string(ids.size()) +
         (ids.size() == 1 ? " earlier one" : " earlier ones") +
         ". Keep them in the program until every database has it.\n#include <cstdint>\n"
         "#include <quire/quire.hpp>\n" +
         (decide ? "#include <stdexcept>\n" : "") +
         "\nnamespace q = quire;\n\nnamespace migration_" + names.id + " {\n\nstruct " +
         names.type + " : q::Migration {\n  " + names.type + "()\n      : Migration{{" + info +
         "}} {}\n\n  void up(q::MigrationContext& m) override {\n" + body +
         "  }\n};\n\n}  // namespace migration_" + names.id +
         "\n\n/// Adds it to the migrations of a program.\nvoid add_" + names.id +
         "(q::Migrations& all) { all.add<migration_" + names.id + "::" + names.type + ">(); }\n";
}

}  // namespace quire::migrate
