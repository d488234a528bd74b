#include "migrate/value_path.hpp"

#include "quire/bson/writer.hpp"

namespace quire::migrate {
namespace {

void walk(bson::ValueView value, const std::vector<PathPart>& path, std::size_t from,
          FunctionRef<void(bson::ValueView)> sink) {
  if (from == path.size()) {
    sink(value);
    return;
  }
  const PathPart& part = path[from];
  if (part.elements) {
    if (!value.is_array()) return;
    for (const auto& element : value.as_array()) walk(element.value, path, from + 1, sink);
  } else if (value.is_document()) {
    if (const auto field = value.as_document().find(part.name)) walk(*field, path, from + 1, sink);
  }
}

}  // namespace

std::optional<std::vector<PathPart>> parse_value_path(std::string_view path) {
  std::vector<PathPart> parts;
  while (true) {
    const auto dot = path.find('.');
    std::string_view one = path.substr(0, dot);
    std::size_t lists = 0;
    while (one.ends_with("[]")) {
      one.remove_suffix(2);
      ++lists;
    }
    if (one.empty() || one.front() == '$' || one.find_first_of("[]\"*") != one.npos)
      return std::nullopt;
    parts.push_back({std::string(one), false});
    for (; lists > 0; --lists) parts.push_back({"", true});
    if (dot == path.npos) return parts;
    path.remove_prefix(dot + 1);
  }
}

void for_each_value(bson::View document, const std::vector<PathPart>& path,
                    FunctionRef<void(bson::ValueView)> sink) {
  walk(bson::ValueView(bson::Type::document, document.data(), document.size()), path, 0, sink);
}

bson::Value with_changed(bson::ValueView value, const std::vector<PathPart>& path, std::size_t from,
                         FunctionRef<std::optional<bson::Value>(bson::ValueView)> change) {
  if (from == path.size()) {
    auto changed = change(value);
    return changed ? std::move(*changed) : bson::Value(value);
  }
  const PathPart& part = path[from];
  if (part.elements ? !value.is_array() : !value.is_document()) return bson::Value(value);
  bson::Writer w;
  for (const auto& field : value.as_nested()) {
    if (part.elements || field.key == part.name) {
      w.append(field.key, with_changed(field.value, path, from + 1, change));
    } else {
      w.append(field.key, field.value);
    }
  }
  const bson::Document changed = w.finish();
  return part.elements ? bson::Value::array(changed) : bson::Value(changed);
}

}  // namespace quire::migrate
