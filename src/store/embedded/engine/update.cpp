#include "store/embedded/engine/update.hpp"

#include <chrono>
#include <utility>

#include "quire/bson/writer.hpp"
#include "store/embedded/engine/change_description.hpp"
#include "store/embedded/engine/compare.hpp"
#include "store/embedded/engine/timestamps.hpp"
#include "store/embedded/engine/update_tree.hpp"
#include "store/embedded/pipeline/stage.hpp"

namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;
using bson::View;

namespace {

constexpr int failed_to_parse = 9;
constexpr int overflow = 15;
constexpr int dollar_prefixed = 52;
constexpr int invalid_id_field = 53;
constexpr int immutable_code = 66;
constexpr int too_large = 17419;

[[noreturn]] void fail_immutable() {
  throw StoreError(ErrorCode::immutable_field, FieldPath("_id"),
                   "the _id of a document does not change", immutable_code);
}

void check_no_dollar(View document, const std::string& path, int depth) {
  if (depth > bson::max_depth) update::fail(overflow, path, "the value is nested too deeply");
  for (const auto& [name, value] : document) {
    if (name.starts_with('$'))
      update::fail(dollar_prefixed, path, "a field of _id does not begin with $");
    if (value.is_document()) check_no_dollar(value.as_document(), path, depth + 1);
  }
}

void check_id_value(ValueView id) {
  if (id.is_array() || id.type() == Type::regex || id.type() == Type::undefined)
    update::fail(invalid_id_field, "_id",
                 "an _id is not of type " + std::string(type_name(id.type())));
  if (id.is_document()) check_no_dollar(id.as_document(), "_id", 1);
}

void check_replacement(View document) {
  for (const auto& [name, value] : document) {
    if (name.starts_with('$'))
      update::fail(dollar_prefixed, std::string(name),
                   "a field of a replacement does not begin with $");
    if (name == "_id") check_id_value(value);
    (void)update::value_depth(value, std::string(name));
  }
}

bson::Document replaced(View replacement, std::optional<ValueView> id) {
  const auto own = replacement.find("_id");
  if (own && id && compare(*own, *id) != 0) fail_immutable();
  bson::Writer out;
  if (id) {
    out.append("_id", *id);
  } else if (own) {
    out.append("_id", *own);
  }
  for (const auto& [name, value] : replacement) {
    if (name != "_id") append_field(out, name, value);
  }
  auto document = out.finish();
  if (document.size() > bson::max_document_bytes)
    update::fail(too_large, "", "the document would be larger than 16 MiB");
  return document;
}

bson::Document with_id_in_front(bson::Document document) {
  const auto it = document.begin();
  if (it != document.end() && it->key == "_id") return document;
  bson::Writer out;
  if (const auto id = document.find("_id")) {
    out.append("_id", *id);
  } else {
    out.append("_id", bson::ObjectId::generate());
  }
  for (const auto& [name, value] : document) {
    if (name != "_id") out.append(name, value);
  }
  return out.finish();
}

}  // namespace

struct Updater::Impl {
  bson::Document replacement;
  update::Tree tree;
  bool is_replacement = false;
  bool is_pipeline = false;
  StageSpecs stages;
};

Updater::Updater(View body, std::optional<View> array_filters, bool replace_allowed) {
  auto impl = std::make_unique<Impl>();
  const auto first = body.begin();
  impl->is_replacement = first == body.end() || !first->key.starts_with('$');
  if (impl->is_replacement) {
    if (!replace_allowed)
      update::fail(failed_to_parse, "", "an update of many documents needs update operators");
    if (array_filters && !array_filters->empty())
      update::fail(failed_to_parse, "arrayFilters", "a replacement takes no array filters");
    check_replacement(body);
    impl->replacement = bson::Document(body);
  } else {
    impl->tree = update::parse(body, array_filters);
  }
  impl_ = std::move(impl);
}

Updater::~Updater() = default;
Updater::Updater(Updater&&) noexcept = default;
Updater& Updater::operator=(Updater&&) noexcept = default;

bool Updater::is_replacement() const noexcept { return impl_->is_replacement; }

namespace {

/// What the stages make of the document, with its _id in front. It counts as changed where what
/// they gave is not the same: without the _id it never is.
Updater::Outcome run_stages(const StageSpecs& stages, View document) {
  const auto after = run_on_one(stages, document);
  if (!after) return {bson::Document(document), false};
  const auto id = document.find("_id");
  const auto made = after->find("_id");
  if (id && made && compare(*id, *made) != 0) fail_immutable();
  if (made && !id) check_id_value(*made);
  bson::Writer out;
  if (id) {
    out.append("_id", *id);
  } else if (made) {
    out.append("_id", *made);
  }
  for (const auto& [name, value] : *after) {
    if (name != "_id") append_field(out, name, value);
  }
  auto whole = out.finish();
  if (whole.size() > bson::max_document_bytes)
    update::fail(too_large, "", "the document would be larger than 16 MiB");
  return {std::move(whole), !(after->view() == document)};
}

}  // namespace

Updater::Outcome Updater::apply(View document, const MatchDetails& details, bool inserting) const {
  Outcome outcome;
  if (impl_->is_pipeline) {
    outcome = run_stages(impl_->stages, document);
  } else if (impl_->is_replacement) {
    outcome.document = replaced(impl_->replacement, document.find("_id"));
    // Compared as it was given: one without the _id is never the same.
    outcome.changed = !(impl_->replacement.view() == document);
  } else {
    auto applied = update::apply(impl_->tree, document, {&details, inserting});
    outcome.document = std::move(applied.document);
    outcome.changed = applied.written;
  }
  outcome.changed = outcome.changed || !(outcome.document.view() == document);
  return outcome;
}

std::optional<bson::Document> Updater::describe(View before, View after) const {
  if (impl_->is_replacement) return std::nullopt;
  if (impl_->is_pipeline) return describe_difference(before, after);
  return describe_update(impl_->tree, before, after);
}

bson::Document Updater::document_for_upsert(const Matcher& filter) const {
  bson::Document dotted = filter.equality_fields();
  if (impl_->is_replacement) {
    // Of the filter only the _id counts.
    bson::Writer id;
    for (const auto& [name, value] : dotted) {
      if (name == "_id" || name.starts_with("_id.")) id.append(name, value);
    }
    dotted = id.finish();
  }
  const auto start = update::apply(update::parse_equalities(dotted), {}, {nullptr, true}).document;
  auto document = with_id_in_front(apply(start, {}, true).document);
  check_id_value(document["_id"]);
  if (document.size() > bson::max_document_bytes)
    update::fail(too_large, "", "the document would be larger than 16 MiB");
  return document;
}

Updater Updater::of_pipeline(View stages, const ParseScope& given) {
  ParseScope scope = given;
  PipelineContext context{scope, {}, {}, PipelinePlace::update, 0, false, {}, {}};
  auto impl = std::make_unique<Impl>();
  impl->is_pipeline = true;
  impl->stages = parse_pipeline(stages, context);
  Updater out;
  out.impl_ = std::move(impl);
  return out;
}

}  // namespace quire::store::embedded
