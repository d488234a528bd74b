#pragma once

#include <optional>
#include <span>

#include "quire/bson/document.hpp"
#include "store/embedded/commands/arguments.hpp"

/// The options of collections, checked as `create` of a server checks them.
namespace quire::store::embedded::commands {

/// The options of a `create` command (with or without the field `create`) as they are kept and as
/// listCollections gives them: numbers whole, what says nothing left out. Throws StoreError with a
/// server's number (14, 2, 72, 9, 197 …), unsupported for what this store has not: time series,
/// collations, encryption.
[[nodiscard]] bson::Document read_create_options(bson::View command);

/// {enabled: bool}, as create and collMod take it. Throws 14, 40414, 40415.
[[nodiscard]] bool read_pre_images(bson::View options, std::string_view what);
/// Seconds of a clustered or time series collection: a number, or "off" (nothing). Throws 14, 72.
[[nodiscard]] std::optional<std::int64_t> read_collection_ttl(bson::ValueView value,
                                                              std::string_view what);
/// Bytes of a capped collection. Throws 2 outside of 1 to 2^50.
[[nodiscard]] std::int64_t read_capped_size(bson::ValueView value, std::string_view what);
/// Documents of a capped collection; 0 = no limit. Throws 2 beyond 2147483647.
[[nodiscard]] std::int64_t read_capped_max(bson::ValueView value, std::string_view what);

/// Timeseries options beside what collMod may change. Throws as create.
void check_timeseries(bson::View options);

}  // namespace quire::store::embedded::commands
