#include "store/embedded/engine/validation_explain.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "store/embedded/engine/filter_data.hpp"
#include "store/embedded/engine/matcher.hpp"

namespace quire::store::embedded {

using bson::Element;
using bson::Type;
using bson::ValueView;
using bson::View;
using bson::Writer;

namespace {

constexpr std::size_t max_details_bytes = 12U << 20;
constexpr std::size_t max_considered = 10;  // values that are shown of one path

enum class Kind { leaf, exists, type, conjunction, disjunction, joint_denial, negation, schema };
/// Which values of a path a condition looks at: of an array at its end the elements, or the array.
enum class Looks { at_elements, at_value };

/// What an operator's failure is called, and the opposite.
struct Wording {
  std::string_view name;
  std::string_view failed;
  std::string_view succeeded;
  Looks looks = Looks::at_elements;
  std::vector<Type> types = {};  // that it can meet; empty = any
};

const std::vector<Type> numbers{Type::int32, Type::int64, Type::double_, Type::decimal128};

const Wording& wording_of(std::string_view name) {
  static const auto all = [] {
    auto bits = numbers;
    bits.push_back(Type::binary);
    std::vector<Wording> out;
    for (const auto* comparison : {"$eq", "$ne", "$gt", "$gte", "$lt", "$lte"})
      out.push_back({comparison, "comparison failed", "comparison succeeded"});
    for (const auto* list : {"$in", "$nin"})
      out.push_back({list, "no matching value found in array", "matching value found in array"});
    for (const auto* mask : {"$bitsAllSet", "$bitsAllClear", "$bitsAnySet", "$bitsAnyClear"})
      out.push_back({mask, "bitwise operator failed to match",
                     "bitwise operator matched successfully", Looks::at_elements, bits});
    out.push_back({"$mod", "$mod did not evaluate to expected remainder",
                   "$mod did evaluate to expected remainder", Looks::at_elements, numbers});
    out.push_back({"$regex",
                   "regular expression did not match",
                   "regular expression did match",
                   Looks::at_elements,
                   {Type::string, Type::symbol, Type::regex}});
    out.push_back({"$size",
                   "array length was not equal to given size",
                   "array length was equal to given size",
                   Looks::at_value,
                   {Type::array}});
    out.push_back({"$elemMatch",
                   "array did not satisfy the child predicate",
                   "array did satisfy the child predicate",
                   Looks::at_value,
                   {Type::array}});
    out.push_back({"$all", "array did not contain all specified values",
                   "array did contain all specified values", Looks::at_value});
    return out;
  }();
  static const Wording other{"", "expression did not match", "expression did match"};
  const auto found = std::ranges::find(all, name, &Wording::name);
  return found == all.end() ? other : *found;
}

bson::Document pair(std::string_view key, ValueView value) {
  return Writer().append(key, value).finish();
}

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> steps;
  for (;;) {
    const auto dot = path.find('.');
    steps.emplace_back(path.substr(0, dot));
    if (dot == std::string_view::npos) return steps;
    path.remove_prefix(dot + 1);
  }
}

}  // namespace

/// One condition of the filter, as it was written.
struct ValidationExplainer::Clause {
  Kind kind = Kind::leaf;
  std::string name;                // the operator
  std::vector<std::string> steps;  // of the path
  bson::Document specified;        // {path: {$operator: …}}
  bool denies = false;             // $ne, $nin, $exists: false
  std::unique_ptr<const Matcher> matcher;
  std::unique_ptr<const JsonSchema> schema;
  std::vector<std::unique_ptr<const Clause>> children;
};

