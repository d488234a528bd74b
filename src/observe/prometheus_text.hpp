#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Lines of Prometheus' text exposition format 0.0.4.
namespace quire::observe {

using LabelPairs = std::vector<std::pair<std::string_view, std::string_view>>;

/// HELP and TYPE of a family; its samples follow.
void append_head(std::string& out, std::string_view name, std::string_view type,
                 std::string_view help);
void append_sample(std::string& out, std::string_view name, const LabelPairs& labels,
                   std::string_view value);
void append_sample(std::string& out, std::string_view name, const LabelPairs& labels,
                   std::uint64_t value);
/// A family of one sample without labels.
void append_one(std::string& out, std::string_view name, std::string_view type,
                std::string_view help, std::int64_t value);

}  // namespace quire::observe
