#include "importer/target_layout.hpp"

#include <utility>

namespace quire::importer {

std::vector<std::string> path_parts(std::string_view path) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t dot = path.find('.');
    parts.emplace_back(path.substr(0, dot));
    if (dot == path.npos) return parts;
    path.remove_prefix(dot + 1);
  }
}

TargetLayout::Node& TargetLayout::inner(std::vector<Node>& nodes, const std::string& name) {
  for (Node& node : nodes) {
    if (!node.leaf && node.name == name) return node;
  }
  nodes.push_back({.name = name});
  return nodes.back();
}

void TargetLayout::add_parts(const std::vector<std::string>& parts, Step step) {
  std::vector<Node>* nodes = &nodes_;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) nodes = &inner(*nodes, parts[i]).nested;
  step.name = parts.back();
  nodes->push_back({.name = parts.back(), .leaf = true, .step = std::move(step)});
}

void TargetLayout::add_rest(std::string_view path, Step step) {
  std::vector<Node>* nodes = &nodes_;
  if (!path.empty()) {
    for (const std::string& name : path_parts(path)) nodes = &inner(*nodes, name).nested;
  }
  nodes->push_back({.name = {}, .leaf = true, .step = std::move(step)});
}

std::vector<Step> TargetLayout::steps() && {
  std::vector<Step> out;
  flatten(nodes_, out);
  return out;
}

void TargetLayout::flatten(std::vector<Node>& nodes, std::vector<Step>& out) {
  for (Node& node : nodes) {
    if (node.leaf) {
      out.push_back(std::move(node.step));
      continue;
    }
    out.push_back({.kind = Step::Kind::begin, .name = node.name});
    flatten(node.nested, out);
    out.push_back({.kind = Step::Kind::end});
  }
}

}  // namespace quire::importer
