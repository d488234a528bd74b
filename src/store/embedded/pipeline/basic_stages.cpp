#include <array>
#include <cmath>
#include <limits>

#include "quire/core/error.hpp"
#include "store/embedded/engine/matcher.hpp"
#include "store/embedded/engine/numbers.hpp"
#include "store/embedded/pipeline/inner.hpp"
#include "store/embedded/pipeline/match.hpp"
#include "store/embedded/pipeline/stage.hpp"

/// $match, $skip, $limit, $unwind, $redact, $documents, $replaceRoot.
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

// $unwind

struct UnwindOptions {
  std::vector<std::string> steps;
  std::string dotted;
  std::vector<std::string> index_steps;  // empty = none
  bool preserve = false;
};

class UnwindStage final : public Stage {
 public:
  UnwindStage(const UnwindOptions& options, StagePtr source)
      : options_(options), source_(std::move(source)) {}

  std::optional<View> next() override {
    for (;;) {
      if (active_) {
        if (at_ != std::default_sentinel) {
          const ValueView element = at_->value;
          ++at_;
          return write(element, index_++);
        }
        active_ = false;
      }
      const auto document = source_->next();
      if (!document) return std::nullopt;
      current_ = *document;
      const auto value = find(current_, options_.steps);
      if (value && value->is_array()) {
        if (value->as_array().empty()) {
          if (options_.preserve) return write(std::nullopt, std::nullopt);
          continue;
        }
        at_ = value->as_array().begin();
        index_ = 0;
        active_ = true;
        continue;
      }
      if (!value || is_nullish(*value)) {
        if (!options_.preserve) continue;
        if (options_.index_steps.empty()) return current_;
        return write(value, std::nullopt);
      }
      if (options_.index_steps.empty()) return current_;
      return write(value, std::nullopt);
    }
  }

 private:
  static std::optional<ValueView> find(View document, std::span<const std::string> steps) {
    const auto value = document.find(steps.front());
    if (!value || steps.size() == 1) return value;
    if (!value->is_document()) return std::nullopt;
    return find(value->as_document(), steps.subspan(1));
  }

  View write(std::optional<ValueView> element, std::optional<std::int64_t> index) {
    out_.reset();
    write_at(current_, options_.steps, element, out_);
    View result = out_.finish_view();
    if (options_.index_steps.empty()) return result;
    with_index_.reset();
    const std::int64_t number = index.value_or(0);
    const ValueView position =
        index ? ValueView{Type::int64, reinterpret_cast<const std::uint8_t*>(&number), 8}
              : null_value;
    write_at(result, options_.index_steps, position, with_index_);
    return with_index_.finish_view();
  }

  const UnwindOptions& options_;
  StagePtr source_;
  View current_;
  View::Iterator at_;
  std::int64_t index_ = 0;
  bool active_ = false;
  bson::Writer out_, with_index_;
};

class UnwindSpec final : public StageSpec {
 public:
  UnwindSpec(ValueView given, UnwindOptions options)
      : StageSpec("$unwind", given), options_(std::move(options)) {}
  StagePtr open(StagePtr source, Run&) const override {
    return std::make_unique<UnwindStage>(options_, std::move(source));
  }
  bool lets_match_pass(std::span<const std::string> paths) const override {
    const auto& made = options_.steps.front();
    for (const auto& path : paths) {
      const auto first = path.substr(0, path.find('.'));
      if (first == made) return false;
      if (!options_.index_steps.empty() && first == options_.index_steps.front()) return false;
    }
    return true;
  }
  void add_needs(FieldNeeds& needs) const override { needs.use.paths.push_back(options_.dotted); }

 private:
  UnwindOptions options_;
};

