#pragma once

#include <set>

#include "migrate/survey.hpp"
#include "quire/migrate/lint.hpp"

namespace quire::migrate {

/// The rules of lint(), over migrations in the order in which they run.
class Linter {
 public:
  /// `db`: null for what the steps alone say; must outlive it.
  Linter(const LintOptions& options, const Database* db);

  void look(const Surveyed& one);
  [[nodiscard]] LintReport finish() { return std::move(report_); }

 private:
  struct Found {
    std::string_view code;
    Severity severity = Severity::danger;
    std::string where;
    std::string text;
    std::string next;
    bson::Document keys = {};
  };
  void add(Found found);
  [[nodiscard]] const MigrationInfo& info() const { return now_->compiled.migration->info(); }
  /// Whether there are data to look at, for a migration that would meet them.
  [[nodiscard]] bool with_data() const;

  // One step, lint_steps.cpp
  void look_at_step(const Step& step);
  void drop_collection(const Step& step);
  void mapped_fields(const Step& step);
  void moved_fields(const Step& step);
  void narrowing(const Step& step);
  void opaque(const Step& step);

  // One step and its data, lint_data.cpp
  void unique_index(const Step& step);
  void validator(const Step& step);
  void index_build(const Step& step);
  void one_transaction(const Step& step);
  void unindexed_filter(const Step& step);
  /// What conversion makes of the values that are there; false where it could not be asked.
  bool converted_values(const Step& step, const std::string& where, const std::string& to);

  // The migration, lint.cpp
  void contract();
  void no_way_back();
  [[nodiscard]] bool backup_is_there();
  void remember(const Step& step);

  const LintOptions& options_;
  const Database* db_;
  store::Capabilities can_;
  std::optional<Sizes> sizes_;
  const Surveyed* now_ = nullptr;
  int number_ = 0;
  std::string collection_;  ///< of the step
  LintReport report_;
  std::optional<bool> backup_;
  std::string backup_why_;
  // Of the pending steps so far.
  std::set<std::string> changed_;                          ///< "users.email"; "*": by code
  std::set<std::pair<std::string, std::string>> indexed_;  ///< collection and first key
};

/// "users.email"
[[nodiscard]] std::string field_of(std::string_view collection, std::string_view field);
[[nodiscard]] std::string op_of(const Step& step);
/// Fields that the document has no more after a declared step.
[[nodiscard]] std::vector<std::string> fields_gone(const Step& step);
/// "User::email" of the models of the collection; empty where none stores that path.
[[nodiscard]] std::string mapped_by(const std::vector<const ModelInfo*>& models,
                                    std::string_view collection, std::string_view path);
/// Whether values of a type may not be the same as another one; nothing: it depends on the type
/// from before, which is not known.
[[nodiscard]] std::optional<bool> narrows(std::string_view from, std::string_view to);

}  // namespace quire::migrate
