#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/embedded/engine/matcher.hpp"
#include "store/embedded/engine/projection.hpp"
#include "store/embedded/expression/expression.hpp"

namespace quire::store::embedded {

struct ProjectionSlice {
  std::optional<std::int64_t> skip;  // absent: $slice: n
  std::int64_t count = 0;
};

/// A field of a projection, or a level of nesting.
struct ProjectionNode {
  enum class Kind { inner, include, exclude, slice, elem_match, expression };
  std::string name;
  std::string path;
  Kind kind = Kind::inner;
  bool positional = false;  // on the path of the positional $
  bool computes = false;    // it or one below makes a new value
  ProjectionSlice slice;
  Matcher elem_match;  // of {name: array}
  ExpressionPtr expression;
  std::vector<ProjectionNode> children;  // in the order given

  [[nodiscard]] const ProjectionNode* find(std::string_view key) const {
    for (const auto& child : children) {
      if (child.name == key) return &child;
    }
    return nullptr;
  }
};

/// A projection as parsed.
struct ProjectionTree {
  enum class Mode { include, exclude, add };
  ProjectionNode root;
  Mode mode = Mode::exclude;
  bool has_positional = false;
  bool excludes_id = false;
  bool computes = false;
};

/// Throws as Projector's constructor.
[[nodiscard]] ProjectionTree parse_projection(bson::View projection, Projector::Kind kind,
                                              const ParseScope& scope);
/// Also the limit of the recursion over nested arrays.
inline constexpr int max_projection_levels = 2 * bson::max_depth;
[[noreturn]] void fail_projection(int code, const std::string& path, std::string_view detail);

}  // namespace quire::store::embedded
