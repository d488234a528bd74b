#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "importer/program.hpp"

namespace quire::importer {

[[nodiscard]] std::vector<std::string> path_parts(std::string_view path);

/// Which step writes which field of a document, so that paths with the same beginning become one
/// nested document, where the first of them stands.
class TargetLayout {
 public:
  void add(std::string_view path, Step step) { add_parts(path_parts(path), std::move(step)); }
  /// A name as it stands, dots too.
  void add_name(const std::string& name, Step step) { add_parts({name}, std::move(step)); }
  void add_parts(const std::vector<std::string>& parts, Step step);
  /// What has no name of its own, at the end of the nested document; empty: of the whole.
  void add_rest(std::string_view path, Step step);
  [[nodiscard]] std::vector<Step> steps() &&;

 private:
  struct Node {
    std::string name;
    bool leaf = false;
    Step step = {};
    std::vector<Node> nested = {};
  };
  static Node& inner(std::vector<Node>& nodes, const std::string& name);
  static void flatten(std::vector<Node>& nodes, std::vector<Step>& out);
  std::vector<Node> nodes_;
};

}  // namespace quire::importer
