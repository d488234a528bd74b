#pragma once

#include <chrono>
#include <string_view>
#include <type_traits>

#include "quire/core/error.hpp"
#include "quire/store/store.hpp"

/// How calls of the port are told to the observers of a store.
namespace quire::store::embedded {

/// What is asked. Views live until the call returns.
struct ObservedCall {
  std::string_view command;
  Namespace ns;
  bson::View filter = {};
  bson::View sort = {};
};

/// Measures from its making on and tells the observers once.
class CallReport {
 public:
  CallReport(const Observers& observers, const ObservedCall& call) noexcept
      : observers_(observers), call_(call), start_(std::chrono::steady_clock::now()) {}
  CallReport(CallReport&&) = delete;

  void done() noexcept;
  void failed(ErrorCode code, int backend_code) noexcept;
  /// A result that lists errors of single documents is a failure, as it is of a server's command.
  template <class Result>
  void done_with(const Result& result) noexcept {
    if constexpr (requires { result.errors.front().error; }) {
      if (!result.errors.empty())
        return failed(result.errors.front().error.code(),
                      result.errors.front().error.backend_code());
    }
    done();
  }

 private:
  void tell(CommandEvent& event) noexcept;
  const Observers& observers_;
  const ObservedCall& call_;
  std::chrono::steady_clock::time_point start_;
  bool told_ = false;
};

/// Does `run` and tells how it ended; one atomic read more than `run` while nobody observes.
template <class F>
auto observed(const Observers& observers, const ObservedCall& call, F&& run) {
  using Result = std::invoke_result_t<F&>;
  if (!observers.any()) [[likely]]
    return run();
  CallReport report(observers, call);
  try {
    if constexpr (std::is_void_v<Result>) {
      run();
      report.done();
    } else {
      Result result = run();
      report.done_with(result);
      return result;
    }
  } catch (const Error& error) {
    report.failed(error.code(), error.backend_code());
    throw;
  } catch (...) {
    report.failed(ErrorCode::internal, 0);
    throw;
  }
}

}  // namespace quire::store::embedded
