#include <array>

#include "store/embedded/engine/projection_tree.hpp"
#include "store/embedded/pipeline/stage.hpp"

/// $project, $addFields, $set, $unset.
namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;
using bson::View;

namespace {

class ProjectionStage final : public EvaluatingStage {
 public:
  ProjectionStage(const Projector& projector, StagePtr source, const Run& run)
      : EvaluatingStage(std::move(source), run), projector_(projector) {}
  std::optional<View> next() override {
    const auto document = source_->next();
    if (!document) return std::nullopt;
    out_.reset();
    projector_.apply(*document, e_, out_);
    return out_.finish_view();
  }

 private:
  const Projector& projector_;
  bson::Writer out_;
};

void add_node_needs(const ProjectionNode& node, FieldUse& use) {
  if (node.kind == ProjectionNode::Kind::include) use.paths.push_back(node.path);
  if (node.expression != nullptr) node.expression->add_fields(use);
  // Under a field that is computed the documents of an array stay as they are.
  if (node.computes && !node.path.empty()) use.paths.push_back(node.path);
  for (const auto& child : node.children) add_node_needs(child, use);
}

class ProjectionSpec final : public StageSpec {
 public:
  ProjectionSpec(std::string_view name, ValueView given, Projector projector)
      : StageSpec(name, given), projector_(std::move(projector)) {}
  StagePtr open(StagePtr source, Run& run) const override {
    return std::make_unique<ProjectionStage>(projector_, std::move(source), run);
  }
  bool lets_match_pass(std::span<const std::string> paths) const override {
    const auto& tree = projector_.tree();
    for (const auto& path : paths) {
      const auto first = path.substr(0, path.find('.'));
      const auto* node = tree.root.find(first);
      if (tree.mode == ProjectionTree::Mode::include) {
        const bool whole = node != nullptr && node->kind == ProjectionNode::Kind::include;
        if (!whole && !(first == "_id" && node == nullptr && !tree.excludes_id)) return false;
      } else if (node != nullptr) {
        return false;
      }
    }
    return true;
  }
  void add_needs(FieldNeeds& needs) const override {
    const auto& tree = projector_.tree();
    if (tree.mode == ProjectionTree::Mode::exclude) return;
    add_node_needs(tree.root, needs.use);
    if (tree.mode != ProjectionTree::Mode::include) return;
    if (!tree.excludes_id) needs.use.paths.emplace_back("_id");
    needs.complete = true;
  }

 private:
  Projector projector_;
};

StageSpecPtr parse_project(ValueView given, PipelineContext& context) {
  if (!given.is_document()) fail_expression(15969, "$project specification must be an object");
  if (given.as_document().empty())
    fail_expression(51272,
                    "Invalid $project :: caused by :: projection specification must have at "
                    "least one field");
  return std::make_shared<ProjectionSpec>(
      "$project", given, Projector(given.as_document(), Projector::Kind::project, context.scope));
}

StageSpecPtr parse_add(std::string_view name, ValueView given, PipelineContext& context) {
  if (!given.is_document())
    fail_expression(40272, std::string(name) + " specification stage must be an object, got " +
                               std::string(value_type_name(given)));
  if (given.as_document().empty()) return nullptr;  // passes all on
  return std::make_shared<ProjectionSpec>(
      name, given, Projector(given.as_document(), Projector::Kind::add, context.scope));
}

StageSpecPtr parse_add_fields(ValueView given, PipelineContext& context) {
  return parse_add("$addFields", given, context);
}
StageSpecPtr parse_set(ValueView given, PipelineContext& context) {
  return parse_add("$set", given, context);
}

StageSpecPtr parse_unset(ValueView given, PipelineContext& context) {
  bson::Writer out;
  const auto add = [&](ValueView name) {
    if (!name.is_string())
      fail_expression(31120,
                      "$unset specification must be a string or an array containing only "
                      "string values");
    if (name.as_string().find('\0') != std::string_view::npos)
      fail_expression(16411, "FieldPath field names may not contain '\\0'.");
    out.append(name.as_string(), false);
  };
  if (given.is_array()) {
    if (given.as_array().empty())
      fail_expression(31119,
                      "$unset specification must be a string or an array with at least one "
                      "field");
    for (const auto& name : given.as_array()) add(name.value);
  } else if (given.is_string()) {
    add(given);
  } else {
    fail_expression(31002, "$unset specification must be a string or an array");
  }
  const bson::Document projection = out.finish();
  return std::make_shared<ProjectionSpec>(
      "$unset", given, Projector(projection, Projector::Kind::project, context.scope));
}

constexpr auto table = std::to_array<StageKind>({
    {.name = "$project", .parse = parse_project, .in_update = true},
    {.name = "$addFields", .parse = parse_add_fields, .in_update = true},
    {.name = "$set", .parse = parse_set, .in_update = true},
    {.name = "$unset", .parse = parse_unset, .in_update = true},
});

}  // namespace

std::span<const StageKind> projection_stages() noexcept { return table; }

}  // namespace quire::store::embedded
