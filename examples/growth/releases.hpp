#pragma once

#include <string>

#include "shapes.hpp"

namespace growth {

/// The migrations of the program as it was in that month, 1 to 9, or of all.
[[nodiscard]] quire::Migrations releases(int month = 9);
/// Ids in the order of releases().
[[nodiscard]] std::string id_of(int month);

/// What the service had before it used quire's models: users, their sessions and orders, with
/// addresses that occur twice and ages of several types.
void put_old_data(quire::Database& db, std::int64_t users);

/// Copies orders into an archive through a function, resting between batches, and compares.
void archive_orders(const quire::Database& db);

}  // namespace growth
