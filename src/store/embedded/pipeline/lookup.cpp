#include "store/embedded/pipeline/lookup.hpp"

#include <unordered_map>

#include "store/embedded/engine/keys.hpp"
#include "store/embedded/engine/matcher.hpp"
#include "store/embedded/pipeline/inner.hpp"

/// $lookup: equality of two fields, a pipeline with variables, or both.
namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;
using bson::View;

namespace {

struct Variable {
  std::string name;
  ExpressionPtr value;
  std::size_t slot = 0;
};

struct LookupOptions {
  InnerPipeline from;
  std::vector<std::string> as_steps;
  std::vector<std::string> local_steps;  ///< empty: no equality
  std::string local, foreign;
  std::vector<Variable> let;
  ParseScope outer;  ///< what is known around the stage
};

/// The foreign collection by the keys of one field, for joins that no index serves.
class HashedCollection {
 public:
  /// False when it does not fit: then it is read for each document.
  bool fill(StagePtr documents, const std::string& field, std::size_t memory_limit, Run& run) {
    const KeyMaker maker({{field, false}}, false);
    std::size_t bytes = 0;
    std::vector<std::string> keys;
    while (const auto document = documents->next()) {
      run.check();
      bytes += document->size() + 64;
      if (bytes > memory_limit) {
        documents_.clear();
        by_key_.clear();
        return false;
      }
      keys.clear();
      maker.make(*document, keys);
      const std::size_t number = documents_.size();
      documents_.emplace_back(*document);
      for (auto& key : keys) {
        bytes += key.size() + 48;
        by_key_[std::move(key)].push_back(number);
      }
    }
    return true;
  }
  /// Candidates in the collection's order: documents with such a key, perhaps others.
  [[nodiscard]] const std::vector<std::size_t>* find(ValueView value) const {
    std::string key;
    append_key(key, value);
    const auto it = by_key_.find(key);
    return it == by_key_.end() ? nullptr : &it->second;
  }
  [[nodiscard]] const std::vector<bson::Document>& documents() const noexcept { return documents_; }

 private:
  std::vector<bson::Document> documents_;
  std::unordered_map<std::string, std::vector<std::size_t>> by_key_;
};

class LookupStage final : public EvaluatingStage {
 public:
  LookupStage(const LookupOptions& options, StagePtr source, Run& run)
      : EvaluatingStage(std::move(source), run), options_(options) {}

  std::optional<View> next() override {
    const auto document = source_->next();
    if (!document) return std::nullopt;
    run_.check();
    e_.begin(*document);
    matches_.reset();
    join();
    const View found = matches_.finish_view();
    out_.reset();
    write_at(*document, options_.as_steps, ValueView{Type::array, found.data(), found.size()},
             out_);
    return out_.finish_view();
  }

 private:
  void join() {
    if (options_.local_steps.empty()) {
      if (!uncorrelated()) return collect(open(nullptr));
      if (!cached_) {
        collect(open(nullptr));
        const View all = matches_.finish_view();
        if (all.size() < (4U << 20)) cached_ = bson::Document(all);
        matches_.reset();
        matches_.append_all(all);
        return;
      }
      matches_.append_all(cached_->view());
      return;
    }
    std::vector<ValueView> local;
    collect_local(e_.slot(Evaluation::root_slot), options_.local_steps, local);
    if (local.empty()) local.push_back(null_value);
    const bson::Document filter = equality(local);
    if (options_.from.is_plain() && options_.let.empty() && !has_index()) {
      if (join_hashed(local, filter)) return;
    }
    collect(open(&filter));
  }

  /// The values that a path leads to as a filter reads it: elements of arrays one by one, and
  /// numbers in the path as positions. Nothing where it leads nowhere.
  static void collect_local(ValueView value, std::span<const std::string> steps,
                            std::vector<ValueView>& out) {
    if (steps.empty()) {
      if (value.is_array()) {
        for (const auto& element : value.as_array()) out.push_back(element.value);
      } else {
        out.push_back(value.type() == Type::undefined ? null_value : value);
      }
      return;
    }
    if (value.is_document()) {
      if (const auto field = value.as_document().find(steps.front()))
        collect_local(*field, steps.subspan(1), out);
    } else if (value.is_array()) {
      const bool position = !steps.front().empty() &&
                            steps.front().find_first_not_of("0123456789") == std::string::npos;
      if (position) {
        if (const auto element = value.as_array().find(steps.front()))
          collect_local(*element, steps.subspan(1), out);
      }
      for (const auto& element : value.as_array()) {
        if (element.value.is_document()) collect_local(element.value, steps, out);
      }
    }
  }

