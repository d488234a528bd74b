#include "migrate/step_filters.hpp"

#include <algorithm>

#include "migrate/support.hpp"
#include "quire/bson/writer.hpp"

namespace quire::migrate {
namespace {

void collect_fields(bson::View filter, std::vector<std::string>& fields) {
  for (const auto& part : filter) {
    if (part.key == "$and" && part.value.is_array()) {
      for (const auto& one : part.value.as_array())
        if (one.value.is_document()) collect_fields(one.value.as_document(), fields);
    } else if (!part.key.starts_with('$')) {
      fields.emplace_back(part.key);
    }
  }
}

}  // namespace

std::vector<std::string> filter_fields(bson::View filter) {
  std::vector<std::string> fields;
  collect_fields(filter, fields);
  return fields;
}

bool serves(const std::vector<bson::Document>& indexes, bson::View filter) {
  const auto fields = filter_fields(filter);
  const auto is_asked = [&](std::string_view field) {
    return std::ranges::find(fields, field) != fields.end();
  };
  if (is_asked("_id")) return true;
  return std::ranges::any_of(indexes, [&](const bson::Document& index) {
    if (index.view().contains("partialFilterExpression") || get_flag(index, "sparse")) return false;
    const bson::View keys = index["key"].as_document();
    return !keys.empty() && is_asked(keys.begin()->key);
  });
}

bson::View filter_of(const detail::StepData& step) {
  const auto filter = step.spec.find("filter");
  return filter ? filter->as_document() : bson::View();
}

bson::Document older_than(std::int32_t version) {
  bson::Writer filter;
  filter.begin_document("_v").begin_document("$not").append("$gte", version).end().end();
  return filter.finish();
}

bson::Document left_of_version(const detail::StepData& step) {
  bson::Writer filter;
  filter.append_all(older_than(detail::work_as<detail::RowWork>(step)->to_version));
  if (const bson::View wanted = filter_of(step); !wanted.empty())
    filter.begin_array("$and").push(wanted).end();
  return filter.finish();
}

}  // namespace quire::migrate
