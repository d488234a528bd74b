#include "migrate/code_stop.hpp"

#include <utility>

namespace quire::migrate {
namespace {

std::stop_token& current() noexcept {
  static thread_local std::stop_token stop;
  return stop;
}

}  // namespace

const std::stop_token& stop_of_code() noexcept { return current(); }

CodeStop::CodeStop(std::stop_token stop) : before_(std::exchange(current(), std::move(stop))) {}
CodeStop::~CodeStop() { current() = std::move(before_); }

}  // namespace quire::migrate
