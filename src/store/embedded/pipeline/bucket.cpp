#include "store/embedded/pipeline/bucket.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "store/embedded/engine/compare.hpp"
#include "store/embedded/engine/numbers.hpp"
#include "store/embedded/pipeline/granularity.hpp"
#include "store/embedded/pipeline/group.hpp"
#include "store/embedded/pipeline/spool.hpp"

/// $bucket, $bucketAuto.
namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;
using bson::View;

namespace {

/// The fields of a bucket, {count: {$sum: 1}} where none are given.
bson::Document output_fields(std::optional<ValueView> output) {
  if (output) return bson::Document(output->as_document());
  return bson::make_document("count", bson::make_document("$sum", 1));
}

void check_group_by(ValueView value, int code, std::string_view stage) {
  const bool path = value.is_string() && value.as_string().starts_with('$');
  const bool expression = value.is_document() && !value.as_document().empty() &&
                          value.as_document().begin()->key.starts_with('$');
  if (!path && !expression)
    fail_expression(code, "The " + std::string(stage) +
                              " 'groupBy' field must be defined as a $-prefixed path or an "
                              "expression, but found: " +
                              show(value));
}

std::vector<bson::Value> boundaries_of(ValueView given, PipelineContext& context) {
  if (!given.is_array())
    fail_expression(40200, "The $bucket 'boundaries' field must be an array, but found type: " +
                               std::string(value_type_name(given)));
  std::vector<bson::Value> out;
  for (const auto& element : given.as_array()) {
    const auto expression = parse_expression(element.value, context.scope);
    const ValueView* constant = expression->constant();
    if (constant == nullptr || is_missing(*constant))
      fail_expression(40191,
                      "The $bucket 'boundaries' field must be an array of constant values, "
                      "but found value: " +
                          show(element.value));
    out.emplace_back(*constant);
  }
  if (out.size() < 2)
    fail_expression(40192,
                    "The $bucket 'boundaries' field must have at least 2 values, but found " +
                        std::to_string(out.size()) + " value(s).");
  for (std::size_t i = 1; i < out.size(); ++i) {
    const ValueView low = out[i - 1].view();
    const ValueView high = out[i].view();
    if (type_rank(low.type()) != type_rank(high.type()))
      fail_expression(40193,
                      "All values in the the 'boundaries' option to $bucket must have the "
                      "same type. Found conflicting types " +
                          std::string(value_type_name(low)) + " and " +
                          std::string(value_type_name(high)));
    if (compare_values(low, high) >= 0)
      fail_expression(40194, "The 'boundaries' option to $bucket must be sorted, but elements " +
                                 std::to_string(i - 1) + " and " + std::to_string(i) +
                                 " are not in ascending order");
  }
  return out;
}

bson::Document literal(ValueView value) { return bson::make_document("$literal", value); }

/// As the server does: a $group whose _id is a $switch over the boundaries, then a $sort.
bson::Document bucket_stages(ValueView group_by, const std::vector<bson::Value>& boundaries,
                             const std::optional<bson::Value>& otherwise,
                             const bson::Document& fields) {
  bson::Writer out;
  out.push_document_begin().begin_document("$group").begin_document("_id");
  out.begin_document("$switch").begin_array("branches");
  for (std::size_t i = 0; i + 1 < boundaries.size(); ++i) {
    const bson::Document low = bson::make_document(
        "$gte", bson::Value::array(bson::make_array(group_by, literal(boundaries[i]))));
    const bson::Document high = bson::make_document(
        "$lt", bson::Value::array(bson::make_array(group_by, literal(boundaries[i + 1]))));
    out.push(bson::make_document(
        "case", bson::make_document("$and", bson::Value::array(bson::make_array(low, high))),
        "then", literal(boundaries[i])));
  }
  out.end();
  if (otherwise) out.append("default", literal(*otherwise));
  out.end().end().append_all(fields).end().end();
  out.push(bson::make_document("$sort", bson::make_document("_id", 1)));
  return out.finish();
}

struct AutoOptions {
  bson::Document text;
  ExpressionPtr group_by;
  std::int64_t buckets = 0;
  std::vector<AccumulatorSpec> accumulators;
  const Granularity* granularity = nullptr;
};

/// Sorted by the grouped value, then cut into parts of about equal size; equal values stay
/// together.
class BucketAutoStage final : public EvaluatingStage {
 public:
  BucketAutoStage(const AutoOptions& options, StagePtr source, Run& run)
      : EvaluatingStage(std::move(source), run),
        options_(options),
        spool_("$bucketAuto", run.memory_limit, run.allow_disk_use) {}

