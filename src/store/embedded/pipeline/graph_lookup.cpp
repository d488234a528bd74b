#include <cmath>
#include <unordered_set>

#include "store/embedded/engine/numbers.hpp"
#include "store/embedded/pipeline/inner.hpp"
#include "store/embedded/pipeline/lookup.hpp"

/// $graphLookup: a search breadth first.
namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;
using bson::View;

namespace {

struct GraphOptions {
  InnerPipeline from;
  ExpressionPtr start;
  std::vector<std::string> connect_from;
  std::string connect_to;
  std::vector<std::string> as_steps;
  std::optional<std::int64_t> max_depth;
  std::vector<std::string> depth_steps;
  std::optional<bson::Document> restrict;
  ParseScope scope;
};

class GraphStage final : public EvaluatingStage {
 public:
  GraphStage(const GraphOptions& options, StagePtr source, Run& run)
      : EvaluatingStage(std::move(source), run), options_(options) {}

  std::optional<View> next() override {
    const auto document = source_->next();
    if (!document) return std::nullopt;
    e_.begin(*document);
    search();
    const View found = found_.finish_view();
    out_.reset();
    write_at(*document, options_.as_steps, ValueView{Type::array, found.data(), found.size()},
             out_);
    return out_.finish_view();
  }

 private:
  using Frontier = std::vector<bson::Value>;

  void add(ValueView value, Frontier& frontier) {
    std::string key;
    append_group_key(key, value);
    if (asked_.insert(std::move(key)).second) frontier.emplace_back(value);
  }

  void search() {
    found_.reset();
    asked_.clear();
    seen_.clear();
    Frontier frontier;
    const ValueView start = options_.start->evaluate(e_);
    if (start.is_array()) {
      for (const auto& element : start.as_array()) add(element.value, frontier);
    } else if (!is_missing(start)) {
      add(start, frontier);
    }
    for (std::int64_t depth = 0; !frontier.empty(); ++depth) {
      if (options_.max_depth && depth > *options_.max_depth) break;
      Frontier next;
      const bson::Document filter = condition(frontier);
      const StagePtr documents = options_.from.open(run_, &filter, options_.scope);
      while (const auto document = documents->next()) {
        run_.check();
        take(*document, depth, next);
      }
      frontier = std::move(next);
    }
  }

  [[nodiscard]] bson::Document condition(const Frontier& frontier) const {
    bson::Writer out;
    out.begin_array("$and").push_document_begin().begin_array("$or");
    bson::Writer plain;
    bool null = false;
    for (const auto& value : frontier) {
      null = null || value.type() == Type::null;
      if (value.type() == Type::regex) {
        out.push_document_begin().begin_document(options_.connect_to).append("$eq", value).end();
        out.end();
      } else {
        plain.push(value);
      }
    }
    out.push_document_begin().begin_document(options_.connect_to);
    out.append_array("$in", plain.finish_view()).end().end();
    out.end().end();
    // A document without the field is not one whose field is null.
    if (null)
      out.push_document_begin()
          .begin_document(options_.connect_to)
          .append("$exists", true)
          .end()
          .end();
    if (options_.restrict) out.push(options_.restrict->view());
    out.end();
    return out.finish();
  }

  void take(View document, std::int64_t depth, Frontier& next) {
    std::string id;
    append_group_key(id, document.find("_id").value_or(missing));
    if (!seen_.insert(std::move(id)).second) return;
    if (options_.depth_steps.empty()) {
      found_.push(document);
    } else {
      with_depth_.reset();
      const bson::Value number(depth);
      write_at(document, options_.depth_steps, number.view(), with_depth_);
      found_.push(with_depth_.finish_view());
    }
    if (found_.size() > run_.memory_limit)
      fail_expression(40099, "$graphLookup reached maximum memory consumption");
    Evaluation inner;
    const ValueView value =
        value_at({Type::document, document.data(), document.size()}, options_.connect_from, inner);
    if (is_missing(value)) return;
    if (value.is_array()) {
      for (const auto& element : value.as_array()) add(element.value, next);
    } else {
      add(value, next);
    }
  }

