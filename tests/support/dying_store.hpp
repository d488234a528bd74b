#pragma once

#include <atomic>
#include <string_view>

#include "quire/core/error.hpp"
#include "quire/testing/hooked_store.hpp"

namespace quire::test {

[[nodiscard]] inline bool is_call(const testing::StoreCall& call, std::string_view operation,
                                  std::string_view collection) {
  return !call.returned && call.operation == operation && call.ns.collection == collection;
}

/// A hook: the process dies in front of its n-th write; nothing of it reaches the store from there
/// on.
struct Dies {
  int at = 0;
  std::atomic<int> writes{0};
  std::atomic<bool> dead{false};
  std::atomic<bool> has_taken_a_partition{false};

  void operator()(const testing::StoreCall& call) {
    bool is_write = false;
    for (const std::string_view one :
         {"insert", "update", "bulk_write", "find_and_modify", "remove"})
      is_write = is_write || (!call.returned && call.operation == one);
    if (!dead && is_write && ++writes == at) dead = true;
    if (dead) throw StoreError(ErrorCode::network_error, "the process is gone");
    if (is_call(call, "find_and_modify", "_quire_chunks")) has_taken_a_partition = true;
  }
};

}  // namespace quire::test
