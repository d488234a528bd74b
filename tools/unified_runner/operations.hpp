#pragma once

#include <optional>

#include "arguments.hpp"

namespace quire::unified {

using Answer = std::optional<bson::Value>;

/// Runs one operation by its name. Throws Skip, Failed, Failure, or what the store throws.
[[nodiscard]] Answer run_operation(World& world, std::string_view name, Target& target,
                                   Arguments& arguments);
/// Runs one entry of a test's `operations` and checks its expectResult or expectError. Throws as
/// run_operation; also for an error that the entry does not expect. In the callback of a
/// transaction an error that it expects passes on to who runs the callback.
void execute(World& world, bson::View operation, bool in_callback = false);
/// Throws Failed where the failure is not as expectError says. `server`: a server answered with it.
void check_failure(World& world, bson::View expected, const Failure& failure, bool server);

using Function = Answer (*)(World&, Target&, Arguments&);
using Table = std::map<std::string_view, Function>;
[[nodiscard]] const Table& read_operations();
[[nodiscard]] const Table& write_operations();
[[nodiscard]] const Table& admin_operations();
[[nodiscard]] const Table& session_operations();

}  // namespace quire::unified
