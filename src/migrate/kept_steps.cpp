// Migrations with keep_preimages before they run: what may be kept, and the way back.
#include <algorithm>
#include <map>

#include "bson/nan.hpp"
#include "migrate/documents.hpp"
#include "migrate/jobs.hpp"
#include "migrate/kept_images.hpp"
#include "migrate/key_order.hpp"
#include "migrate/step_make.hpp"
#include "migrate/support.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {
namespace {

using detail::FieldWork;
using detail::RowWork;

bool is_kept(const detail::StepData& step) { return detail::work_as<RowWork>(step) != nullptr; }

[[noreturn]] void refuse(const Migration& migration, const std::string& why) {
  throw MigrationError(ErrorCode::invalid_migration, FieldPath(migration.info().id),
                       "keep_preimages is not for " + why);
}

/// The stages of an aggregation that do the same as the operators of a step on fields.
bson::Document stages_of(const FieldWork& work) {
  if (work.pipeline) return work.update;
  bson::Writer stages;
  const auto stage = [&](auto&& fill) {
    bson::Writer one;
    fill(one);
    stages.push(one.finish());
  };
  const auto unset = [&](std::string_view field) {
    stage([&](bson::Writer& w) { w.begin_array("$unset").push(field).end(); });
  };
  for (const auto& [op, fields] : work.update.view()) {
    for (const auto& [field, value] : fields.as_document()) {
      if (op == "$unset") {
        unset(field);
      } else if (op == "$rename") {
        stage([&](bson::Writer& w) {
          w.begin_document("$set").append(value.as_string(), "$" + std::string(field)).end();
        });
        unset(field);
      } else {  // $set
        stage([&](bson::Writer& w) {
          w.begin_document("$set").begin_document(field).append("$literal", value).end().end();
        });
      }
    }
  }
  return stages.finish();
}

/// An update by operators refuses a path that leads through what is no document; stages would not.
void check_path(const detail::StepData& step, bson::View document, std::string_view path) {
  bson::View at = document;
  for (auto dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
    const auto value = at.find(path.substr(0, dot));
    if (!value) return;
    if (value->type() != bson::Type::document) {
      throw StepError(ErrorCode::invalid_update,
                      "\"" + std::string(path.substr(0, dot)) +
                          "\" is no document, and the step names a field in it",
                      step.collection, bson::Value(document["_id"]));
    }
    at = value->as_document();
    path.remove_prefix(dot + 1);
  }
}

bson::Document only(bson::View document, const std::vector<std::string>& fields) {
  bson::Writer out;
  for (const auto& [key, value] : document)
    if (std::ranges::find(fields, key) != fields.end()) out.append(key, value);
  return out.finish();
}

/// Finds the documents of a batch, which are in the order of _id, by their range where that finds
/// them all: servers are slow with long lists.
bson::Document these(std::span<const bson::Document> documents, bson::View filter) {
  const bson::ValueView first = documents.front()["_id"], last = documents.back()["_id"];
  bson::Writer id;
  if (key_place(first.type()) == key_place(last.type()) && !bson::is_nan(first)) {
    id.begin_document("_id").append("$gte", first).append("$lte", last).end();
  } else {
    id.begin_document("_id").begin_array("$in");
    for (const auto& document : documents) id.push(document["_id"]);
    id.end().end();
  }
  if (filter.empty()) return id.finish();
  bson::Writer both;
  both.begin_array("$and").push(id.finish()).push(filter).end();
  return both.finish();
}

/// The same step as one that goes over documents.
Step over_documents(const Step& step) {
  const auto& data = step.data();
  const auto& fields = *detail::work_as<FieldWork>(data);
  std::vector<std::string> paths, names;
  for (const std::string& touched : data.touches) {
    paths.push_back(touched.substr(data.collection.size() + 1));
    names.push_back(paths.back().substr(0, paths.back().find('.')));
  }
  RowWork rows;
  rows.fill = true;
  rows.fields = std::make_shared<const FieldWork>(fields);
  rows.images = [data, paths, names, stages = stages_of(fields), filter = fields.filter,
                 by_operators = !fields.pipeline](Database& db, store::Session* session,
                                                  std::span<const bson::Document> documents) {
    std::vector<RowImages> images(documents.size(), RowImages{{}, bson::Document()});
    if (documents.empty()) return images;
    std::map<std::string, std::size_t> places;
    bson::Writer pipeline;
    for (std::size_t i = 0; i < documents.size(); ++i) {
      if (by_operators)
        for (const std::string& path : paths) check_path(data, documents[i], path);
      places.emplace(key_text(documents[i]["_id"]), i);
    }
    pipeline.push(bson::make_document("$match", these(documents, filter)));
    for (const auto& stage : stages.view()) pipeline.push(stage.value);
    const bson::Document body = pipeline.finish();
    static const ReadPreference primary;
    store::AggregateOptions options;
    options.session = session;
    if (session == nullptr) options.read_preference = &primary;
    const auto cursor = db.store().aggregate(db.ns(data.collection), body, options);
    while (const auto after = cursor->next()) {
      const auto place = places.find(key_text((*after)["_id"]));
      if (place == places.end()) continue;
      images[place->second] = {only(documents[place->second], names), only(*after, names)};
    }
    return images;
  };
  auto copy = std::make_shared<detail::StepData>(data);
  copy->work = std::make_shared<detail::StepWork>(detail::StepWork{std::move(rows)});
  return Step(std::move(copy));
}

Step restore_step(const Compiled& migration, int number) {
  const auto& data = migration.steps[static_cast<std::size_t>(number - 1)].data();
  const std::string from = kept_collection(migration.id());
  bson::Writer spec;
  spec.append("op", "restore_preimages")
      .append("collection", data.collection)
      .append("step", std::int32_t{number})
      .append("filter", bson::make_document("_id.s", std::int32_t{number}));
  auto step = make_step(
      from, spec.finish(),
      detail::RestoreWork{data.collection, number, job_id(migration.id(), false, number)});
  step->touches = data.touches;
  step->no_way_back = "this step is itself a way back";
  return Step(std::move(step));
}

}  // namespace