  /// {foreign: {$eq: value}}, or one of several; a regular expression is a value like others.
  [[nodiscard]] bson::Document equality(const std::vector<ValueView>& local) const {
    bson::Writer out;
    if (local.size() == 1) {
      out.begin_document(options_.foreign).append("$eq", local.front()).end();
      return out.finish();
    }
    bson::Writer plain;
    out.begin_array("$or");
    for (const ValueView value : local) {
      if (value.type() != Type::regex) {
        plain.push(value);
        continue;
      }
      out.push_document_begin().begin_document(options_.foreign);
      out.append("$eq", value).end().end();
    }
    out.push_document_begin().begin_document(options_.foreign);
    out.append_array("$in", plain.finish_view()).end().end();
    out.end();
    return out.finish();
  }

  bool has_index() {
    if (!indexed_)
      indexed_ = run_.sources().has_index_on({options_.from.database(), options_.from.collection()},
                                             options_.foreign);
    return *indexed_;
  }

  static bool is_hashable(ValueView value) {
    return !is_nullish(value) && !value.is_array() && value.type() != Type::regex;
  }

  bool join_hashed(const std::vector<ValueView>& local, const bson::Document& filter) {
    if (hash_state_ == HashState::none) {
      const bool fits =
          hashed_.fill(options_.from.open(run_), options_.foreign, run_.memory_limit, run_);
      hash_state_ = fits ? HashState::ready : HashState::too_large;
    }
    if (hash_state_ == HashState::too_large) return false;
    const Matcher matcher(filter.view());
    if (local.size() == 1 && is_hashable(local.front())) {
      if (const auto* candidates = hashed_.find(local.front())) {
        for (const auto number : *candidates) add_if(matcher, hashed_.documents()[number]);
      }
      return true;
    }
    for (const auto& document : hashed_.documents()) add_if(matcher, document);
    return true;
  }
  void add_if(const Matcher& matcher, const bson::Document& document) {
    if (matcher.matches(document.view())) push(document.view());
  }

  [[nodiscard]] bool uncorrelated() const { return options_.let.empty(); }

  StagePtr open(const bson::Document* extra) {
    std::vector<std::pair<std::size_t, ValueView>> values;
    ParseScope scope = options_.outer;
    for (const auto& variable : options_.let) {
      const ValueView value = variable.value->evaluate(e_);
      values.emplace_back(variable.slot, value);
      scope.define_constant(variable.name, value);
    }
    inner_.emplace(run_.with(std::move(values)));
    return options_.from.open(*inner_, extra, scope);
  }

  void collect(StagePtr found) {
    while (const auto document = found->next()) push(*document);
  }
  void push(View document) {
    matches_.push(document);
    if (matches_.size() > run_.memory_limit)
      fail_expression(4568, "Total size of documents in " + options_.from.collection() +
                                " matching pipeline's $lookup stage exceeds " +
                                std::to_string(run_.memory_limit) + " bytes");
  }

  const LookupOptions& options_;
  std::optional<Run> inner_;
  std::optional<bson::Document> cached_;
  std::optional<bool> indexed_;
  enum class HashState { none, ready, too_large };
  HashState hash_state_ = HashState::none;
  HashedCollection hashed_;
  bson::Writer matches_, out_;
};

class LookupSpec final : public StageSpec {
 public:
  LookupSpec(ValueView given, LookupOptions options)
      : StageSpec("$lookup", given), options_(std::move(options)) {}
  StagePtr open(StagePtr source, Run& run) const override {
    return std::make_unique<LookupStage>(options_, std::move(source), run);
  }
  bool lets_match_pass(std::span<const std::string> paths) const override {
    for (const auto& path : paths) {
      if (path.substr(0, path.find('.')) == options_.as_steps.front()) return false;
    }
    return true;
  }
  void add_needs(FieldNeeds& needs) const override {
    if (!options_.local_steps.empty()) needs.use.paths.push_back(options_.local);
    for (const auto& variable : options_.let) variable.value->add_fields(needs.use);
  }

 private:
  LookupOptions options_;
};

std::string text_of(ValueView value, std::string_view name) {
  if (!value.is_string())
    fail_expression(14, "$lookup argument '" + std::string(name) + ": " + show(value) +
                            "' must be a string, found " + std::string(name) + " of type " +
                            std::string(value_type_name(value)));
  return std::string(value.as_string());
}

void parse_let(ValueView given, PipelineContext& context, LookupOptions& options) {
  if (!given.is_document())
    fail_expression(14, "$lookup argument 'let: " + show(given) + "' must be an object, is type " +
                            std::string(value_type_name(given)));
  for (const auto& field : given.as_document()) {
    check_variable_name(field.key);
    options.let.push_back(
        {std::string(field.key), parse_expression(field.value, context.scope), 0});
  }
}

}  // namespace

