#include "store/validation.hpp"

#include <optional>

#include "quire/bson/json.hpp"
#include "quire/core/error.hpp"

namespace quire::store {

using bson::Type;
using bson::ValueView;
using bson::View;

namespace {

constexpr int deepest = 100;

std::optional<View> document_at(View from, std::string_view name) {
  const auto found = from.find(name);
  return found && found->is_document() ? std::optional(found->as_document()) : std::nullopt;
}
std::optional<View> array_at(View from, std::string_view name) {
  const auto found = from.find(name);
  return found && found->is_array() ? std::optional(found->as_array()) : std::nullopt;
}
std::string_view text_at(View from, std::string_view name) {
  const auto found = from.find(name);
  return found && found->is_string() ? found->as_string() : std::string_view{};
}
std::optional<std::int64_t> number_at(View from, std::string_view name) {
  const auto found = from.find(name);
  if (!found) return std::nullopt;
  if (found->type() == Type::int32) return found->as_int32();
  if (found->type() == Type::int64) return found->as_int64();
  if (found->type() == Type::double_) return static_cast<std::int64_t>(found->as_double());
  return std::nullopt;
}

std::string below(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : path + "." + std::string(name);
}

/// Values may be long or secret: a log line need not hold all of one.
std::string short_json(ValueView value) {
  std::string text = bson::to_json(value, bson::JsonMode::shell);
  if (text.size() > 80) {
    std::size_t end = 80;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    text.resize(end);
    text += "…";
  }
  return text;
}

struct Wording {
  std::string_view keyword;
  std::string_view must;
};
constexpr Wording wordings[] = {{"minimum", "must be at least "},
                                {"maximum", "must be at most "},
                                {"exclusiveMinimum", "must be above "},
                                {"exclusiveMaximum", "must be below "},
                                {"bsonType", "must be of type "},
                                {"type", "must be of type "},
                                {"enum", "must be one of "},
                                {"pattern", "must match "},
                                {"minLength", "must have this many characters or more: "},
                                {"maxLength", "must have this many characters or fewer: "},
                                {"minItems", "must have this many elements or more: "},
                                {"maxItems", "must have this many elements or fewer: "},
                                {"minProperties", "must have this many fields or more: "},
                                {"maxProperties", "must have this many fields or fewer: "},
                                {"multipleOf", "must be a multiple of "},
                                {"uniqueItems", "must have no element twice"}};

std::string leaf_text(View rule, std::string_view keyword) {
  std::string text;
  for (const auto& wording : wordings) {
    if (wording.keyword == keyword) text = wording.must;
  }
  const auto given = document_at(rule, "specifiedAs");
  const auto operand = given ? given->find(keyword) : std::nullopt;
  if (text.empty()) {
    text = "does not satisfy " + std::string(keyword.empty() ? "the rule" : keyword);
    if (given && !given->empty())
      text += " of " + short_json(ValueView(Type::document, given->data(), given->size()));
  } else if (operand && keyword != "uniqueItems") {
    text += short_json(*operand);
  }
  const auto kind = text_at(rule, "consideredType");
  if (const auto value = rule.find("consideredValue"))
    text += ", is " + (kind.empty() ? short_json(*value) : std::string(kind));
  else if (rule.contains("consideredValues"))
    text += ", is " + short_json(rule["consideredValues"]);
  else if (text_at(rule, "reason") == "field was missing")
    text += ", is absent";
  return text;
}

class Reader {
 public:
  std::vector<Unmet> found;

  /// One operator: of a schema, or of the query language around it.
  void rule(View one, const std::string& path, int depth) {
    if (depth > deepest) return;
    const auto keyword = text_at(one, "operatorName");
    const std::size_t before = found.size();
    if (const auto rules = array_at(one, "schemaRulesNotSatisfied")) list(*rules, path, depth);
    if (const auto clauses = array_at(one, "clausesNotSatisfied")) {
      // $and, $or, $nor: each is {index, details}.
      if (keyword == "$or")
        alternatives(*clauses, path, depth);
      else
        list_details(*clauses, path, depth);
    }
    if (const auto properties = array_at(one, "propertiesNotSatisfied")) {
      for (const auto& property : *properties) {
        if (!property.value.is_document()) continue;
        const View view = property.value.as_document();
        details(view, below(path, text_at(view, "propertyName")), depth);
      }
    }
    if (const auto names = array_at(one, "missingProperties")) {
      for (const auto& name : *names) {
        if (name.value.is_string())
          found.push_back({below(path, name.value.as_string()), "is missing"});
      }
    }
    if (keyword == "additionalProperties") {
      if (const auto names = array_at(one, "additionalProperties")) {
        for (const auto& name : *names) {
          if (name.value.is_string())
            found.push_back(
                {below(path, name.value.as_string()), "is none of the schema's fields"});
        }
      }
      if (const auto name = text_at(one, "failingProperty"); !name.empty())
        details(one, below(path, name), depth);
    } else if (keyword == "patternProperties") {
      if (const auto several = array_at(one, "details")) {
        for (const auto& property : *several) {
          if (!property.value.is_document()) continue;
          const View view = property.value.as_document();
          details(view, below(path, text_at(view, "propertyName")), depth);
        }
      }
    } else if (keyword == "items" || keyword == "additionalItems") {
      items(one, path, depth);
    } else if (keyword == "anyOf" || keyword == "oneOf") {
      if (const auto schemas = array_at(one, "schemasNotSatisfied"))
        alternatives(*schemas, path, depth);
    } else if (const auto schemas = array_at(one, "schemasNotSatisfied")) {
      list_details(*schemas, path, depth);
    } else if (one.contains("details") && found.size() == before) {
      details(one, path, depth);
    }
    if (found.size() == before) found.push_back({leaf_path(one, path), leaf_text(one, keyword)});
  }

