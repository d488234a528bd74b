#pragma once

#include <cstddef>

#include "quire/bson/writer.hpp"

/// How _ids sort: types that compare with each other share a place, and a comparison finds only
/// values of its operand's place.
namespace quire::migrate {

inline constexpr std::size_t key_places = 15;
[[nodiscard]] std::size_t key_place(bson::Type type) noexcept;
[[nodiscard]] bool is_number_place(std::size_t place) noexcept;
/// Whether the place has one value only: null, MinKey, MaxKey.
[[nodiscard]] bool has_one_value(std::size_t place) noexcept;
/// Finds _ids of the places from `from` up to, not with, `to`.
[[nodiscard]] bson::Document keys_of_places(std::size_t from, std::size_t to);
/// The operator and operand that find the _ids of its place behind `after`, to be put into a
/// document that is open: NaN is below all numbers but compares with none.
void append_behind(bson::Writer& w, const bson::Value& after);

}  // namespace quire::migrate
