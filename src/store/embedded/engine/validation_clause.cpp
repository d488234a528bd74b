#include "store/embedded/engine/validation_clause.hpp"

#include "quire/bson/writer.hpp"
#include "store/embedded/engine/filter_nodes.hpp"
#include "store/embedded/expression/let.hpp"

namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;
using bson::View;
using bson::Writer;

const FilterNode& only_condition(const Matcher& matcher) {
  const FilterNode& root = matcher.root();
  return root.children.size() == 1 ? *root.children.front() : root;
}

namespace {

using Clause = ValidationClause;
using Child = std::unique_ptr<const Clause>;

bson::Document pair(std::string_view key, ValueView value) {
  return Writer().append(key, value).finish();
}

std::unique_ptr<Clause> make(ClauseKind kind, std::string_view name, const bson::Document& filter) {
  auto clause = std::make_unique<Clause>();
  clause->kind = kind;
  clause->name = name;
  clause->matcher = std::make_unique<const Matcher>(filter);
  return clause;
}

Child joined(std::vector<Child> children, const bson::Document& filter) {
  if (children.size() == 1) return std::move(children.front());
  auto all = make(ClauseKind::conjunction, "$and", filter);
  all->children = std::move(children);
  return all;
}

Child leaf(std::string_view path, std::string_view name, const bson::Document& filter) {
  const ClauseKind kind = name == "$exists" ? ClauseKind::exists
                          : name == "$type" ? ClauseKind::type
                                            : ClauseKind::leaf;
  auto clause = make(kind, name, filter);
  clause->steps = filter_nodes::split(path);
  clause->specified = filter;
  clause->denies = name == "$ne" || name == "$nin" ||
                   (kind == ClauseKind::exists &&
                    only_condition(*clause->matcher).kind == FilterNode::Kind::negation);
  return clause;
}

void add_operators(std::string_view path, View body, std::vector<Child>& out);

Child negation(std::string_view path, ValueView value, const bson::Document& filter) {
  auto clause = make(ClauseKind::negation, "$not", filter);
  if (value.type() == Type::regex) {
    clause->children.push_back(leaf(path, "$regex", pair(path, value)));
    return clause;
  }
  std::vector<Child> conditions;
  add_operators(path, value.as_document(), conditions);
  clause->children.push_back(joined(std::move(conditions), pair(path, value)));
  return clause;
}

/// {$gt: 5, $lt: 7}: one clause each.
void add_operators(std::string_view path, View body, std::vector<Child>& out) {
  for (const auto& [name, value] : body) {
    if (name == "$comment" || name == "$options") continue;
    bson::Document condition = pair(name, value);
    if (name == "$regex") {
      if (const auto options = body.find("$options"))
        condition = Writer().append(name, value).append("$options", *options).finish();
    }
    const auto filter = Writer().append(path, condition).finish();
    if (name == "$not") {
      out.push_back(negation(path, value, filter));
      continue;
    }
    out.push_back(leaf(path, name, filter));
  }
}

bool is_operators(ValueView value) {
  if (!value.is_document() || value.as_document().empty()) return false;
  const auto first = value.as_document().begin()->key;
  return first.starts_with('$') && first != "$ref" && first != "$id" && first != "$db";
}

Child parse(View filter) {
  std::vector<Child> all;
  for (const auto& [key, value] : filter) {
    if (key == "$comment") continue;
    if (key == "$and" || key == "$or" || key == "$nor") {
      auto clause = make(key == "$and"  ? ClauseKind::conjunction
                         : key == "$or" ? ClauseKind::disjunction
                                        : ClauseKind::joint_denial,
                         key, pair(key, value));
      for (const auto& branch : value.as_array())
        clause->children.push_back(parse(branch.value.as_document()));
      all.push_back(std::move(clause));
    } else if (key == "$jsonSchema") {
      auto clause = make(ClauseKind::schema, key, pair(key, value));
      clause->schema = std::make_unique<const JsonSchema>(value.as_document());
      all.push_back(std::move(clause));
    } else if (key == "$expr") {
      auto clause = make(ClauseKind::expression, key, pair(key, value));
      clause->specified = pair(key, value);
      ParseScope scope;
      scope.cluster_time = bson::Timestamp{};
      clause->expression = parse_expression(value, scope);
      all.push_back(std::move(clause));
    } else if (is_operators(value)) {
      add_operators(key, value.as_document(), all);
    } else {
      const bool regex = value.type() == Type::regex;
      all.push_back(leaf(key, regex ? "$regex" : "$eq", pair(key, value)));
    }
  }
  return joined(std::move(all), bson::Document(filter));
}

}  // namespace

std::unique_ptr<const ValidationClause> parse_clauses(View filter) { return parse(filter); }

}  // namespace quire::store::embedded
