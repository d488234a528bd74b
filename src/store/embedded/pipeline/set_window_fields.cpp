#include "store/embedded/pipeline/set_window_fields.hpp"

#include "store/embedded/engine/keys.hpp"
#include "store/embedded/engine/projection.hpp"
#include "store/embedded/expression/held_value.hpp"
#include "store/embedded/pipeline/spool.hpp"
#include "store/embedded/pipeline/window_function.hpp"

namespace quire::store::embedded {

using bson::ValueView;
using bson::View;

namespace {

struct Output {
  WindowFunctionPtr function;
  std::size_t slot;  // where its result stands for the projector
};

class WindowSpec final : public StageSpec {
 public:
  WindowSpec(ValueView given, PipelineContext& context);
  StagePtr open(StagePtr source, Run& run) const override;
  void add_needs(FieldNeeds& needs) const override {
    if (partition_ != nullptr) partition_->add_fields(needs.use);
    for (const auto& field : sort_.fields()) needs.use.paths.push_back(field.path);
    for (const auto& output : outputs_) output.function->add_fields(needs.use);
    needs.held = true;
  }

 private:
  friend class WindowStage;
  void parse_outputs(View outputs, PipelineContext& context);

  ExpressionPtr partition_;  // null: all documents are one
  Sorter sort_;
  ExpressionPtr sort_value_;  // of the first sort field, if a function wants it
  std::vector<Output> outputs_;
  Projector projector_;
};

class WindowStage final : public EvaluatingStage {
 public:
  WindowStage(const WindowSpec& spec, StagePtr source, Run& run)
      : EvaluatingStage(std::move(source), run),
        spec_(spec),
        spool_("$setWindowFields", run.memory_limit, run.allow_disk_use),
        partition_(run.memory_limit, run.allow_disk_use),
        results_(spec.outputs_.size()) {
    run_.prepare(inner_);
    for (const auto& output : spec_.outputs_) runs_.push_back(output.function->open());
  }
  std::optional<View> next() override {
    if (at_ == partition_.size() && !fill()) return std::nullopt;
    run_.check();
    const WindowInput input{partition_, sort_values_, inner_};
    for (std::size_t k = 0; k < runs_.size(); ++k) results_[k].set(runs_[k]->at(at_, input));
    const View document = partition_.at(at_++);
    if (runs_.empty()) return document;
    for (std::size_t k = 0; k < runs_.size(); ++k)
      e_.set_slot(spec_.outputs_[k].slot, results_[k].view());
    out_.reset();
    spec_.projector_.apply(document, e_, out_);
    return out_.finish_view();
  }

 private:
  bool sorts() const { return spec_.partition_ != nullptr || !spec_.sort_.empty(); }

  /// The partition's key of a document. Throws QueryError 14 for an array.
  void append_partition(View document, std::string& key) {
    if (spec_.partition_ == nullptr) return;
    inner_.begin(document);
    const ValueView value = spec_.partition_->evaluate(inner_);
    if (value.is_array())
      fail_expression(14, "An expression used to partition cannot evaluate to value of type array");
    append_key(key, is_nullish(value) ? null_value : value);
  }
  std::optional<View> read() {
    if (!sorts()) return source_->next();
    if (source_ != nullptr) {
      while (const auto document = source_->next()) {
        run_.check();
        std::string key;
        append_partition(*document, key);
        spec_.sort_.append_sort_key(*document, key);
        spool_.add(key, *document);
      }
      source_.reset();
      spool_.rewind();
    }
    return spool_.next();
  }
  void add(View document) {
    partition_.add(document);
    if (spec_.sort_value_ == nullptr) return;
    inner_.begin(document);
    sort_values_.emplace_back(spec_.sort_value_->evaluate(inner_));
  }
  /// Reads the next partition.
  bool fill() {
    partition_.clear();
    sort_values_.clear();
    at_ = 0;
    if (ended_) return false;
    if (pending_) add(*pending_);
    pending_.reset();
    for (;;) {
      const auto document = read();
      if (!document) {
        ended_ = true;
        break;
      }
      run_.check();
      std::string key;
      append_partition(*document, key);
      const bool same = partition_.size() == 0 || key == key_;
      key_ = std::move(key);
      if (!same) {
        pending_.emplace(*document);
        break;
      }
      add(*document);
    }
    if (partition_.size() == 0) return false;
    const WindowInput input{partition_, sort_values_, inner_};
    for (const auto& run : runs_) run->begin(input);
    return true;
  }