StageSpecPtr parse_lookup(ValueView given, PipelineContext& context) {
  if (!given.is_document())
    fail_expression(9, "the $lookup stage specification must be an object, but found " +
                           std::string(value_type_name(given)));
  LookupOptions options;
  options.outer = context.scope;
  std::optional<ValueView> pipeline, let;
  std::string from, as, database;
  bool has_from = false, has_local = false, has_foreign = false, has_as = false;
  for (const auto& field : given.as_document()) {
    if (field.value.is_null() && (field.key == "pipeline" || field.key == "let" ||
                                  field.key == "localField" || field.key == "foreignField"))
      continue;  // as if it were not there
    if (field.key == "pipeline") {
      pipeline = field.value;
    } else if (field.key == "let") {
      let = field.value;
    } else if (field.key == "from") {
      has_from = true;
      if (field.value.is_document()) {
        const auto coll = field.value.as_document().find("coll");
        const auto db = field.value.as_document().find("db");
        if (!coll || !coll->is_string() || (db && !db->is_string()))
          fail_expression(14, "$lookup argument 'from' must be a string, or {db, coll} of strings");
        fail_expression(9, "$lookup with syntax {from: {db, coll}} is not supported for db: " +
                               (db ? std::string(db->as_string()) : std::string("")) +
                               " and coll: " + std::string(coll->as_string()));
      }
      if (!field.value.is_string())
        fail_expression(9, "$lookup argument 'from' must be a string, found " +
                               std::string(value_type_name(field.value)));
      from = field.value.as_string();
    } else if (field.key == "localField") {
      options.local = text_of(field.value, field.key);
      has_local = !options.local.empty();
    } else if (field.key == "foreignField") {
      options.foreign = text_of(field.value, field.key);
      has_foreign = !options.foreign.empty();
    } else if (field.key == "as") {
      has_as = true;
      as = text_of(field.value, field.key);
    } else if (field.key == "_internalCollation" || field.key == "_internalUnwind") {
      continue;
    } else {
      fail_expression(9, "unknown argument to $lookup: " + std::string(field.key));
    }
  }
  if (!has_as) fail_expression(9, "must specify 'as' field for a $lookup");
  options.as_steps = parse_field_path(as);
  if (has_local != has_foreign)
    fail_expression(9,
                    "$lookup requires either 'pipeline' or both 'localField' and 'foreignField' "
                    "to be specified");
  if (!pipeline && !has_local)
    fail_expression(9,
                    "$lookup requires either 'pipeline' or both 'localField' and 'foreignField' "
                    "to be specified");
  if (!pipeline && let)
    fail_expression(9, "$lookup with a 'let' argument must also specify 'pipeline'");
  if (has_local) {
    options.local_steps = parse_field_path(options.local);
    (void)parse_field_path(options.foreign);
  }
  if (pipeline && !pipeline->is_array())
    fail_expression(14, "'pipeline' option must be specified as an array");
  if (let) parse_let(*let, context, options);
  ResolvedNamespace target;
  std::string_view first;
  if (pipeline && !pipeline->as_array().empty()) {
    const auto stage = pipeline->as_array().begin()->value;
    if (stage.is_document() && !stage.as_document().empty())
      first = stage.as_document().begin()->key;
  }
  if (has_from) {
    if (from.empty() || from.front() == '.' || from.find('\0') != std::string::npos)
      fail_expression(73, "Invalid $lookup namespace: '" + context.database + "." + from + "'");
    if (first == "$documents")
      fail_expression(73, "$documents can only be run where no collection is named");
    target = resolve_from(from, context);
  } else {
    // A pipeline that makes its own documents.
    if (first != "$documents") fail_expression(9, "must specify 'from' field for a $lookup");
    target.database = context.database;
  }
  StageSpecs stages;
  if (pipeline) {
    for (auto& variable : options.let) variable.slot = context.scope.push(variable.name);
    PipelineContext inner = context.inner(PipelinePlace::lookup, context.scope, target.collection);
    stages = parse_pipeline(pipeline->as_array(), inner);
    for (std::size_t i = 0; i < options.let.size(); ++i) context.scope.pop();
  }
  options.from = InnerPipeline(target, std::move(stages));
  return std::make_shared<LookupSpec>(given, std::move(options));
}

}  // namespace quire::store::embedded