  std::optional<View> next() override {
    if (source_ != nullptr) fill();
    if (!current_) return std::nullopt;
    return next_bucket();
  }

 private:
  void fill() {
    while (const auto document = source_->next()) {
      run_.check();
      e_.begin(*document);
      ValueView value = options_.group_by->evaluate(e_);
      if (is_missing(value)) value = null_value;
      if (options_.granularity != nullptr) {
        if (!value.is_number() || std::isnan(to_double(value)) || to_double(value) < 0)
          fail_expression(
              value.is_number() ? (std::isnan(to_double(value)) ? 40259 : 40260) : 40258,
              "$bucketAuto can specify a 'granularity' with numeric, non-negative "
              "boundaries only, but found a value of type " +
                  std::string(value_type_name(value)) + ": " + show(value));
      }
      std::string key;
      append_group_key(key, value);
      bson::Writer row;
      row.append("k", value).append("d", *document);
      spool_.add(key, row.finish_view());
    }
    source_.reset();
    left_ = static_cast<std::int64_t>(spool_.size());
    size_ = options_.buckets == 0
                ? 1
                : std::max<std::int64_t>(1, std::llround(static_cast<double>(left_) /
                                                         static_cast<double>(options_.buckets)));
    spool_.rewind();
    advance();
  }

  void advance() {
    const auto row = spool_.next();
    if (row) {
      current_ = bson::Document(*row);
    } else {
      current_.reset();
    }
  }
  [[nodiscard]] ValueView value() const { return (*current_)["k"]; }

  void take() {
    const View document = (*current_)["d"].as_document();
    e_.begin(document);
    for (std::size_t i = 0; i < accumulators_.size(); ++i)
      accumulators_[i]->add(options_.accumulators[i].argument(e_), e_);
    last_ = bson::Value(value());
    advance();
  }

  View next_bucket() {
    ++made_;
    accumulators_.clear();
    e_.reset();
    for (const auto& spec : options_.accumulators)
      accumulators_.push_back(spec.make(null_value, e_));
    bson::Value low = previous_high_ ? *previous_high_ : bson::Value(value());
    if (options_.granularity != nullptr && !previous_high_)
      low = options_.granularity->round_down(value());
    const bool final = made_ == options_.buckets;
    std::int64_t taken = 0;
    take();
    ++taken;
    while (current_ && (final || taken < size_)) {
      take();
      ++taken;
    }
    bson::Value high = last_;
    if (options_.granularity != nullptr) {
      high = options_.granularity->round_up(last_);
      while (current_ && compare_values(value(), high) < 0) take();
      if (!current_) high = options_.granularity->round_up(last_);
    } else {
      while (current_ && compare_values(value(), last_) == 0) take();
      high = current_ ? bson::Value(value()) : last_;
    }
    previous_high_ = high;
    out_.reset();
    out_.begin_document("_id").append("min", low).append("max", high).end();
    e_.reset();
    for (std::size_t i = 0; i < accumulators_.size(); ++i)
      out_.append(options_.accumulators[i].field(), accumulators_[i]->result(e_));
    return out_.finish_view();
  }

  const AutoOptions& options_;
  Spool spool_;
  std::optional<bson::Document> current_;
  std::optional<bson::Value> previous_high_;
  bson::Value last_;
  std::int64_t left_ = 0;
  std::int64_t size_ = 1;
  std::int64_t made_ = 0;
  std::vector<AccumulatorPtr> accumulators_;
  bson::Writer out_;
};

class BucketAutoSpec final : public StageSpec {
 public:
  BucketAutoSpec(ValueView given, AutoOptions options)
      : StageSpec("$bucketAuto", given), options_(std::move(options)) {}
  StagePtr open(StagePtr source, Run& run) const override {
    return std::make_unique<BucketAutoStage>(options_, std::move(source), run);
  }
  void add_needs(FieldNeeds& needs) const override {
    options_.group_by->add_fields(needs.use);
    for (const auto& accumulator : options_.accumulators)
      accumulator.expression().add_fields(needs.use);
    needs.held = needs.complete = true;
  }

 private:
  AutoOptions options_;
};

}  // namespace