namespace {

using Clause = ValidationExplainer::Clause;
using Child = std::unique_ptr<const Clause>;

// ---------------------------------------------------------------- from the filter to clauses

std::unique_ptr<Clause> make(Kind kind, std::string_view name, const bson::Document& filter) {
  auto clause = std::make_unique<Clause>();
  clause->kind = kind;
  clause->name = name;
  clause->matcher = std::make_unique<const Matcher>(filter);
  return clause;
}

Child joined(std::vector<Child> children, const bson::Document& filter) {
  if (children.size() == 1) return std::move(children.front());
  auto all = make(Kind::conjunction, "$and", filter);
  all->children = std::move(children);
  return all;
}

/// The condition that a filter of one comes down to.
const FilterNode& only(const Matcher& matcher) {
  const FilterNode& root = matcher.root();
  return root.children.size() == 1 ? *root.children.front() : root;
}

Child leaf(std::string_view path, std::string_view name, const bson::Document& filter) {
  const Kind kind = name == "$exists" ? Kind::exists : name == "$type" ? Kind::type : Kind::leaf;
  auto clause = make(kind, name, filter);
  clause->steps = split(path);
  clause->specified = filter;
  clause->denies =
      name == "$ne" || name == "$nin" ||
      (kind == Kind::exists && only(*clause->matcher).kind == FilterNode::Kind::negation);
  return clause;
}

void add_operators(std::string_view path, View body, std::vector<Child>& out);

Child negation(std::string_view path, ValueView value, const bson::Document& filter) {
  auto clause = make(Kind::negation, "$not", filter);
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
      auto clause = make(key == "$and"  ? Kind::conjunction
                         : key == "$or" ? Kind::disjunction
                                        : Kind::joint_denial,
                         key, pair(key, value));
      for (const auto& branch : value.as_array())
        clause->children.push_back(parse(branch.value.as_document()));
      all.push_back(std::move(clause));
    } else if (key == "$jsonSchema") {
      auto clause = make(Kind::schema, key, pair(key, value));
      clause->schema = std::make_unique<const JsonSchema>(value.as_document());
      all.push_back(std::move(clause));
    } else if (is_operators(value)) {
      add_operators(key, value.as_document(), all);
    } else {
      const bool regex = value.type() == Type::regex;
      const bool operator_of_document =
          key.starts_with('$') && key != "$ref" && key != "$id" && key != "$db";
      all.push_back(leaf(key,
                         operator_of_document ? key
                         : regex              ? "$regex"
                                              : "$eq",
                         pair(key, value)));
    }
  }
  return joined(std::move(all), bson::Document(filter));
}

// ---------------------------------------------------------------- what is told of a document

class Teller {
 public:
  Teller(View document, bool brief, Writer& out) : document_(document), brief_(brief), out_(out) {}

  /// The fields of one clause. `inverted`: it matches, and should not.
  void tell(const Clause& clause, bool inverted) {
    switch (clause.kind) {
      case Kind::conjunction:
      case Kind::disjunction:
        return list(clause, inverted);
      case Kind::joint_denial:
        return list(clause, !inverted);
      case Kind::negation:
        out_.append("operatorName", clause.name).begin_document("details");
        tell(*clause.children.front(), !inverted);
        out_.end();
        return;
      case Kind::schema:
        if (!inverted) return clause.schema->explain(document_, brief_, out_);
        out_.append("operatorName", clause.name).append("reason", "schema matched");
        return;
      default:
        leaf(clause, inverted != clause.denies);
    }
  }

 private:
  /// The branches that fail, or that match and should not.
  void list(const Clause& clause, bool inverted) {
    out_.append("operatorName", clause.name)
        .begin_array(inverted ? "clausesSatisfied" : "clausesNotSatisfied");
    std::int32_t index = 0;
    for (const auto& child : clause.children) {
      if (child->matcher->matches(document_) == inverted) {
        out_.push_document_begin().append("index", index).begin_document("details");
        tell(*child, inverted);
        out_.end().end();
      }
      ++index;
    }
    out_.end();
  }

