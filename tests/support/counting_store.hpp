#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "quire/testing/hooked_store.hpp"

namespace quire::test {

/// Tells of each call by its name before it is passed on, and of a commit that is done as
/// "committed".
class CountingStore : public testing::HookedStore {
 public:
  using Hook = std::function<void(const char* what)>;
  CountingStore(std::shared_ptr<store::Store> inner, Hook hook)
      : HookedStore(std::move(inner), [hook = std::move(hook)](const testing::StoreCall& call) {
          if (!call.returned) {
            hook(call.operation.data());
          } else if (call.operation == "commit_transaction") {
            hook("committed");
          }
        }) {}
};

}  // namespace quire::test