 private:
  void list(View rules, const std::string& path, int depth) {
    for (const auto& one : rules) {
      if (one.value.is_document()) rule(one.value.as_document(), path, depth + 1);
    }
  }
  /// `details` is one rule or a list of them.
  void details(View holder, const std::string& path, int depth) {
    const std::size_t before = found.size();
    if (const auto several = array_at(holder, "details")) list(*several, path, depth);
    if (const auto one = document_at(holder, "details")) rule(*one, path, depth + 1);
    if (found.size() == before) found.push_back({path, "does not satisfy its schema"});
  }
  void list_details(View holders, const std::string& path, int depth) {
    for (const auto& one : holders) {
      if (one.value.is_document()) details(one.value.as_document(), path, depth);
    }
  }
  void items(View one, const std::string& path, int depth) {
    if (const auto index = number_at(one, "itemIndex"))
      return details(one, path + "[" + std::to_string(*index) + "]", depth);
    if (const auto extra = array_at(one, "additionalItems"); extra && !extra->empty()) {
      found.push_back({path, "has " + std::to_string(extra->count()) + " elements too many"});
      return;
    }
    // Schemas by position: each is {itemIndex, details}.
    const auto several = array_at(one, "details");
    if (!several) return;
    for (const auto& item : *several) {
      if (!item.value.is_document()) continue;
      const View view = item.value.as_document();
      if (const auto index = number_at(view, "itemIndex"))
        details(view, path + "[" + std::to_string(*index) + "]", depth);
      else
        rule(view, path, depth + 1);
    }
  }
  /// None of several was met: the one that reached deepest tells most.
  void alternatives(View holders, const std::string& path, int depth) {
    std::vector<Unmet> best;
    std::size_t count = 0;
    for (const auto& one : holders) {
      if (!one.value.is_document()) continue;
      Reader reader;
      reader.details(one.value.as_document(), path, depth + 1);
      ++count;
      const bool deeper =
          best.empty() ||
          (!reader.found.empty() && reader.found.front().path.size() > best.front().path.size());
      if (deeper) best = std::move(reader.found);
    }
    if (count > 1 && !best.empty() && best.front().path == path)
      best = {{path, "is none of the " + std::to_string(count) + " kinds that are allowed"}};
    found.insert(found.end(), best.begin(), best.end());
  }
  /// A query operator names its field: specifiedAs {age: {$gte: 0}}.
  static std::string leaf_path(View one, const std::string& path) {
    if (!path.empty() || !text_at(one, "operatorName").starts_with('$')) return path;
    const auto given = document_at(one, "specifiedAs");
    if (!given || given->empty()) return path;
    const auto key = given->begin()->key;
    return key.starts_with('$') ? path : std::string(key);
  }
};

}  // namespace

std::vector<Unmet> unmet_rules(View error_info) {
  Reader reader;
  try {
    if (const auto details = document_at(error_info, "details")) reader.rule(*details, {}, 0);
  } catch (const FormatError&) {  // a reply cut short: what was read counts
  } catch (const MappingError&) {
  }
  return std::move(reader.found);
}

FieldPath failing_path(View error_info) {
  const auto rules = unmet_rules(error_info);
  return rules.empty() ? FieldPath() : FieldPath(rules.front().path);
}

std::string sentence_of(const std::vector<Unmet>& rules) {
  constexpr std::size_t most = 3;
  std::string text;
  for (std::size_t i = 0; i < rules.size() && i < most; ++i) {
    if (i != 0) text += "; ";
    text +=
        (rules[i].path.empty() ? std::string("the document") : rules[i].path) + " " + rules[i].text;
  }
  if (rules.size() > most) text += "; and " + std::to_string(rules.size() - most) + " more";
  return text;
}

std::string with_rules(std::string message, View error_info) {
  const std::string rules = sentence_of(unmet_rules(error_info));
  return rules.empty() ? message : message + ": " + rules;
}

}  // namespace quire::store
