#pragma once

#include <string>
#include <string_view>

namespace quire::migrate {

/// A name for this process that no other on this machine ever had: boot, pid namespace, pid and its
/// start. Empty where the system does not tell (only Linux does).
[[nodiscard]] std::string process_name();

/// Whether the process of that name is surely gone: it ran on this boot and in this pid namespace
/// and is not there any more. False when in doubt.
[[nodiscard]] bool process_is_gone(std::string_view name);

}  // namespace quire::migrate
