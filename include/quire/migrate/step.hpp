#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "quire/bson/document.hpp"
#include "quire/collection/database.hpp"
#include "quire/collection/options.hpp"
#include "quire/migrate/types.hpp"

namespace quire::migrate {

/// A document before and after a user's function, both as the function's own structs write them.
/// No `after`: the document is to be removed.
struct RowImages {
  bson::Document before;
  std::optional<bson::Document> after;
};
/// What each() and transform() become: typed code behind one call a document.
using RowFunction = std::function<RowImages(bson::View document)>;
/// What is wrong with a document that a step is done with; empty: nothing.
using RowCheck = std::function<std::string(bson::View document)>;
/// What run() takes. The session is in a transaction when the class is transactional.
using Code = std::function<void(Database&, Session&)>;

namespace detail {
struct StepWork;  // what the step does

struct StepData {
  std::string collection;
  bson::Document spec;  ///< the step as data: what the checksum covers and plans print
  std::vector<std::string> touches;
  std::shared_ptr<const StepWork> work;
  std::shared_ptr<const StepData> inverse;
  std::string no_way_back;  ///< why there is no inverse
};
}  // namespace detail

/// One step of a migration: a value. Made by add_field(), create_index(), transform() … of
/// steps.hpp and transform.hpp.
class Step {
 public:
  explicit Step(std::shared_ptr<const detail::StepData> data) : data_(std::move(data)) {}
  [[nodiscard]] const detail::StepData& data() const noexcept { return *data_; }
  [[nodiscard]] const std::shared_ptr<const detail::StepData>& shared() const noexcept {
    return data_;
  }
  /// The step as data: {op: "add_field", collection: "users", field: "status", value: "active"}.
  [[nodiscard]] bson::View spec() const { return data_->spec; }

 private:
  std::shared_ptr<const detail::StepData> data_;
};

/// Steps in order; one stands for a list of one.
class Steps {
 public:
  Steps() = default;
  Steps(Step step) { list_.push_back(std::move(step)); }      // NOLINT: converts
  Steps(std::initializer_list<Step> steps) : list_(steps) {}  // NOLINT
  explicit Steps(std::vector<Step> steps) : list_(std::move(steps)) {}
  [[nodiscard]] const std::vector<Step>& list() const noexcept { return list_; }
  [[nodiscard]] bool empty() const noexcept { return list_.empty(); }

 private:
  std::vector<Step> list_;
};

/// A question that is asked before or after a migration: require(), skip_if().
struct Check {
  enum class Kind { require, skip_if };
  Kind kind = Kind::require;
  std::string text;  ///< what must hold, for the error message
  std::function<bool(Database&, Session&)> ask;
};
/// Before: unless it holds the migration is not begun and the run ends with precondition_failed.
/// After: unless it holds the migration has failed; a transactional one leaves nothing behind.
/// Throws MigrationError invalid_migration for an empty text or function, as skip_if does.
[[nodiscard]] Check require(std::string text, std::function<bool(Database&, Session&)> ask);
/// Before only: when it holds the migration is not needed here, and is recorded as skipped.
[[nodiscard]] Check skip_if(std::string text, std::function<bool(Database&, Session&)> ask);
/// require() that a job of DataMigrator whose target is this database was verified: for contract
/// migrations.
[[nodiscard]] Check verified_job(std::string job);

/// The way back of a migration. Default: what the steps themselves give (each declared step that
/// has an inverse, in reverse order), or a class's own down().
class Undo {
 public:
  Undo() = default;
  Undo(Steps steps) : steps_(std::move(steps)) {}                    // NOLINT: converts
  Undo(Step step) : steps_(Steps(std::move(step))) {}                // NOLINT
  Undo(std::initializer_list<Step> steps) : steps_(Steps(steps)) {}  // NOLINT
  [[nodiscard]] const std::optional<Steps>& steps() const noexcept { return steps_; }
  /// Why there is none; empty when there may be one.
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

 private:
  friend Undo irreversible(std::string reason);
  std::optional<Steps> steps_;
  std::string reason_;
};

/// Says that a migration cannot be undone, and why; shown by plan() and by a refused rollback().
[[nodiscard]] Undo irreversible(std::string reason);

}  // namespace quire::migrate
