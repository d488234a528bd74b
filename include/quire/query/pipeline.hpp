#pragma once

#include <string>
#include <utility>
#include <vector>

#include "quire/query/pipeline_stages.hpp"

namespace quire::query {

/// A pipeline as a value: stages over documents of Root that give documents of Row. It can be
/// stored, copied, printed, run by Collection::aggregate(pipeline), and stand within facet, lookup,
/// union_with and updates. Stages take it as an rvalue; continue a stored one by a copy.
/// Root: void for a pipeline that begins with documents(…).
template <class Root, class Row>
class Pipeline : public Stages<Pipeline<Root, Row>, Row> {
 public:
  using root = Root;
  using row = Row;

  Pipeline() = default;
  explicit Pipeline(std::string collection) : collection_(std::move(collection)) {}
  Pipeline(detail::PipelineBuilder stages, std::string collection)
      : stages_(std::move(stages)), collection_(std::move(collection)) {}

  /// As mongosh takes it: [{"$match": …}, …].
  [[nodiscard]] std::string to_json() const { return stages_.json(); }
  /// The stages as elements of an array.
  [[nodiscard]] bson::Document document() const { return stages_.document(); }
  [[nodiscard]] bson::Value array() const { return stages_.array(); }
  [[nodiscard]] bool empty() const noexcept { return stages_.empty(); }
  [[nodiscard]] const detail::PipelineBuilder& builder() const noexcept { return stages_; }
  /// Where its documents come from: as given, else of Root's model. Empty for documents(…).
  [[nodiscard]] std::string collection() const {
    if constexpr (std::is_void_v<Root>)
      return {};
    else
      return collection_.empty() ? detail::collection_of(model_of<Root>()) : collection_;
  }
  /// A stored pipeline goes on: copy().limit(3).
  [[nodiscard]] Pipeline copy() const { return *this; }

  /// Last stage: the documents replace the collection of T's model.
  template <class T>
  [[nodiscard]] Pipeline out() && {
    detail::check_covered<T, Row>();
    return std::move(*this).out(detail::collection_of(model_of<T>()));
  }
  [[nodiscard]] Pipeline out(std::string_view collection) && {
    stages_.add("$out", bson::Value(collection));
    return std::move(*this);
  }
  /// Last stage: the documents go into the collection of T's model.
  template <class T>
  [[nodiscard]] Pipeline merge(const MergeOptions<T>& options = {}) && {
    detail::check_covered<T, Row>();
    stages_.add("$merge", options.operand(detail::collection_of(model_of<T>())));
    return std::move(*this);
  }

  // For Stages.
  [[nodiscard]] detail::PipelineBuilder& stages() noexcept { return stages_; }
  template <class Out>
  [[nodiscard]] Pipeline<Root, Out> with_row() && {
    return Pipeline<Root, Out>(std::move(stages_), std::move(collection_));
  }

 private:
  detail::PipelineBuilder stages_;
  std::string collection_;
};

/// Begins a pipeline over documents of T.
template <class T>
[[nodiscard]] Pipeline<T, T> pipeline() {
  return Pipeline<T, T>();
}
/// Over a collection of another name, for lookup and union_with.
template <class T>
[[nodiscard]] Pipeline<T, T> pipeline(std::string collection) {
  return Pipeline<T, T>(std::move(collection));
}
/// Begins with documents given, without a collection: run by aggregate(db, documents(rows) …).
template <class T>
[[nodiscard]] Pipeline<void, T> documents(const std::vector<T>& rows) {
  detail::PipelineBuilder stages;
  stages.add("$documents", detail::documents_value(bson::encode_value(rows)));
  return Pipeline<void, T>(std::move(stages), {});
}
/// The member that takes the list of a facet's pipeline.
template <auto M, class Root, class Row>
[[nodiscard]] auto into(const Pipeline<Root, Row>& pipeline) {
  using P = Path<M>;
  constexpr bool fits = detail::holds_value<typename P::value, std::vector<Row>>();
  static_assert(fits,
                "quire: into<…>(pipeline): the member is no list of what the pipeline gives.");
  return Into<typename P::root, Root, Gives::list, reflect::index_of<M, typename P::root>>{
      field<M>.str(), pipeline.array()};
}

/// Results of redact's expression: "$$DESCEND" …
[[nodiscard]] inline Expr<void, bson::Value> descend() {
  return Expr<void, bson::Value>(bson::Value("$$DESCEND"));
}
[[nodiscard]] inline Expr<void, bson::Value> prune() {
  return Expr<void, bson::Value>(bson::Value("$$PRUNE"));
}
[[nodiscard]] inline Expr<void, bson::Value> keep() {
  return Expr<void, bson::Value>(bson::Value("$$KEEP"));
}

}  // namespace quire::query
