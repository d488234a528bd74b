#include "quire/migrate/lint.hpp"

#include <algorithm>

#include "bson/report_fields.hpp"
#include "migrate/finding_fields.hpp"
#include "migrate/linter.hpp"
#include "migrate/support.hpp"
#include "quire/backup/restore.hpp"
#include "quire/bson/json.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {

Assurance assured(std::string why, std::vector<std::string> codes) {
  if (why.empty())
    throw MigrationError(ErrorCode::invalid_migration, FieldPath("assured"),
                         "an assurance says why there is no danger");
  for (const std::string& code : codes) {
    if (std::ranges::none_of(lint_codes, [&](const LintCode& one) { return one.code == code; }))
      throw MigrationError(ErrorCode::invalid_migration, FieldPath("assured"),
                           "\"" + code + "\" is no code of lint, as \"Q101\" is");
  }
  return {std::move(why), std::move(codes)};
}

Linter::Linter(const LintOptions& options, const Database* db) : options_(options), db_(db) {
  report_.with_database = db != nullptr;
  if (db == nullptr) return;
  can_ = db->capabilities();
  sizes_.emplace(*db);
}

bool Linter::with_data() const { return db_ != nullptr && now_->pending && options_.data; }

void Linter::add(Found found) {
  Finding one;
  one.code = found.code;
  one.severity = found.severity;
  one.migration = now_->compiled.id();
  one.step = number_;
  one.collection = collection_;
  one.where = std::move(found.where);
  one.keys = std::move(found.keys);
  one.text = std::move(found.text);
  one.next = std::move(found.next);
  const Assurance& given = info().assured;
  if (!given.why.empty() &&
      (given.codes.empty() || std::ranges::find(given.codes, one.code) != given.codes.end())) {
    one.severity = Severity::ok;
    one.next.clear();
    one.assured = given.why;
    report_.assured.push_back(std::move(one));
    return;
  }
  report_.findings.push_back(std::move(one));
}

void Linter::look(const Surveyed& one) {
  now_ = &one;
  number_ = 0;
  collection_.clear();
  ++report_.migrations;
  if (!one.refusal.empty())
    add({"Q701", Severity::danger, "", "it cannot run on this store: " + one.refusal,
         "change the migration, or run it on a store that can"});
  for (const Step& step : one.compiled.steps) {
    ++number_;
    collection_ = step.data().collection;
    look_at_step(step);
    remember(step);
  }
  number_ = 0;
  collection_.clear();
  contract();
  no_way_back();
}

void Linter::contract() {
  if (info().kind != MigrationKind::contract) return;
  if (info().min_app == 0) {
    add({"Q302", Severity::warning, "",
         "takes away what older programs need, and does not keep them from starting afterwards",
         "set .min_app to the app_level of the first program that does without"});
  }
  if (info().depends_on.empty()) {
    add({"Q303", Severity::warning, "",
         "takes something away, and names no migration that must have put the new in its place",
         "set .depends_on"});
  }
}

bool Linter::backup_is_there() {
  if (!backup_) {
    backup_ = false;
    if (options_.backup.empty()) {
      backup_why_ = "no backup is named";
    } else {
      const auto report = backup::verify(options_.backup);
      backup_ = report.ok();
      if (!report.ok())
        backup_why_ = "the backup in " + options_.backup.string() + " cannot be used: " +
                      (report.error ? report.error->detail() : "it is not whole");
    }
  }
  return *backup_;
}

void Linter::no_way_back() {
  if (now_->compiled.back != Compiled::Way::none || backup_is_there()) return;
  const bool loses = std::ranges::any_of(now_->compiled.steps, [](const Step& step) {
    const std::string op = op_of(step);
    return op == "drop_collection" || op == "unset_field" || op == "convert_field" ||
           op == "each" || op == "transform" || op == "run";
  });
  add({"Q501", loses ? Severity::danger : Severity::warning, "",
       "cannot be undone (" + now_->compiled.no_way_back + "), and " + backup_why_,
       "write a backup before it runs and name its folder, or give it a way back"});
}

void Linter::remember(const Step& step) {
  if (!now_->pending) return;
  const std::string op = op_of(step);
  if (op == "create_index") {
    const auto index = step.spec().find("index");
    if (!index) return;
    const bson::View spec = index->as_document();
    if (spec.contains("sparse") || spec.contains("partialFilterExpression")) return;
    for (const auto& key : spec["key"].as_document()) {
      indexed_.emplace(step.data().collection, key.key);
      break;
    }
    return;
  }
  if (op == "run") changed_.insert("*");
  if (op == "create_collection" || op == "drop_index" || op == "set_validator") return;
  for (const std::string& touched : step.data().touches) changed_.insert(touched);
}

LintReport lint(const Migrations& migrations, const LintOptions& options) {
  Linter linter(options, nullptr);
  for (const Surveyed& one : survey(migrations)) linter.look(one);
  return linter.finish();
}

LintReport lint(const Database& db, const Migrations& migrations, const LintOptions& options) {
  Linter linter(options, &db);
  for (const Surveyed& one : survey(db, migrations))
    if (one.pending || options.applied) linter.look(one);
  return linter.finish();
}

std::string LintReport::str() const {
  std::string out;
  for (const auto* list : {&findings, &assured})
    for (const Finding& one : *list) out += one.str() + "\n";
  for (const std::string& note : notes) out += "not looked at: " + note + "\n";
  return out.empty() ? "nothing found\n" : out;
}

std::string LintReport::json() const {
  bson::Writer w;
  const Severity most = worst(findings);
  w.append("schema", "quire.migrate/1")
      .append("op", "lint")
      .append("result", most == Severity::danger    ? "danger"
                        : most == Severity::warning ? "warnings"
                                                    : "clean")
      .append("exit", std::int32_t{exit_code()})
      .append("migrations", migrations)
      .append("with_database", with_database);
  append_findings(w, "findings", findings);
  append_findings(w, "assured", assured);
  bson::append_texts(w, "notes", notes);
  append_next(w, findings);
  return bson::to_json(w.finish());
}

}  // namespace quire::migrate
