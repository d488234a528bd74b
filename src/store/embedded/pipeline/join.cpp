#include <array>

#include "store/embedded/pipeline/inner.hpp"
#include "store/embedded/pipeline/lookup.hpp"
#include "store/embedded/pipeline/spool.hpp"

/// $unionWith, $facet.
namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;
using bson::View;

namespace {

class UnionStage final : public Stage {
 public:
  UnionStage(const InnerPipeline& other, StagePtr source, Run& run)
      : other_(other), source_(std::move(source)), run_(run) {}
  std::optional<View> next() override {
    if (!second_) {
      if (const auto document = source_->next()) return document;
      source_ = other_.open(run_);
      second_ = true;
    }
    return source_->next();
  }

 private:
  const InnerPipeline& other_;
  StagePtr source_;
  Run run_;
  bool second_ = false;
};

class UnionSpec final : public StageSpec {
 public:
  UnionSpec(ValueView given, InnerPipeline other)
      : StageSpec("$unionWith", given), other_(std::move(other)) {}
  StagePtr open(StagePtr source, Run& run) const override {
    return std::make_unique<UnionStage>(other_, std::move(source), run);
  }
  void add_needs(FieldNeeds&) const override {}

 private:
  InnerPipeline other_;
};

StageSpecPtr parse_union_with(ValueView given, PipelineContext& context) {
  if (!given.is_document() && !given.is_string())
    fail_expression(9,
                    "the $unionWith stage specification must be an object or string, but found " +
                        std::string(value_type_name(given)));
  std::string collection;
  std::optional<ValueView> pipeline;
  if (given.is_string()) {
    collection = given.as_string();
  } else {
    for (const auto& field : given.as_document()) {
      if (field.key == "coll") {
        if (!field.value.is_string())
          fail_expression(14, "BSON field '$unionWith.coll' is the wrong type '" +
                                  std::string(value_type_name(field.value)) +
                                  "', expected type 'string'");
        collection = field.value.as_string();
      } else if (field.key == "pipeline") {
        if (!field.value.is_array())
          fail_expression(14, "BSON field '$unionWith.pipeline' is the wrong type '" +
                                  std::string(value_type_name(field.value)) +
                                  "', expected type 'array'");
        pipeline = field.value;
      } else {
        fail_expression(
            40415, "BSON field '$unionWith." + std::string(field.key) + "' is an unknown field.");
      }
    }
  }
  ResolvedNamespace target;
  if (collection.empty()) {
    std::string_view first;
    if (pipeline && !pipeline->as_array().empty()) {
      const auto stage = pipeline->as_array().begin()->value;
      if (stage.is_document() && !stage.as_document().empty())
        first = stage.as_document().begin()->key;
    }
    if (first != "$documents") {
      if (given.is_string()) fail_expression(73, "$unionWith: the name of a collection is empty");
      fail_expression(9,
                      "$unionWith stage without explicit collection must have a pipeline with "
                      "$documents as first stage");
    }
    target.database = context.database;
  } else {
    target = resolve_from(collection, context);
  }
  StageSpecs stages;
  if (pipeline) {
    PipelineContext inner =
        context.inner(PipelinePlace::union_with, context.scope, target.collection);
    stages = parse_pipeline(pipeline->as_array(), inner);
  }
  return std::make_shared<UnionSpec>(given, InnerPipeline(target, std::move(stages)));
}

struct Facet {
  std::string name;
  StageSpecs stages;
};

/// Reads a spool again from its beginning; the spool outlives it.
class SpoolStage final : public Stage {
 public:
  explicit SpoolStage(Spool& spool) : spool_(spool) { spool_.rewind(); }
  std::optional<View> next() override { return spool_.next(); }

 private:
  Spool& spool_;
};

class FacetStage final : public Stage {
 public:
  FacetStage(const std::vector<Facet>& facets, StagePtr source, Run& run)
      : facets_(facets), source_(std::move(source)), run_(run) {}
  std::optional<View> next() override {
    if (source_ == nullptr) return std::nullopt;
    Spool documents("$facet", run_.memory_limit, run_.allow_disk_use);
    while (const auto document = source_->next()) {
      run_.check();
      documents.add({}, *document);
    }
    source_.reset();
    for (const auto& facet : facets_) {
      out_.begin_array(facet.name);
      const StagePtr results =
          open_stages(facet.stages, std::make_unique<SpoolStage>(documents), run_);
      while (const auto document = results->next()) {
        out_.push(*document);
        if (out_.size() > run_.memory_limit)
          fail_expression(4031700, "document constructed by $facet is " +
                                       std::to_string(out_.size()) +
                                       " bytes, which exceeds the "
                                       "limit of 104857600 bytes");
      }
      out_.end();
    }
    return out_.finish_view();
  }

 private:
  const std::vector<Facet>& facets_;
  StagePtr source_;
  Run run_;
  bson::Writer out_;
};

class FacetSpec final : public StageSpec {
 public:
  FacetSpec(ValueView given, std::vector<Facet> facets)
      : StageSpec("$facet", given), facets_(std::move(facets)) {}
  StagePtr open(StagePtr source, Run& run) const override {
    return std::make_unique<FacetStage>(facets_, std::move(source), run);
  }
  void add_needs(FieldNeeds& needs) const override {
    for (const auto& facet : facets_) {
      const FieldNeeds inner = needs_of(facet.stages);
      needs.use.paths.insert(needs.use.paths.end(), inner.use.paths.begin(), inner.use.paths.end());
      needs.use.whole = needs.use.whole || inner.use.whole;
    }
    needs.held = needs.complete = true;
  }

 private:
  std::vector<Facet> facets_;
};

StageSpecPtr parse_facet(ValueView given, PipelineContext& context) {
  if (!given.is_document() || given.as_document().empty())
    fail_expression(
        40169, "the $facet specification must be a non-empty object, but found: " + show(given));
  std::vector<Facet> facets;
  for (const auto& field : given.as_document()) {
    check_field_name(field.key);
    if (!field.value.is_array())
      fail_expression(40170, "arguments to $facet must be arrays, " + std::string(field.key) +
                                 " is type " + std::string(value_type_name(field.value)));
    for (const auto& stage : field.value.as_array()) {
      if (!stage.value.is_document())
        fail_expression(40171, "elements of arrays in $facet spec must be non-empty objects, " +
                                   std::string(field.key) + " has an element of type " +
                                   std::string(value_type_name(stage.value)));
    }
    PipelineContext inner = context.inner(PipelinePlace::facet, context.scope, context.collection);
    inner.depth = context.depth;
    facets.push_back(
        {std::string(field.key), optimize(parse_pipeline(field.value.as_array(), inner))});
  }
  return std::make_shared<FacetSpec>(given, std::move(facets));
}

constexpr auto table = std::to_array<StageKind>({
    {"$lookup", parse_lookup},
    {"$graphLookup", parse_graph_lookup},
    {"$unionWith", parse_union_with},
    {.name = "$facet", .parse = parse_facet, .in_facet = false},
});

}  // namespace

std::span<const StageKind> join_stages() noexcept { return table; }

}  // namespace quire::store::embedded