void keep_images(Compiled& migration) {
  const MigrationInfo& info = migration.migration->info();
  const std::string& id = info.id;
  if (id.find('$') != std::string::npos || id.find('\0') != std::string::npos ||
      id.find("..") != std::string::npos || id.back() == '.') {
    refuse(*migration.migration,
           "an id with \"$\", a zero byte, \"..\" or a dot at its end: no collection can have it "
           "in its name");
  }
  if (info.repeatable) refuse(*migration.migration, "migrations that are repeatable");
  if (const Undo undo = migration.migration->undo(); !undo.reason().empty())
    refuse(*migration.migration, "one that says it is irreversible: " + undo.reason());
  for (Step& step : migration.steps) {
    const auto& data = step.data();
    if (detail::work_as<FieldWork>(data) != nullptr) {
      step = over_documents(step);
    } else if (!is_kept(data) && data.inverse == nullptr) {
      refuse(*migration.migration, get_text(data.spec, "op") +
                                       ", whose effects are no fields of documents, and which " +
                                       "has no inverse: " + data.no_way_back);
    }
  }
}

void go_back_by_images(Compiled& migration) {
  std::vector<Step> back;
  for (int number = static_cast<int>(migration.steps.size()); number > 0; --number) {
    const auto& data = migration.steps[static_cast<std::size_t>(number - 1)].data();
    if (is_kept(data)) {
      back.push_back(restore_step(migration, number));
    } else {
      back.emplace_back(data.inverse);
    }
  }
  migration.back = Compiled::Way::steps;
  migration.down_steps = std::move(back);
  migration.derived_back = true;
  migration.by_images = true;
  migration.no_way_back.clear();
}

}  // namespace quire::migrate
