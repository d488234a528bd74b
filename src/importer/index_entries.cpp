#include "importer/index_entries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <compare>
#include <optional>

#include "importer/import_writer.hpp"
#include "migrate/same_value.hpp"
#include "quire/core/error.hpp"

namespace quire::importer {

void add_values(bson::ValueView value, std::string_view path, std::vector<bson::ValueView>& out) {
  if (value.is_array()) {
    for (const auto& element : value.as_array()) {
      if (element.value.is_array() && path.empty())
        out.push_back(element.value);
      else
        add_values(element.value, path, out);
    }
    return;
  }
  if (path.empty()) {
    out.push_back(value);
    return;
  }
  if (!value.is_document()) return;
  const auto dot = path.find('.');
  if (const auto found = value.as_document().find(path.substr(0, dot)))
    add_values(*found, dot == path.npos ? "" : path.substr(dot + 1), out);
}

std::vector<std::string> entries_of(bson::View document, const IndexInfo& index) {
  std::vector<std::string> entries{""};
  bool any = false;
  for (const auto& field : index.keys) {
    std::vector<bson::ValueView> values;
    add_values({bson::Type::document, document.data(), document.size()}, field.key, values);
    any = any || !values.empty();
    std::vector<std::string> texts;
    for (const auto& value : values) texts.push_back(id_text(value));
    if (texts.empty()) texts.emplace_back("null");
    std::sort(texts.begin(), texts.end());
    texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
    std::vector<std::string> more;
    for (const std::string& entry : entries)
      for (const std::string& text : texts)
        more.push_back(entry.empty() ? text : fmt::format("{}, {}", entry, text));
    entries = std::move(more);
  }
  if (index.sparse && !any) entries.clear();
  return entries;
}

namespace {

template <class F>
bool any_of(bson::View list, F holds) {
  for (const auto& one : list) {
    if (holds(one)) return true;
  }
  return false;
}
template <class F>
bool all_of(bson::View list, F holds) {
  return !any_of(list, [&](const bson::Element& one) { return !holds(one); });
}

[[noreturn]] void refuse(std::string_view what) {
  throw ImportError(
      ErrorCode::unsupported,
      fmt::format("the filter of a partial index has {}, which is not looked at here; "
                  "look for duplicates of its columns",
                  what));
}

double number_of(bson::ValueView value) {
  switch (value.type()) {
    case bson::Type::int32:
      return value.as_int32();
    case bson::Type::int64:
      return static_cast<double>(value.as_int64());
    case bson::Type::double_:
      return value.as_double();
    default:
      refuse("a decimal");
  }
}

/// Of values that compare with each other; nothing: they do not.
std::optional<std::strong_ordering> order_of(bson::ValueView a, bson::ValueView b) {
  const auto of = [](auto x, auto y) {
    return x < y   ? std::strong_ordering::less
           : y < x ? std::strong_ordering::greater
                   : std::strong_ordering::equal;
  };
  if (migrate::same_value(a, b)) return std::strong_ordering::equal;
  if (a.is_number() && b.is_number()) return of(number_of(a), number_of(b));
  if (a.type() != b.type()) return std::nullopt;
  switch (a.type()) {
    case bson::Type::string:
      return of(a.as_string(), b.as_string());
    case bson::Type::date_time:
      return of(a.as_date_time(), b.as_date_time());
    case bson::Type::boolean:
      return of(a.as_bool(), b.as_bool());
    case bson::Type::object_id:
      return of(a.as_object_id().bytes, b.as_object_id().bytes);
    default:
      refuse("a comparison with " + std::string(bson::type_name(b.type())));
  }
}

bool is_of_type(bson::ValueView value, bson::ValueView wanted) {
  if (!wanted.is_string()) refuse("a $type that is no name");
  const std::string_view name = wanted.as_string();
  return name == "number" ? value.is_number() : bson::type_name(value.type()) == name;
}

/// `values`: all that is at the path; none: it is absent.
bool meets(const std::vector<bson::ValueView>& values, std::string_view op,
           bson::ValueView wanted) {
  const auto any = [&](auto holds) { return std::any_of(values.begin(), values.end(), holds); };
  const auto ordered = [&](auto holds) {
    return any([&](bson::ValueView one) {
      const auto order = order_of(one, wanted);
      return order && holds(*order);
    });
  };
  if (op == "$exists")
    return values.empty() != (wanted.type() == bson::Type::boolean ? wanted.as_bool() : true);
  if (op == "$eq")
    return any([&](bson::ValueView one) { return migrate::same_value(one, wanted); }) ||
           (values.empty() && wanted.is_null());
  if (op == "$gt") return ordered([](auto order) { return order > 0; });
  if (op == "$gte") return ordered([](auto order) { return order >= 0; });
  if (op == "$lt") return ordered([](auto order) { return order < 0; });
  if (op == "$lte") return ordered([](auto order) { return order <= 0; });
  if (op == "$type") return any([&](bson::ValueView one) { return is_of_type(one, wanted); });
  if (op == "$in" && wanted.is_array()) {
    const bson::View list = wanted.as_array();
    return any_of(list, [&](const bson::Element& one) { return meets(values, "$eq", one.value); });
  }
  refuse(op);
}

bool is_in(bson::View document, const bson::Element& condition) {
  const auto holds = [&](const bson::Element& one) {
    return one.value.is_document() && is_in_partial(document, one.value.as_document());
  };
  if (condition.key == "$and" && condition.value.is_array())
    return all_of(condition.value.as_array(), holds);
  if (condition.key == "$or" && condition.value.is_array())
    return any_of(condition.value.as_array(), holds);
  if (condition.key.starts_with('$')) refuse(condition.key);
  std::vector<bson::ValueView> values;
  add_values({bson::Type::document, document.data(), document.size()}, condition.key, values);
  if (condition.value.is_document()) {
    const bson::View operators = condition.value.as_document();
    if (operators.begin() != operators.end() && (*operators.begin()).key.starts_with('$'))
      return all_of(operators,
                    [&](const bson::Element& one) { return meets(values, one.key, one.value); });
  }
  return meets(values, "$eq", condition.value);
}

}  // namespace

bool is_in_partial(bson::View document, bson::View filter) {
  return all_of(filter, [&](const bson::Element& condition) { return is_in(document, condition); });
}

}  // namespace quire::importer