StageSpecPtr parse_bucket(ValueView given, PipelineContext& context) {
  if (!given.is_document())
    fail_expression(40201, "Argument to $bucket stage must be an object, but found type: " +
                               std::string(value_type_name(given)));
  std::optional<ValueView> group_by, output;
  std::optional<bson::Value> otherwise;
  std::vector<bson::Value> boundaries;
  bool bounded = false;
  for (const auto& field : given.as_document()) {
    if (field.key == "groupBy") {
      check_group_by(field.value, 40202, "$bucket");
      group_by = field.value;
    } else if (field.key == "boundaries") {
      boundaries = boundaries_of(field.value, context);
      bounded = true;
    } else if (field.key == "default") {
      const auto expression = parse_expression(field.value, context.scope);
      const ValueView* constant = expression->constant();
      if (constant == nullptr)
        fail_expression(40195,
                        "The $bucket 'default' field must be a constant expression, but "
                        "found: " +
                            show(field.value));
      otherwise = is_missing(*constant) ? bson::Value() : bson::Value(*constant);
      if (otherwise->type() == Type::code)  // a server hands it on as its text
        otherwise = bson::Value(otherwise->view().as_code());
    } else if (field.key == "output") {
      if (!field.value.is_document())
        fail_expression(40196, "The $bucket 'output' field must be an object, but found type: " +
                                   std::string(value_type_name(field.value)));
      output = field.value;
    } else {
      fail_expression(40197, "Unrecognized option to $bucket: " + std::string(field.key) + ".");
    }
  }
  if (!group_by || !bounded)
    fail_expression(40198, "$bucket requires 'groupBy' and 'boundaries' to be specified.");
  if (otherwise) {
    const ValueView value = otherwise->view();
    if (type_rank(value.type()) == type_rank(boundaries.front().type()) &&
        compare_values(value, boundaries.front()) >= 0 &&
        compare_values(value, boundaries.back()) < 0)
      fail_expression(40199,
                      "The $bucket 'default' field must be less than the lowest boundary or "
                      "greater than or equal to the highest boundary.");
  }
  const bson::Document stages =
      bucket_stages(*group_by, boundaries, otherwise, output_fields(output));
  return std::make_shared<CompositeSpec>("$bucket", given, parse_pipeline(stages, context));
}

StageSpecPtr parse_bucket_auto(ValueView given, PipelineContext& context) {
  if (!given.is_document())
    fail_expression(40240, "The argument to $bucketAuto must be an object, but found type: " +
                               std::string(value_type_name(given)));
  AutoOptions options;
  std::optional<ValueView> output;
  bool counted = false;
  for (const auto& field : given.as_document()) {
    if (field.key == "groupBy") {
      check_group_by(field.value, 40239, "$bucketAuto");
      options.group_by = parse_expression(field.value, context.scope);
    } else if (field.key == "buckets") {
      if (!field.value.is_number())
        fail_expression(40241,
                        "The $bucketAuto 'buckets' field must be a numeric value, but found "
                        "type: " +
                            std::string(value_type_name(field.value)));
      const auto part = integer_part(field.value);
      if (!part || !part->whole || part->value != static_cast<std::int32_t>(part->value))
        fail_expression(40242,
                        "The $bucketAuto 'buckets' field must be representable as a 32-bit "
                        "integer, but found " +
                            show(field.value));
      if (part->value <= 0)
        fail_expression(40243,
                        "The $bucketAuto 'buckets' field must be greater than 0, but found: " +
                            show(field.value));
      options.buckets = part->value;
      counted = true;
    } else if (field.key == "output") {
      if (!field.value.is_document())
        fail_expression(40244,
                        "The $bucketAuto 'output' field must be an object, but found type: " +
                            std::string(value_type_name(field.value)));
      output = field.value;
    } else if (field.key == "granularity") {
      if (!field.value.is_string())
        fail_expression(40261,
                        "The $bucketAuto 'granularity' field must be a string, but found "
                        "type: " +
                            std::string(value_type_name(field.value)));
      options.granularity = Granularity::find(field.value.as_string());
      if (options.granularity == nullptr)
        fail_expression(
            40257, "Unknown rounding granularity '" + std::string(field.value.as_string()) + "'");
    } else {
      fail_expression(40245, "Unrecognized option to $bucketAuto: " + std::string(field.key) + ".");
    }
  }
  if (options.group_by == nullptr || !counted)
    fail_expression(40246, "$bucketAuto requires 'groupBy' and 'buckets' to be specified");
  options.text = output_fields(output);
  for (const auto& field : options.text.view())
    options.accumulators.push_back(AccumulatorSpec::parse(field, context.scope));
  return std::make_shared<BucketAutoSpec>(given, std::move(options));
}

}  // namespace quire::store::embedded
