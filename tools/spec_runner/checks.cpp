#include <algorithm>
#include <array>

#include "compare.hpp"
#include "quire/bson/json.hpp"
#include "store/embedded/engine/compare.hpp"

namespace quire::spec {
namespace {

using bson::Type;
using bson::ValueView;
using bson::View;

std::size_t length_of(ValueView value) {
  if (value.is_array() || value.is_document()) return value.as_nested().count();
  if (value.is_string()) return value.as_string().size();
  return 0;
}

int compare(ValueView a, ValueView b) { return store::embedded::compare(a, b); }

bool is_of_type(ValueView value, std::string_view name) {
  if (name == "number") return value.is_number();
  return bson::type_name(value.type()) == name;
}

struct Check {
  View rule;
  std::optional<ValueView> found;  // at the rule's path

  [[nodiscard]] ValueView operand(std::string_view name) const { return rule[name]; }
};

bool has_element(const Check& check, bool wanted) {
  if (!check.found || !check.found->is_array()) return false;
  const auto key = check.operand("key").as_string();
  const auto value = check.operand("value");
  for (const auto& element : check.found->as_array()) {
    const auto field = at_path(element.value, key);
    if (field && same(value, *field)) return wanted;
  }
  return !wanted;
}

bool ordered_keys(const Check& check) {
  if (!check.found || !check.found->is_document()) return false;
  const View keys = check.operand("expected").as_array();
  auto wanted = keys.begin();
  for (const auto& field : check.found->as_document()) {
    if (wanted == keys.end() || wanted->value.as_string() != field.key) return false;
    ++wanted;
  }
  return wanted == keys.end();
}

bool contains_element(const Check& check) {
  if (!check.found || !check.found->is_array()) return false;
  const auto wanted = check.operand("element");
  for (const auto& element : check.found->as_array()) {
    if (same(wanted, element.value)) return true;
  }
  return false;
}

std::size_t count_of(ValueView number) {
  return number.type() == Type::int64 ? static_cast<std::size_t>(number.as_int64())
                                      : static_cast<std::size_t>(number.as_int32());
}

struct Named {
  std::string_view name;
  bool (*holds)(const Check&);
};

constexpr auto named = std::to_array<Named>({
    {"Exists", [](const Check& c) { return c.found.has_value(); }},
    {"NotExists", [](const Check& c) { return !c.found.has_value(); }},
    {"Eq", [](const Check& c) { return c.found && same(c.operand("expected"), *c.found); }},
    {"Ne", [](const Check& c) { return c.found && !same(c.operand("rejected"), *c.found); }},
    {"Gt", [](const Check& c) { return c.found && compare(*c.found, c.operand("minimum")) > 0; }},
    {"Gte", [](const Check& c) { return c.found && compare(*c.found, c.operand("minimum")) >= 0; }},
    {"Lte", [](const Check& c) { return c.found && compare(*c.found, c.operand("maximum")) <= 0; }},
    {"IsType",
     [](const Check& c) {
       return c.found && is_of_type(*c.found, c.operand("bson_type").as_string());
     }},
    {"Len",
     [](const Check& c) {
       return c.found && length_of(*c.found) == count_of(c.operand("expected"));
     }},
    {"LenGt",
     [](const Check& c) {
       return c.found && length_of(*c.found) > count_of(c.operand("minimum"));
     }},
    {"LenLte",
     [](const Check& c) {
       return c.found && length_of(*c.found) <= count_of(c.operand("maximum"));
     }},
    {"Contains", [](const Check& c) { return has_element(c, true); }},
    {"NotContains", [](const Check& c) { return has_element(c, false); }},
    {"ContainsElement", contains_element},
    {"HasKey",
     [](const Check& c) {
       return c.found && c.found->is_document() &&
              c.found->as_document().contains(c.operand("key").as_string());
     }},
    {"OrderedKeys", ordered_keys},
    {"NonEmptyStr",
     [](const Check& c) { return c.found && c.found->is_string() && !c.found->text().empty(); }},
    {"ByteLen",
     [](const Check& c) {
       const auto wanted = count_of(c.operand("expected"));
       if (c.found && c.found->type() == Type::binary) return c.found->as_binary().size == wanted;
       return c.found && c.found->is_string() && c.found->text().size() == wanted;
     }},
});

}  // namespace

std::optional<std::string> first_failed_check(View list, ValueView root) {
  for (const auto& element : list) {
    const View rule = element.value.as_document();
    const auto name = rule["check"].as_string();
    const auto known = std::ranges::find(named, name, &Named::name);
    if (known == named.end()) return "unknown check " + std::string(name);
    const Check check{rule, at_path(root, rule["path"].as_string())};
    if (!known->holds(check))
      return bson::to_json(rule) + " found " +
             (check.found ? bson::to_json(*check.found) : std::string("nothing"));
  }
  return std::nullopt;
}

}  // namespace quire::spec