  const WindowSpec& spec_;
  Evaluation inner_;
  Spool spool_;
  Partition partition_;
  SortValues sort_values_;
  std::size_t at_ = 0;
  bool ended_ = false;
  std::optional<bson::Document> pending_;  // the first of the next partition
  std::string key_;
  std::vector<WindowRunPtr> runs_;
  std::vector<HeldValue> results_;
  bson::Writer out_;
};

[[noreturn]] void fail_field(int code, std::string_view field, std::string_view what) {
  fail_expression(code,
                  "BSON field '$setWindowFields." + std::string(field) + "' " + std::string(what));
}

WindowSpec::WindowSpec(ValueView given, PipelineContext& context)
    : StageSpec("$setWindowFields", given) {
  if (!given.is_document())
    fail_expression(9, "the $setWindowFields stage specification must be an object, found " +
                           std::string(value_type_name(given)));
  std::optional<ValueView> partition, sort, outputs;
  for (const auto& field : given.as_document()) {
    auto* place = field.key == "partitionBy" ? &partition
                  : field.key == "sortBy"    ? &sort
                  : field.key == "output"    ? &outputs
                                             : nullptr;
    if (place == nullptr) fail_field(40415, field.key, "is an unknown field.");
    if (place->has_value()) fail_field(40413, field.key, "is a duplicate field");
    const bool may_be_null = place == &sort && field.value.is_null();
    if (place != &partition && !may_be_null && !field.value.is_document())
      fail_field(14, field.key,
                 "is the wrong type '" + std::string(value_type_name(field.value)) +
                     "', expected type 'object'");
    *place = field.value;
  }
  if (!outputs) fail_field(40414, "output", "is missing but a required field");
  if (sort && sort->is_document()) sort_ = Sorter(sort->as_document());
  if (partition) {
    partition_ = parse_expression(*partition, context.scope);
    if (const ValueView* constant = partition_->constant()) {
      if (constant->is_array())
        fail_expression(14,
                        "An expression used to partition cannot evaluate to value of type array");
      partition_ = nullptr;
    }
  }
  parse_outputs(outputs->as_document(), context);
}

void WindowSpec::parse_outputs(View outputs, PipelineContext& context) {
  ParseScope& scope = context.scope;
  for (const auto& field : outputs) {
    if (!field.value.is_document())
      fail_expression(9, "The field '" + std::string(field.key) + "' must be an object");
    auto function = parse_window_function(field.value.as_document(), sort_, scope);
    if (function->needs_sort_values() && sort_value_ == nullptr)
      sort_value_ = make_field_path(sort_.fields().front().path);
    outputs_.push_back({std::move(function), 0});
  }
  if (outputs_.empty()) return;
  // The results are variables of a projection like $addFields'.
  const bool before = scope.system_names;
  scope.system_names = true;
  bson::Writer fields;
  auto output = outputs_.begin();
  for (const auto& field : outputs) {
    const std::string name = "WINDOW" + std::to_string(output - outputs_.begin());
    output++->slot = scope.push(name);
    fields.append(field.key, "$$" + name);
  }
  projector_ = Projector(fields.finish_view(), Projector::Kind::add, scope);
  for (std::size_t i = 0; i < outputs_.size(); ++i) scope.pop();
  scope.system_names = before;
}

StagePtr WindowSpec::open(StagePtr source, Run& run) const {
  return std::make_unique<WindowStage>(*this, std::move(source), run);
}

}  // namespace

StageSpecPtr parse_set_window_fields(ValueView given, PipelineContext& context) {
  return std::make_shared<WindowSpec>(given, context);
}

}  // namespace quire::store::embedded
