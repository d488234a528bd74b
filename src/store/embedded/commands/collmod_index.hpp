#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "quire/bson/writer.hpp"
#include "store/embedded/storage/scope.hpp"

/// The field `index` of collMod.
namespace quire::store::embedded::commands {

struct IndexChange {
  std::string_view name = {};
  bson::View key = {};
  std::optional<std::int64_t> expire_after_seconds;
  std::optional<bool> hidden;
  std::optional<bool> unique;
  std::optional<bool> prepare_unique;
};

/// Views into the command. Throws 14, 40415, and 72 for what cannot be asked for together.
[[nodiscard]] IndexChange read_index_change(bson::View index);

/// Makes the change and tells what was and what is: hidden_old, hidden_new … `dry` only looks
/// whether it could be made. Throws 27, 181, 72, 2, 359.
void apply_index_change(WriteScope& scope, Namespace ns, const IndexChange& change, bool dry,
                        bson::Writer& reply);

}  // namespace quire::store::embedded::commands
