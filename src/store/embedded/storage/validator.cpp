#include "store/embedded/storage/validator.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "store/embedded/engine/matcher.hpp"
#include "store/embedded/engine/validation_explain.hpp"
#include "store/embedded/expression/expression.hpp"
#include "store/validation.hpp"

namespace quire::store::embedded {

using bson::ValueView;
using bson::View;

namespace {

constexpr int no_cluster_time = 10'071'200;
constexpr int bad_value = 2;
constexpr int type_mismatch = 14;
constexpr int invalid_options = 72;
constexpr int not_in_this_context = 5626500;

constexpr auto levels = std::to_array<std::string_view>({"off", "strict", "moderate"});
constexpr auto actions = std::to_array<std::string_view>({"error", "warn", "errorAndLog"});

std::string_view text_of(View options, std::string_view name, std::string_view otherwise) {
  const auto value = options.find(name);
  return value && value->is_string() ? value->as_string() : otherwise;
}

/// The filter; empty where there is none.
View filter_of(View options) {
  const auto value = options.find("validator");
  return value && value->is_document() ? value->as_document() : View{};
}

[[noreturn]] void ban(std::string_view name, int code) {
  throw QueryError(ErrorCode::invalid_query, FieldPath("validator"),
                   std::string(name) + " is not allowed in a validator", code);
}

void check_allowed(View filter);

void check_operators(View operators) {
  for (const auto& one : operators) {
    if (one.key == "$near" || one.key == "$nearSphere" || one.key == "$geoNear")
      ban(one.key, not_in_this_context);
    if ((one.key == "$not" || one.key == "$elemMatch") && one.value.is_document()) {
      check_operators(one.value.as_document());
      check_allowed(one.value.as_document());
    } else if (one.key == "$all" && one.value.is_array()) {
      for (const auto& element : one.value.as_array()) {
        if (element.value.is_document()) check_operators(element.value.as_document());
      }
    }
  }
}

/// Operators that look at more than the document.
void check_allowed(View filter) {
  for (const auto& one : filter) {
    if (one.key == "$text" || one.key == "$where") ban(one.key, bad_value);
    if (one.key.starts_with('$')) {
      if (one.key != "$and" && one.key != "$or" && one.key != "$nor") continue;
      if (!one.value.is_array()) continue;
      for (const auto& branch : one.value.as_array()) {
        if (branch.value.is_document()) check_allowed(branch.value.as_document());
      }
    } else if (one.value.is_document()) {
      check_operators(one.value.as_document());
    }
  }
}

template <class Names>
void check_name(View options, std::string_view option, const Names& names) {
  const auto value = options.find(option);
  if (!value || value->is_null()) return;
  if (!value->is_string())
    throw StoreError(
        ErrorCode::invalid_argument, FieldPath(std::string(option)),
        std::string(option) + " is a string, not " + std::string(bson::type_name(value->type())),
        type_mismatch);
  if (std::ranges::find(names, value->as_string()) != names.end()) return;
  std::string known;
  for (const auto name : names) known += (known.empty() ? "" : ", ") + std::string(name);
  throw StoreError(ErrorCode::invalid_argument, FieldPath(std::string(option)),
                   "'" + std::string(value->as_string()) + "' is no " + std::string(option) +
                       "; known: " + known,
                   bad_value);
}

}  // namespace

namespace {

/// What a validator's expressions see: the cluster's time of each write.
ParseScope validator_scope() {
  ParseScope scope;
  scope.cluster_time = bson::Timestamp{};
  return scope;
}

}  // namespace

/// The compiled filter, and what tells why a document does not pass.
class ValidatorFilter {
 public:
  explicit ValidatorFilter(View filter) : source_(filter), matcher_(filter, validator_scope()) {}

  /// A document on which the filter cannot be evaluated does not pass. Throws QueryError where the
  /// filter asks for a cluster's time and there is none.
  [[nodiscard]] bool matches(View document) const {
    try {
      return matcher_.matches(document);
    } catch (const QueryError& error) {
      if (error.backend_code() == no_cluster_time) throw;
      return false;
    }
  }
  [[noreturn]] void refuse(View document) const {
    std::call_once(told_, [&] { explainer_ = std::make_unique<ValidationExplainer>(source_); });
    auto info = explainer_->explain(document);
    auto path = failing_path(info);
    const auto text = with_rules("Document failed validation", info);
    throw DetailedError(ErrorCode::validation_failed, std::move(path), text, 121, std::move(info));
  }

 private:
  View source_;  // the validator's
  Matcher matcher_;
  mutable std::once_flag told_;
  mutable std::unique_ptr<const ValidationExplainer> explainer_;
};

Validator::Validator(bson::Document filter, bool moderate)
    : source_(std::move(filter)), moderate_(moderate) {}
Validator::~Validator() = default;

std::shared_ptr<const Validator> Validator::of(View options) {
  const View filter = filter_of(options);
  const auto level = text_of(options, "validationLevel", "strict");
  if (filter.empty() || level == "off" || text_of(options, "validationAction", "error") == "warn")
    return nullptr;
  return std::shared_ptr<const Validator>(
      new Validator(bson::Document(filter), level == "moderate"));
}

const ValidatorFilter& Validator::filter() const {
  std::call_once(parsed_, [&] { filter_ = std::make_unique<ValidatorFilter>(source_); });
  return *filter_;
}

void Validator::check_insert(View document) const {
  if (!filter().matches(document)) filter().refuse(document);
}

void Validator::check_update(View before, View after) const {
  if (filter().matches(after)) return;
  if (moderate_ && !filter().matches(before)) return;
  filter().refuse(after);
}

void check_validation_options(Namespace ns, View options) {
  check_name(options, "validationLevel", levels);
  check_name(options, "validationAction", actions);
  const auto value = options.find("validator");
  if (!value || value->is_null()) return;
  if (!value->is_document())
    throw StoreError(ErrorCode::invalid_argument, FieldPath("validator"),
                     "validator is a document, not " + std::string(bson::type_name(value->type())),
                     type_mismatch);
  const View filter = value->as_document();
  if (filter.empty()) return;
  check_allowed(filter);
  (void)Matcher(filter, validator_scope());
  const bool internal = ns.database == "admin" || ns.database == "local" || ns.database == "config";
  if (internal || ns.collection.starts_with("system."))
    throw StoreError(ErrorCode::invalid_argument, FieldPath("validator"),
                     "'" + std::string(ns.database) + "." + std::string(ns.collection) +
                         "' can have no validator: it is a collection of the system",
                     invalid_options);
}

bson::Document changed_validation_options(View present, View changes) {
  const auto given = [&](std::string_view name) -> std::optional<ValueView> {
    const auto value = changes.find(name);
    return value && !value->is_null() ? value : std::nullopt;
  };
  const auto validator = given("validator");
  const View filter = validator ? validator->as_document() : filter_of(present);
  bson::Writer writer;
  for (const auto& option : present) {
    if (option.key != "validator" && option.key != "validationLevel" &&
        option.key != "validationAction")
      writer.append(option.key, option.value);
  }
  if (!filter.empty()) writer.append("validator", filter);
  const auto append = [&](std::string_view name, std::string_view otherwise) {
    if (given(name))
      writer.append(name, *given(name));
    else if (const auto before = present.find(name))
      writer.append(name, *before);
    else if (validator)
      writer.append(name, otherwise);
  };
  append("validationLevel", "strict");
  append("validationAction", "error");
  return writer.finish();
}

}  // namespace quire::store::embedded
