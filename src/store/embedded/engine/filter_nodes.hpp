#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/embedded/engine/filter_data.hpp"

/// The nodes that filters are parsed into: how one is made, and the conditions that need nothing
/// but their operand. `path` is the field they ask about. All throw QueryError for a malformed
/// operand.
namespace quire::store::embedded::filter_nodes {

using Kind = FilterNode::Kind;
using Node = std::unique_ptr<FilterNode>;

/// Codes of a server's errors.
inline constexpr int bad_value = 2;
inline constexpr int failed_to_parse = 9;
inline constexpr int type_mismatch = 14;
inline constexpr int overflow = 15;

[[noreturn]] void fail(std::string_view path, const std::string& what, int server_code = bad_value);
/// Throws StoreError unsupported.
[[noreturn]] void refuse(std::string_view path, std::string_view name);

/// The steps of a path; empty ones too.
[[nodiscard]] std::vector<std::string> split(std::string_view path);
[[nodiscard]] Node make(Kind kind, std::string_view path = {});
[[nodiscard]] Node negate(Node child);
/// {$gt: 5} asks, {a: 5} and references are values.
[[nodiscard]] bool is_operators(bson::ValueView value);

[[nodiscard]] Node comparison(Kind kind, std::string_view path, bson::ValueView value);
[[nodiscard]] Node regex(std::string_view path, bson::ValueView value);
/// $regex, with the $options that stand beside it in `body`.
[[nodiscard]] Node regex_operator(std::string_view path, bson::ValueView value, bson::View body);
/// `name`: $in or $nin.
[[nodiscard]] Node in(std::string_view path, bson::ValueView value, const std::string& name);
[[nodiscard]] Node type(std::string_view path, bson::ValueView value);
[[nodiscard]] Node size(std::string_view path, bson::ValueView value);
[[nodiscard]] Node mod(std::string_view path, bson::ValueView value);
/// `name`: the operator that is `kind`.
[[nodiscard]] Node bits(Kind kind, std::string_view path, bson::ValueView value,
                        std::string_view name);

}  // namespace quire::store::embedded::filter_nodes