  const GraphOptions& options_;
  std::unordered_set<std::string> asked_;  ///< values that were searched for
  std::unordered_set<std::string> seen_;   ///< _ids of documents that were found
  bson::Writer found_, with_depth_, out_;
};

class GraphSpec final : public StageSpec {
 public:
  GraphSpec(ValueView given, GraphOptions options)
      : StageSpec("$graphLookup", given), options_(std::move(options)) {}
  StagePtr open(StagePtr source, Run& run) const override {
    return std::make_unique<GraphStage>(options_, std::move(source), run);
  }
  bool lets_match_pass(std::span<const std::string> paths) const override {
    for (const auto& path : paths) {
      if (path.substr(0, path.find('.')) == options_.as_steps.front()) return false;
    }
    return true;
  }
  void add_needs(FieldNeeds& needs) const override { options_.start->add_fields(needs.use); }

 private:
  GraphOptions options_;
};

std::string_view text_of(ValueView value, std::string_view name) {
  if (!value.is_string())
    fail_expression(
        40103, "expected string as argument for " + std::string(name) + ", found: " + show(value));
  return value.as_string();
}

}  // namespace

StageSpecPtr parse_graph_lookup(ValueView given, PipelineContext& context) {
  if (!given.is_document())
    fail_expression(40327, "the $graphLookup stage specification must be an object, but found " +
                               std::string(value_type_name(given)));
  GraphOptions options;
  options.scope = context.scope;
  std::optional<std::string> from, as, connect_from;
  for (const auto& field : given.as_document()) {
    const ValueView value = field.value;
    if (field.key == "startWith") {
      options.start = parse_expression(value, context.scope);
    } else if (field.key == "maxDepth") {
      if (!value.is_number())
        fail_expression(40100, "maxDepth requires numeric argument, found type: " +
                                   std::string(value_type_name(value)));
      const auto part = integer_part(value);
      if (part && part->value < 0)
        fail_expression(40101, "maxDepth requires a nonnegative argument, found: " + show(value));
      if (!part || !part->whole)
        fail_expression(40102, "maxDepth could not be represented as a long long: " + show(value));
      options.max_depth = part->value;
    } else if (field.key == "restrictSearchWithMatch") {
      if (!value.is_document())
        fail_expression(40185, "restrictSearchWithMatch must be an object, found: " + show(value));
      (void)Matcher(value.as_document(), context.scope);
      options.restrict = bson::Document(value.as_document());
    } else if (field.key == "from") {
      if (!value.is_string())
        fail_expression(9, "$graphLookup argument 'from' must be a string, found: " + show(value));
      from = value.as_string();
    } else if (field.key == "as") {
      as = text_of(value, field.key);
    } else if (field.key == "connectFromField") {
      connect_from = text_of(value, field.key);
    } else if (field.key == "connectToField") {
      options.connect_to = text_of(value, field.key);
      (void)parse_field_path(options.connect_to);
    } else if (field.key == "depthField") {
      options.depth_steps = parse_field_path(text_of(value, field.key));
    } else {
      fail_expression(40104, "Unknown argument to $graphLookup: " + std::string(field.key));
    }
  }
  if (!from || from->empty() || !as || options.start == nullptr || !connect_from ||
      options.connect_to.empty())
    fail_expression(40105,
                    "$graphLookup requires 'from', 'as', 'startWith', 'connectFromField', "
                    "and 'connectToField' to be specified.");
  options.as_steps = parse_field_path(*as);
  options.connect_from = parse_field_path(*connect_from);
  options.from = InnerPipeline(resolve_from(*from, context), {});
  return std::make_shared<GraphSpec>(given, std::move(options));
}

}  // namespace quire::store::embedded
