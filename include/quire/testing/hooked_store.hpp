#pragma once

#include "quire/store/hooked_store.hpp"

namespace quire::testing {

using store::HookedStore;
using store::StoreCall;

}  // namespace quire::testing
