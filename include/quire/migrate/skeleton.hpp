#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "quire/migrate/drift.hpp"

/// A migration written from the difference between models and a database. For tools: quire.hpp does
/// not include it.
namespace quire::migrate {

struct SkeletonOptions {
  /// Put in front of a name that has no date; nothing: today, in UTC.
  std::optional<std::chrono::year_month_day> date = std::nullopt;
};

/// The C++ text of a migration that removes the drift: a class, and a function
/// add_<id>(Migrations&) that adds it to a program's. `name` is the id, "2026_02_10_user_status",
/// or that without a date. What is mechanical becomes a step: collections and indexes are made,
/// indexes that no model declares dropped, absent fields added with the empty value of their type,
/// unknown fields removed, options and validators set as the models say. Steps that lose data say
/// so in a comment. Where somebody has to decide (values of other types, older versions, fields
/// without an obvious value, fields within lists and maps, options that a collection keeps for
/// life) there is a place marked DECIDE, whose code throws until it is written: the migration then
/// fails, and leaves alone, what nobody thought of. Collections without a model are only named. The
/// text holds none of the program's structs and includes only quire/quire.hpp and the standard
/// library; lines with JSON are long. Touches no database. Threads: no shared state.
/// Throws MigrationError invalid_migration for a name whose part after the date is no C++
/// identifier of ASCII letters, digits and single underscores, or that is too long for an id (128
/// bytes), and for drift without a difference.
[[nodiscard]] std::string migration_skeleton(std::string_view name, const ModelDrift& drift,
                                             const SkeletonOptions& options = {});

}  // namespace quire::migrate
