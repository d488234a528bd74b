#pragma once

#include <stop_token>

namespace quire::migrate {

/// What asks a migration's own code to stop, while this thread runs it: for steps that end at a
/// batch of theirs, by throwing Paused. Outside of such code it can never stop.
[[nodiscard]] const std::stop_token& stop_of_code() noexcept;

/// Sets it for this thread while it lives.
class CodeStop {
 public:
  explicit CodeStop(std::stop_token stop);
  ~CodeStop();
  CodeStop(const CodeStop&) = delete;
  CodeStop& operator=(const CodeStop&) = delete;

 private:
  std::stop_token before_;
};

}  // namespace quire::migrate