  /// The values at the end of a path; nothing where it leads to none.
  struct Considered {
    std::vector<ValueView> values;
    bool more = false;
  };
  std::optional<Considered> consider(const Clause& clause, Looks looks) const {
    Considered out;
    bool exists = false;
    const auto add = [&](ValueView value) {
      if (out.values.size() == max_considered) out.more = true;
      if (!out.more) out.values.push_back(value);
    };
    walk_path(document_, clause.steps, [&](const ValueView* value) {
      if (value == nullptr) return true;  // no further
      exists = true;
      if (looks == Looks::at_elements && value->is_array()) {
        for (const auto& element : value->as_array()) add(element.value);
      } else {
        add(*value);
      }
      return out.more;
    });
    return exists ? std::optional(std::move(out)) : std::nullopt;
  }

  void leaf(const Clause& clause, bool inverted) {
    const Wording& wording = wording_of(clause.name);
    out_.append("operatorName", clause.name);
    if (!brief_) out_.append("specifiedAs", clause.specified);
    if (clause.kind == Kind::exists) {
      out_.append("reason", inverted ? "path does exist" : "path does not exist");
      return;
    }
    if (clause.name.starts_with('$') && clause.steps.front() == clause.name) {  // no path
      out_.append("reason", inverted ? wording.succeeded : wording.failed);
      return;
    }
    if (only(*clause.matcher).kind == FilterNode::Kind::always_false) {  // $all: []
      out_.append("reason", "expression always evaluates to false");
      return;
    }
    const auto considered = consider(clause, wording.looks);
    if (!considered) {
      out_.append("reason", "field was missing");
      return;
    }
    if (clause.kind == Kind::type) {
      out_.append("reason", inverted ? "type did match" : "type did not match");
      append_values(*considered);
      append_types("consideredType", types_of(*considered));
      return;
    }
    const auto meets = [&](ValueView value) {
      return std::ranges::find(wording.types, value.type()) != wording.types.end();
    };
    if (!wording.types.empty() && std::ranges::none_of(considered->values, meets)) {
      out_.append("reason", "type did not match");
      append_types("consideredType", types_of(*considered));
      std::set<std::string_view> expected;
      for (const auto type : wording.types) expected.insert(bson::type_name(type));
      append_types("expectedType", expected);
    } else {
      out_.append("reason", inverted ? wording.succeeded : wording.failed);
    }
    append_values(*considered);
  }

  static std::set<std::string_view> types_of(const Considered& considered) {
    std::set<std::string_view> out;
    for (const auto value : considered.values) out.insert(bson::type_name(value.type()));
    return out;
  }

  /// "consideredType" of one, "consideredTypes" of several.
  void append_types(const std::string& name, const std::set<std::string_view>& types) {
    if (types.empty()) return;
    if (types.size() == 1) {
      out_.append(name, *types.begin());
      return;
    }
    out_.begin_array(name + "s");
    for (const auto type : types) out_.push(type);
    out_.end();
  }

  void append_values(const Considered& considered) {
    if (brief_) return;
    if (considered.values.size() == 1) {
      out_.append("consideredValue", considered.values.front());
    } else {
      out_.begin_array("consideredValues");
      for (const auto value : considered.values) out_.push(value);
      out_.end();
    }
    if (considered.more) out_.append("consideredValuesTruncated", true);
  }

  View document_;
  bool brief_;
  Writer& out_;
};

}  // namespace

ValidationExplainer::ValidationExplainer(View filter) : root_(parse(filter)) {}
ValidationExplainer::~ValidationExplainer() = default;

bson::Document ValidationExplainer::explain(View document) const {
  const auto id = document.find("_id");
  for (const bool brief : {false, true}) {
    Writer out;
    if (id) out.append("failingDocumentId", *id);
    if (brief) out.append("truncated", true);
    out.begin_document("details");
    Teller(document, brief, out).tell(*root_, false);
    out.end();
    auto info = out.finish();
    if (info.size() <= max_details_bytes) return info;
  }
  Writer out;
  if (id) out.append("failingDocumentId", *id);
  return out.append("note", "detailed error was too large").finish();
}

}  // namespace quire::store::embedded
