#include "store/embedded/pipeline/basic_stages.hpp"

#include <array>

#include "quire/core/error.hpp"
#include "store/embedded/engine/matcher.hpp"
#include "store/embedded/engine/numbers.hpp"
#include "store/embedded/pipeline/basic_stages.hpp"
#include "store/embedded/pipeline/match.hpp"

/// $match, $skip, $limit, $documents, $replaceRoot.
namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;
using bson::View;

namespace {

// $match

class MatchStage final : public EvaluatingStage {
 public:
  MatchStage(Matcher matcher, StagePtr source, const Run& run)
      : EvaluatingStage(std::move(source), run), matcher_(std::move(matcher)) {}
  std::optional<View> next() override {
    while (const auto document = source_->next()) {
      run_.check();
      if (matcher_.matches(*document, e_)) return document;
    }
    return std::nullopt;
  }

 private:
  Matcher matcher_;
};

StageSpecPtr parse_match(ValueView given, PipelineContext& context) {
  if (!given.is_document())
    fail_expression(15959, "the match filter must be an expression in an object");
  return make_match(given.as_document(), context.scope);
}

// $skip, $limit

std::int64_t whole_number(ValueView given, std::string_view name, int code) {
  const auto fail = [&](const std::string& why) {
    fail_expression(code, "invalid argument to " + std::string(name) + " stage: " + why +
                              " in: " + std::string(name) + ": " + show(given));
  };
  if (!given.is_number()) fail("Expected a number");
  const auto part = integer_part(given);
  if (!part || !part->whole) {
    if (given.type() == Type::decimal128 || given.type() == Type::double_)
      fail("Expected an integer, but found a number that is not or is out of range");
    fail("Expected an integer");
  }
  return part->value;
}

class SkipStage final : public Stage {
 public:
  SkipStage(std::int64_t n, StagePtr source) : left_(n), source_(std::move(source)) {}
  std::optional<View> next() override {
    for (; left_ > 0; --left_) {
      if (!source_->next()) {
        left_ = 0;
        return std::nullopt;
      }
    }
    return source_->next();
  }

 private:
  std::int64_t left_;
  StagePtr source_;
};

class LimitStage final : public Stage {
 public:
  LimitStage(std::int64_t n, StagePtr source) : left_(n), source_(std::move(source)) {}
  std::optional<View> next() override {
    if (left_ == 0) return std::nullopt;
    --left_;
    return source_->next();
  }

 private:
  std::int64_t left_;
  StagePtr source_;
};

StageSpecPtr parse_skip(ValueView given, PipelineContext&) {
  const auto n = whole_number(given, "$skip", 5107200);
  if (n < 0)
    fail_expression(5107200, "invalid argument to $skip stage: Expected a non-negative number");
  return std::make_shared<SkipSpec>(n);
}

StageSpecPtr parse_limit(ValueView given, PipelineContext&) {
  const auto n = whole_number(given, "$limit", 5107201);
  if (n < 0)
    fail_expression(5107201, "invalid argument to $limit stage: Expected a non-negative number");
  if (n == 0) fail_expression(15958, "the limit must be positive");
  return std::make_shared<LimitSpec>(n);
}

// $replaceRoot, $replaceWith

class ReplaceStage final : public EvaluatingStage {
 public:
  ReplaceStage(const Expression& root, StagePtr source, const Run& run)
      : EvaluatingStage(std::move(source), run), root_(root) {}
  std::optional<View> next() override {
    const auto document = source_->next();
    if (!document) return std::nullopt;
    e_.begin(*document);
    const ValueView value = root_.evaluate(e_);
    if (!value.is_document())
      fail_expression(
          40228,
          "'newRoot' expression must evaluate to an object, but resulting value "
          "was: " +
              show(value) + ". Type of resulting value: '" + std::string(value_type_name(value)) +
              "'. Input document: " + show({Type::document, document->data(), document->size()}));
    return value.as_document();
  }

 private:
  const Expression& root_;
};

class ReplaceSpec final : public StageSpec {
 public:
  ReplaceSpec(std::string_view name, ValueView given, ExpressionPtr root)
      : StageSpec(name, given), root_(std::move(root)) {}
  StagePtr open(StagePtr source, Run& run) const override {
    return std::make_unique<ReplaceStage>(*root_, std::move(source), run);
  }
  void add_needs(FieldNeeds& needs) const override {
    root_->add_fields(needs.use);
    needs.complete = true;
  }

 private:
  ExpressionPtr root_;
};

StageSpecPtr parse_replace_root(ValueView given, PipelineContext& context) {
  if (!given.is_document())
    fail_expression(40229, "expected an object as specification for $replaceRoot stage, got " +
                               std::string(value_type_name(given)));
  std::optional<ValueView> root;
  for (const auto& field : given.as_document()) {
    if (field.key != "newRoot")
      fail_expression(
          40415, "BSON field '$replaceRoot." + std::string(field.key) + "' is an unknown field.");
    root = field.value;
  }
  if (!root)
    fail_expression(40414, "BSON field '$replaceRoot.newRoot' is missing but a required field");
  return std::make_shared<ReplaceSpec>("$replaceRoot", given,
                                       parse_expression(*root, context.scope));
}

StageSpecPtr parse_replace_with(ValueView given, PipelineContext& context) {
  return std::make_shared<ReplaceSpec>("$replaceWith", given,
                                       parse_expression(given, context.scope));
}

// $documents

class DocumentsSpec final : public StageSpec {
 public:
  DocumentsSpec(ValueView given, ExpressionPtr list)
      : StageSpec("$documents", given), list_(std::move(list)) {}
  StagePtr open(StagePtr, Run& run) const override {
    Evaluation e;
    run.prepare(e);
    const ValueView value = list_->evaluate(e);
    const auto refuse = [] {
      fail_expression(5858203, "an array is expected, whose elements are objects");
    };
    if (!value.is_array()) refuse();
    std::vector<bson::Document> documents;
    for (const auto& element : value.as_array()) {
      if (!element.value.is_document())
        fail_expression(40228, "an element of $documents is no object: " + show(element.value));
      documents.emplace_back(element.value.as_document());
    }
    return list_stage(std::move(documents));
  }

 private:
  ExpressionPtr list_;
};

StageSpecPtr parse_documents(ValueView given, PipelineContext& context) {
  return std::make_shared<DocumentsSpec>(given, parse_expression(given, context.scope));
}

constexpr auto table = std::to_array<StageKind>({
    {"$match", parse_match},
    {"$skip", parse_skip},
    {"$limit", parse_limit},
    {"$unwind", parse_unwind},
    {.name = "$replaceRoot", .parse = parse_replace_root, .in_update = true},
    {.name = "$replaceWith", .parse = parse_replace_with, .in_update = true},
    {"$redact", parse_redact},
    {.name = "$documents", .parse = parse_documents, .first_only = true, .in_facet = false},
});

}  // namespace

StagePtr SkipSpec::open(StagePtr source, Run&) const {
  return std::make_unique<SkipStage>(n_, std::move(source));
}
StagePtr LimitSpec::open(StagePtr source, Run&) const {
  return std::make_unique<LimitStage>(n_, std::move(source));
}
StagePtr MatchSpec::open(StagePtr source, Run& run) const {
  return std::make_unique<MatchStage>(matcher_, std::move(source), run);
}

StageSpecPtr make_match(View filter, const ParseScope& scope) {
  return std::make_shared<MatchSpec>(Matcher(filter, scope), scope);
}

std::span<const StageKind> basic_stages() noexcept { return table; }

}  // namespace quire::store::embedded
