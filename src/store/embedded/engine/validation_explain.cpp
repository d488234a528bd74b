#include "store/embedded/engine/validation_explain.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "store/embedded/engine/server_codes.hpp"
#include "store/embedded/engine/validation_clause.hpp"
#include "store/embedded/expression/let.hpp"

namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;
using bson::View;
using bson::Writer;

namespace {

constexpr std::size_t max_details_bytes = 12U << 20;
constexpr std::size_t max_considered = 10;  // values that are shown of one path

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
  static const Wording other{"", "condition did not match", "condition did match"};
  const auto found = std::ranges::find(all, name, &Wording::name);
  return found == all.end() ? other : *found;
}

void append_error(const Error& error, Writer& out) {
  out.begin_document("details")
      .append("code", std::int32_t{error.backend_code()})
      .append("codeName", code_name(error.backend_code()))
      .append("errmsg", error.detail())
      .end();
}

class Teller {
 public:
  Teller(View document, bool brief, Writer& out) : document_(document), brief_(brief), out_(out) {}

  /// The fields of one clause. `inverted`: it matches, and should not.
  void tell(const ValidationClause& clause, bool inverted) {
    switch (clause.kind) {
      case ClauseKind::conjunction:
      case ClauseKind::disjunction:
        return list(clause, inverted);
      case ClauseKind::joint_denial:
        return list(clause, !inverted);
      case ClauseKind::negation:
        out_.append("operatorName", clause.name).begin_document("details");
        tell(*clause.children.front(), !inverted);
        out_.end();
        return;
      case ClauseKind::schema:
        if (!inverted) return clause.schema->explain(document_, brief_, out_);
        out_.append("operatorName", clause.name).append("reason", "schema matched");
        return;
      case ClauseKind::expression:
        return expression(clause, inverted);
      default:
        leaf(clause, inverted != clause.denies);
    }
  }

 private:
  /// The branches that fail, or that match and should not.
  void list(const ValidationClause& clause, bool inverted) {
    out_.append("operatorName", clause.name)
        .begin_array(inverted ? "clausesSatisfied" : "clausesNotSatisfied");
    std::int32_t index = 0;
    for (const auto& child : clause.children) {
      if (is_at_fault(*child, inverted)) {
        out_.push_document_begin().append("index", index).begin_document("details");
        tell(*child, inverted);
        out_.end().end();
      }
      ++index;
    }
    out_.end();
  }

  /// One that cannot be evaluated is, either way.
  bool is_at_fault(const ValidationClause& clause, bool inverted) const {
    try {
      return clause.matcher->matches(document_) == inverted;
    } catch (const QueryError&) {
      return true;
    }
  }

  void expression(const ValidationClause& clause, bool inverted) {
    out_.append("operatorName", clause.name);
    if (!brief_) out_.append("specifiedAs", clause.specified);
    Evaluation e;
    e.set_now(current_ms());
    e.begin(document_);
    try {
      const auto result = clause.expression->evaluate(e);
      out_.append("reason", inverted ? "expression did match" : "expression did not match");
      if (!is_missing(result)) out_.append("expressionResult", result);
    } catch (const QueryError& error) {
      out_.append("reason", "failed to evaluate aggregation expression");
      append_error(error, out_);
    }
  }

  /// The values at the end of a path; nothing where it leads to none.
  struct Considered {
    std::vector<ValueView> values;
    bool more = false;
  };
  std::optional<Considered> consider(const ValidationClause& clause, Looks looks) const {
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

  void leaf(const ValidationClause& clause, bool inverted) {
    const Wording& wording = wording_of(clause.name);
    out_.append("operatorName", clause.name);
    if (!brief_) out_.append("specifiedAs", clause.specified);
    if (clause.kind == ClauseKind::exists) {
      out_.append("reason", inverted ? "path does exist" : "path does not exist");
      return;
    }
    if (only_condition(*clause.matcher).kind == FilterNode::Kind::always_false) {  // $all: []
      out_.append("reason", "expression always evaluates to false");
      return;
    }
    const auto considered = consider(clause, wording.looks);
    if (!considered) {
      out_.append("reason", "field was missing");
      return;
    }
    if (clause.kind == ClauseKind::type) {
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

ValidationExplainer::ValidationExplainer(View filter) : root_(parse_clauses(filter)) {}
ValidationExplainer::~ValidationExplainer() = default;

bson::Document ValidationExplainer::explain(View document) const {
  const auto id = document.find("_id");
  Writer note;
  if (id) note.append("failingDocumentId", *id);
  try {
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
    note.append("note", "detailed error was too large");
  } catch (const QueryError& error) {
    note.append("note", "failed to generate document validation error");
    append_error(error, note);
  }
  return note.finish();
}

}  // namespace quire::store::embedded
