#include "migrate/step_filters.hpp"

#include "quire/bson/writer.hpp"

namespace quire::migrate {

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
