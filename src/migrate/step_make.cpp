#include "migrate/step_make.hpp"

#include "quire/core/error.hpp"
#include "quire/migrate/migration.hpp"

namespace quire::migrate {

void check_step_name(std::string_view text, const char* what) {
  if (text.empty() || text.find('\0') != std::string_view::npos || text.front() == '$') {
    throw MigrationError(ErrorCode::invalid_migration,
                         std::string("a step needs the name of a ") + what +
                             ": not empty, without zero bytes and not beginning with $");
  }
}

std::string touch(std::string_view collection, std::string_view field) {
  std::string text(collection);
  if (!field.empty()) text.append(".").append(field);
  return text;
}

MutableStep make_step(std::string_view collection, bson::Document spec,
                      decltype(detail::StepWork::is) work) {
  auto step = std::make_shared<detail::StepData>();
  step->collection = std::string(collection);
  step->spec = std::move(spec);
  step->work = std::make_shared<detail::StepWork>(detail::StepWork{std::move(work)});
  return step;
}

Step with_inverse(const MutableStep& step, const MutableStep& inverse) {
  if (inverse->no_way_back.empty()) inverse->no_way_back = "this step is itself a way back";
  inverse->touches = step->touches;
  step->inverse = inverse;
  return Step(step);
}

Step run(Atomicity atomicity, Code code) {
  if (!code) throw MigrationError(ErrorCode::invalid_migration, "run() needs a function");
  auto step = make_step("", bson::make_document("op", "run", "atomicity", to_string(atomicity)),
                        detail::CodeWork{std::move(code), atomicity});
  step->no_way_back = "the migration declares no way back for its own code";
  return Step(std::move(step));
}

MigrationContext& MigrationContext::run(Atomicity atomicity, Code code) {
  return step(migrate::run(atomicity, std::move(code)));
}

Undo irreversible(std::string reason) {
  Undo undo;
  undo.reason_ = reason.empty() ? "the migration says that it cannot be undone" : std::move(reason);
  return undo;
}

}  // namespace quire::migrate