StageSpecPtr parse_unwind(ValueView given, PipelineContext&) {
  UnwindOptions options;
  std::optional<ValueView> path;
  if (given.is_document()) {
    for (const auto& field : given.as_document()) {
      if (field.key == "path") {
        if (!field.value.is_string())
          fail_expression(28808, "expected a string as the path for $unwind stage, got " +
                                     std::string(value_type_name(field.value)));
        path = field.value;
      } else if (field.key == "preserveNullAndEmptyArrays") {
        if (field.value.type() != Type::boolean)
          fail_expression(28809,
                          "expected a boolean for the preserveNullAndEmptyArrays option to $unwind "
                          "stage, got " +
                              std::string(value_type_name(field.value)));
        options.preserve = field.value.as_bool();
      } else if (field.key == "includeArrayIndex") {
        if (!field.value.is_string() || field.value.as_string().empty())
          fail_expression(
              28810,
              "expected a non-empty string for the includeArrayIndex  option to $unwind "
              "stage, got " +
                  show(field.value));
        const auto name = field.value.as_string();
        if (name.front() == '$')
          fail_expression(28822,
                          "includeArrayIndex option to $unwind stage should not be prefixed "
                          "with a '$': " +
                              std::string(name));
        options.index_steps = parse_field_path(name);
      } else {
        fail_expression(28811, "unrecognized option to $unwind stage: " + std::string(field.key));
      }
    }
  } else if (given.is_string()) {
    path = given;
  } else {
    fail_expression(15981,
                    "expected either a string or an object as specification for $unwind "
                    "stage, got " +
                        std::string(value_type_name(given)));
  }
  if (!path || path->as_string().empty())
    fail_expression(28812, "no path specified to $unwind stage");
  const auto text = path->as_string();
  if (text.front() != '$')
    fail_expression(
        28818, "path option to $unwind stage should be prefixed with a '$': " + std::string(text));
  options.dotted = text.substr(1);
  options.steps = parse_field_path(options.dotted);
  return std::make_shared<UnwindSpec>(given, std::move(options));
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

// $redact

class RedactStage final : public EvaluatingStage {
 public:
  RedactStage(const Expression& rule, StagePtr source, const Run& run)
      : EvaluatingStage(std::move(source), run), rule_(rule) {}
  std::optional<View> next() override {
    while (const auto document = source_->next()) {
      run_.check();
      e_.begin(*document);
      const auto kept = redact({Type::document, document->data(), document->size()});
      if (kept) return kept->as_document();
    }
    return std::nullopt;
  }

 private:
  std::optional<ValueView> redact(ValueView value) {
    e_.set_slot(Evaluation::current_slot, value);
    const ValueView verdict = rule_.evaluate(e_);
    const std::string_view word = verdict.is_string() ? verdict.as_string() : std::string_view();
    if (word == "keep") return value;
    if (word == "prune") return std::nullopt;
    if (word != "descend")
      fail_expression(17053,
                      "$redact's expression should not return anything aside from the "
                      "variables $$KEEP, $$DESCEND, and $$PRUNE, but returned " +
                          show(verdict));
    Evaluation::Builder out(e_);
    for (const auto& field : value.as_document()) {
      const auto kept = descend(field.value);
      if (kept) out->append(field.key, *kept);
    }
    return out.document();
  }
  std::optional<ValueView> descend(ValueView value) {
    if (value.is_document()) return redact(value);
    if (!value.is_array()) return value;
    Evaluation::Builder out(e_);
    for (const auto& element : value.as_array()) {
      if (const auto kept = descend(element.value)) out->push(*kept);
    }
    return out.array();
  }
  const Expression& rule_;
};

class RedactSpec final : public StageSpec {
 public:
  RedactSpec(ValueView given, ExpressionPtr rule)
      : StageSpec("$redact", given), rule_(std::move(rule)) {}
  StagePtr open(StagePtr source, Run& run) const override {
    return std::make_unique<RedactStage>(*rule_, std::move(source), run);
  }

 private:
  ExpressionPtr rule_;
};

StageSpecPtr parse_redact(ValueView given, PipelineContext& context) {
  const bool before = context.scope.in_redact;
  context.scope.in_redact = true;
  auto rule = parse_expression(given, context.scope);
  context.scope.in_redact = before;
  return std::make_shared<RedactSpec>(given, std::move(rule));
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
