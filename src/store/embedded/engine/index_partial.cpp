#include <algorithm>

#include "quire/core/error.hpp"
#include "store/embedded/engine/index_parse.hpp"
#include "store/embedded/engine/matcher.hpp"

/// The partial filter of an index definition.
namespace quire::store::embedded::index_parse {

using bson::ValueView;
using bson::View;

namespace {

[[noreturn]] void fail_partial() {
  fail(cannot_create_index, "partialFilterExpression",
       "a partial filter takes only equality, $in, $gt, $gte, $lt, $lte, $type, "
       "$exists: true, $and and $or");
}

void check_partial_node(const FilterNode& node) {
  using Kind = FilterNode::Kind;
  switch (node.kind) {
    case Kind::always_true:
    case Kind::always_false:
    case Kind::comment:
    case Kind::eq:
    case Kind::lt:
    case Kind::lte:
    case Kind::gt:
    case Kind::gte:
    case Kind::in:
    case Kind::type:
    case Kind::conjunction:
    case Kind::disjunction:
      break;
    case Kind::exists:
      if (node.flag) break;
      fail_partial();
    case Kind::json_schema:
      fail(query_feature_not_allowed, "partialFilterExpression",
           "$jsonSchema is not allowed in a partial filter");
    case Kind::expr:
      fail(query_feature_not_allowed, "partialFilterExpression",
           "$expr is not allowed in a partial filter");
    default:
      fail_partial();
  }
  for (const auto& child : node.children) check_partial_node(*child);
}

/// Operators that a partial filter never takes, wherever they stand. Only looked at when the filter
/// uses something that the embedded store does not support, to tell which of the two it is.
void check_refused_operators(View filter, int depth) {
  if (depth > bson::max_depth) return;
  for (const auto& [name, value] : filter) {
    if (name == "$expr" || name == "$jsonSchema" || name == "$where")
      fail(query_feature_not_allowed, "partialFilterExpression",
           std::string(name) + " is not allowed in a partial filter");
    if (name == "$text") fail(bad_value, "partialFilterExpression", "$text is not allowed here");
    if (value.is_document() || value.is_array())
      check_refused_operators(value.as_nested(), depth + 1);
  }
}

void append_terms(View filter, std::vector<std::string>& terms) {
  const auto term = [&terms](std::string_view path, std::string_view op, ValueView value) {
    std::string text(path);
    text += '\0';
    text += op;
    text += '\0';
    append_key(text, value);
    terms.push_back(std::move(text));
  };
  for (const auto& [name, value] : filter) {
    if (name == "$and" && value.is_array()) {
      for (const auto& [index, part] : value.as_array()) append_terms(part.as_document(), terms);
    } else if (name == "$or" && value.is_array()) {
      std::vector<std::string> parts;
      for (const auto& [index, part] : value.as_array())
        parts.push_back(filter_signature(part.as_document()));
      std::sort(parts.begin(), parts.end());
      std::string text("$or");
      for (const auto& part : parts) text += '\0' + std::to_string(part.size()) + ':' + part;
      terms.push_back(std::move(text));
    } else if (value.is_document() && !value.as_document().empty() &&
               value.as_document().begin()->key.starts_with('$')) {
      for (const auto& [op, operand] : value.as_document()) term(name, op, operand);
    } else {
      term(name, "$eq", value);
    }
  }
}

}  // namespace

void check_partial_filter(View filter) {
  try {
    check_partial_node(Matcher(filter).root());
  } catch (const StoreError& error) {
    if (error.code() == ErrorCode::unsupported) check_refused_operators(filter, 1);
    throw;
  }
}

std::string filter_signature(View filter) {
  std::vector<std::string> terms;
  append_terms(filter, terms);
  std::sort(terms.begin(), terms.end());
  terms.erase(std::unique(terms.begin(), terms.end()), terms.end());
  std::string out;
  for (const auto& term : terms) out += std::to_string(term.size()) + ':' + term;
  return out;
}

}  // namespace quire::store::embedded::index_parse
