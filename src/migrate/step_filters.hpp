#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "migrate/step_work.hpp"

namespace quire::migrate {

/// Which documents the step was told to take; empty: all.
[[nodiscard]] bson::View filter_of(const detail::StepData& step);
/// The fields that it asks of all documents, of which an index may begin with one.
[[nodiscard]] std::vector<std::string> filter_fields(bson::View filter);
/// Whether one of the indexes, as list_indexes() gives them, finds what matches the filter without
/// reading all documents.
[[nodiscard]] bool serves(const std::vector<bson::Document>& indexes, bson::View filter);
/// Documents of a lower version than that, and those without one.
[[nodiscard]] bson::Document older_than(std::int32_t version);
/// What a transform to a higher version has not done, of the documents that it was told to take.
[[nodiscard]] bson::Document left_of_version(const detail::StepData& step);

}  // namespace quire::migrate
