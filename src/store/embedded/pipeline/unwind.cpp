#include "store/embedded/pipeline/basic_stages.hpp"
#include "store/embedded/pipeline/inner.hpp"

/// $unwind.
namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;
using bson::View;

namespace {

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

}  // namespace

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

}  // namespace quire::store::embedded
