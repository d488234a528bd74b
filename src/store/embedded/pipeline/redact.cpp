#include "store/embedded/pipeline/basic_stages.hpp"

/// $redact.
namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;
using bson::View;

namespace {

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

}  // namespace

StageSpecPtr parse_redact(ValueView given, PipelineContext& context) {
  const bool before = context.scope.in_redact;
  context.scope.in_redact = true;
  auto rule = parse_expression(given, context.scope);
  context.scope.in_redact = before;
  return std::make_shared<RedactSpec>(given, std::move(rule));
}

}  // namespace quire::store::embedded
