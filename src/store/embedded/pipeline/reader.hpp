#pragma once

#include <memory>

#include "store/embedded/pipeline/optimize.hpp"
#include "store/embedded/storage/connection.hpp"

/// Pipelines on the collections of one snapshot.
namespace quire::store::embedded {

/// Reads collections by one connection.
class ConnectionSources final : public Sources {
 public:
  ConnectionSources(Connection& connection, bool verify)
      : connection_(connection), verify_(verify) {}
  StagePtr open(Namespace ns, std::optional<Matcher> match, const Read& read,
                const Run& run) override;
  bool has_index_on(Namespace ns, std::string_view field) override;
  Connection* connection() override { return &connection_; }

 private:
  Connection& connection_;
  bool verify_;
};

/// A pipeline parsed for a namespace: views are their stages in front.
struct PreparedPipeline {
  std::string database;
  std::string collection;  ///< empty: the first stage makes its documents
  OptimizedPipeline stages;
};

/// Parses on what the catalog of `connection` says. Throws as parse_pipeline; 165 for views that
/// are too deep; 73 for a pipeline on a database whose first stage needs a collection.
[[nodiscard]] PreparedPipeline prepare_pipeline(Connection& connection, Namespace ns,
                                                bson::View pipeline, const ParseScope& scope);
/// A context for pipelines on that catalog.
[[nodiscard]] PipelineContext make_context(Connection& connection, ParseScope& scope, Namespace ns);

/// Opens it; the plan's choice is made now.
[[nodiscard]] StagePtr open_pipeline(const PreparedPipeline& prepared, ConnectionSources& sources,
                                     Run& run, bson::View hint, std::string_view hint_name);

}  // namespace quire::store::embedded
