#include "migrate/process.hpp"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <optional>

namespace quire::migrate {
namespace {

std::string boot() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string text;
  std::getline(file, text);
  return text;
}

std::string pid_namespace() {
  std::array<char, 64> text{};
  const auto n = ::readlink("/proc/self/ns/pid", text.data(), text.size() - 1);
  return n > 0 ? std::string(text.data(), static_cast<std::size_t>(n)) : std::string();
}

/// Field 22 of /proc/PID/stat: ticks since boot at which it started. The name in field 2 may hold
/// anything, so count from the last ')'. Empty for a zombie, which is over. Nothing where it cannot
/// be read.
std::optional<std::string> start_of(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string text;
  if (!std::getline(file, text)) return std::nullopt;
  auto at = text.rfind(')');
  if (at == std::string::npos || at + 2 >= text.size()) return std::nullopt;
  if (text[at + 2] == 'Z' || text[at + 2] == 'X') return "";
  for (int field = 2; field < 22; ++field) {
    at = text.find(' ', at + 1);
    if (at == std::string::npos) return std::nullopt;
  }
  return text.substr(at + 1, text.find(' ', at + 1) - at - 1);
}

std::string machine() {
  const std::string one = boot();
  const std::string two = pid_namespace();
  return one.empty() || two.empty() ? std::string() : one + "/" + two + "/";
}

}  // namespace

std::string process_name() {
  const std::string here = machine();
  const std::string pid = std::to_string(::getpid());
  const auto start = start_of(pid);
  return here.empty() || !start ? std::string() : here + pid + "/" + *start;
}

bool process_is_gone(std::string_view name) {
  const std::string here = machine();
  if (here.empty() || !name.starts_with(here)) return false;
  const std::string_view rest = name.substr(here.size());
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos || slash == 0) return false;
  const std::string pid(rest.substr(0, slash));
  if (const auto start = start_of(pid)) return *start != rest.substr(slash + 1);
  // What /proc does not show may be another user's process.
  pid_t number = 0;
  if (std::from_chars(pid.data(), pid.data() + pid.size(), number).ec != std::errc() || number <= 0)
    return false;
  return ::kill(number, 0) != 0 && errno == ESRCH;
}

}  // namespace quire::migrate
