#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "migrate/step_work.hpp"

/// What the functions that make steps share.
namespace quire::migrate {

using MutableStep = std::shared_ptr<detail::StepData>;

/// Throws MigrationError invalid_migration for a name that cannot be one. `what`: "field".
void check_step_name(std::string_view text, const char* what);
/// "users", "users.email"
[[nodiscard]] std::string touch(std::string_view collection, std::string_view field = {});
[[nodiscard]] MutableStep make_step(std::string_view collection, bson::Document spec,
                                    decltype(detail::StepWork::is) work);
/// Two steps that undo each other; the first is returned with the other inside. The inverse knows
/// its own way back by name only, so that no cycle of ownership arises.
[[nodiscard]] Step with_inverse(const MutableStep& step, const MutableStep& inverse);

}  // namespace quire::migrate
