#include "operations.hpp"
#include "quire/bson/writer.hpp"

namespace quire::unified {
namespace {

using bson::Document;
using bson::Value;
using bson::View;
using bson::Writer;
using Kind = store::BulkOperation::Kind;

std::vector<View> documents_of(View list) {
  std::vector<View> out;
  for (const auto& item : list) out.push_back(item.value.as_document());
  return out;
}

[[noreturn]] void fail(const store::WriteError& first, std::optional<Document> partial) {
  throw Failure{first.error.code(),   first.error.backend_code(), first.error.detail(),
                first.error.labels(), std::move(partial),         first.details};
}

Answer insert_one(World& world, Target& target, Arguments& arguments) {
  const View document = arguments.need("document").as_document();
  store::InsertOptions options;
  arguments.common(world, target, options, false, true);
  arguments.to_bypass(options.bypass_document_validation);
  arguments.done();
  const auto result = target.store().insert(target.ns(), {&document, 1}, options);
  if (!result.errors.empty()) fail(result.errors.front(), std::nullopt);
  Writer out;
  if (const auto id = document.find("_id")) out.append("insertedId", *id);
  return Value(out.finish());
}

Answer insert_many(World& world, Target& target, Arguments& arguments) {
  const auto documents = documents_of(arguments.need("documents").as_array());
  store::InsertOptions options;
  arguments.common(world, target, options, false, true);
  arguments.to("ordered", options.ordered);
  arguments.to_bypass(options.bypass_document_validation);
  arguments.done();
  const auto result = target.store().insert(target.ns(), documents, options);
  Writer out;
  out.append("insertedCount", result.inserted).append("matchedCount", 0);
  out.append("modifiedCount", 0).append("deletedCount", 0).append("upsertedCount", 0);
  out.begin_document("upsertedIds").end();
  if (!result.errors.empty()) fail(result.errors.front(), out.finish());
  out.begin_document("insertedIds");
  for (std::size_t i = 0; i < documents.size(); ++i) {
    if (const auto id = documents[i].find("_id")) out.append(std::to_string(i), *id);
  }
  out.end();
  return Value(out.finish());
}

/// The port has one call for updates and whole documents, told apart by their fields; the typed
/// layer has two. What must be refused by the one is right for the other.
void refuse_other_kind(const store::UpdateSpec& spec, bool replaces) {
  if (spec.pipeline) return;
  const auto first = spec.body.begin();
  const bool operators = first != spec.body.end() && first->key.starts_with("$");
  if (operators == replaces)
    throw Skip{"the port's update takes operators and whole documents alike"};
}

Answer update(World& world, Target& target, Arguments& arguments, std::string_view body,
              bool multi) {
  const auto filter = arguments.need("filter").as_document();
  const auto spec = update_of(arguments.need(body));
  if (!multi) refuse_other_kind(spec, body == "replacement");
  store::UpdateOptions options;
  options.multi = multi;
  arguments.common(world, target, options, false, true);
  arguments.to("upsert", options.upsert);
  arguments.to_array("arrayFilters", options.array_filters);
  arguments.to_hint(options.hint, options.hint_name);
  arguments.to("sort", options.sort);
  arguments.to("collation", options.collation);
  arguments.to("let", options.let);
  arguments.to_bypass(options.bypass_document_validation);
  arguments.done();
  const auto result = target.store().update(target.ns(), filter, spec, options);
  Writer out;
  out.append("matchedCount", result.matched).append("modifiedCount", result.modified);
  out.append("upsertedCount", result.upserted_id ? 1 : 0);
  if (result.upserted_id) out.append("upsertedId", *result.upserted_id);
  return Value(out.finish());
}

Answer remove(World& world, Target& target, Arguments& arguments, bool multi) {
  const auto filter = arguments.need("filter").as_document();
  store::RemoveOptions options;
  options.multi = multi;
  arguments.common(world, target, options, false, true);
  arguments.to_hint(options.hint, options.hint_name);
  arguments.to("collation", options.collation);
  arguments.to("let", options.let);
  arguments.done();
  Writer out;
  out.append("deletedCount", target.store().remove(target.ns(), filter, options));
  return Value(out.finish());
}

Answer find_and(World& world, Target& target, Arguments& arguments, std::string_view body) {
  const auto filter = arguments.need("filter").as_document();
  store::UpdateSpec spec;
  if (!body.empty()) {
    spec = update_of(arguments.need(body));
    refuse_other_kind(spec, body == "replacement");
  }
  store::FindAndModifyOptions options;
  options.remove = body.empty();
  arguments.common(world, target, options, false, true);
  arguments.to("upsert", options.upsert);
  std::string_view which;
  arguments.to("returnDocument", which);
  if (which == "After") options.return_document = store::ReturnDocument::after;
  arguments.to("sort", options.sort);
  arguments.to("projection", options.projection);
  arguments.to_array("arrayFilters", options.array_filters);
  arguments.to_hint(options.hint, options.hint_name);
  arguments.to("collation", options.collation);
  arguments.to("let", options.let);
  arguments.to_bypass(options.bypass_document_validation);
  arguments.done();
  const auto result = target.store().find_and_modify(target.ns(), filter, spec, options);
  return result.value ? Value(result.value->view()) : Value();
}

store::BulkOperation bulk_operation(std::string_view name, View body) {
  static const std::map<std::string_view, Kind> kinds = {
      {"insertOne", Kind::insert},       {"updateOne", Kind::update_one},
      {"updateMany", Kind::update_many}, {"replaceOne", Kind::replace_one},
      {"deleteOne", Kind::remove_one},   {"deleteMany", Kind::remove_many}};
  store::BulkOperation out;
  out.kind = kinds.at(name);
  Arguments arguments("bulkWrite's " + std::string(name), body);
  if (out.kind == Kind::insert) {
    out.document = arguments.need("document").as_document();
  } else {
    out.filter = arguments.need("filter").as_document();
    if (out.kind == Kind::replace_one)
      out.document = arguments.need("replacement").as_document();
    else if (out.kind == Kind::update_one || out.kind == Kind::update_many)
      out.update = update_of(arguments.need("update"));
    arguments.to("upsert", out.upsert);
    arguments.to_array("arrayFilters", out.array_filters);
    arguments.to_hint(out.hint, out.hint_name);
    arguments.to("sort", out.sort);
    arguments.to("collation", out.collation);
  }
  arguments.done();
  return out;
}

Answer bulk_write(World& world, Target& target, Arguments& arguments) {
  std::vector<store::BulkOperation> operations;
  for (const auto& item : arguments.need("requests").as_array()) {
    const auto request = *item.value.as_document().begin();
    operations.push_back(bulk_operation(request.key, request.value.as_document()));
  }
  store::BulkOptions options;
  arguments.common(world, target, options, false, true);
  arguments.to("ordered", options.ordered);
  arguments.to("let", options.let);
  arguments.to_bypass(options.bypass_document_validation);
  arguments.done();
  const auto result = target.store().bulk_write(target.ns(), operations, options);
  Writer out;
  out.append("insertedCount", result.inserted).append("matchedCount", result.matched);
  out.append("modifiedCount", result.modified).append("deletedCount", result.removed);
  out.append("upsertedCount", static_cast<std::int64_t>(result.upserted.size()));
  out.begin_document("upsertedIds");
  for (const auto& one : result.upserted) out.append(std::to_string(one.index), one.id);
  out.end();
  if (!result.errors.empty()) fail(result.errors.front(), out.finish());
  out.begin_document("insertedIds");
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (operations[i].kind != Kind::insert) continue;
    if (const auto id = operations[i].document.find("_id")) out.append(std::to_string(i), *id);
  }
  out.end();
  return Value(out.finish());
}

}  // namespace

const Table& write_operations() {
  static const Table table = {
      {"insertOne", insert_one},
      {"insertMany", insert_many},
      {"bulkWrite", bulk_write},
      {"updateOne",
       [](World& w, Target& t, Arguments& a) { return update(w, t, a, "update", false); }},
      {"updateMany",
       [](World& w, Target& t, Arguments& a) { return update(w, t, a, "update", true); }},
      {"replaceOne",
       [](World& w, Target& t, Arguments& a) { return update(w, t, a, "replacement", false); }},
      {"deleteOne", [](World& w, Target& t, Arguments& a) { return remove(w, t, a, false); }},
      {"deleteMany", [](World& w, Target& t, Arguments& a) { return remove(w, t, a, true); }},
      {"findOneAndDelete", [](World& w, Target& t, Arguments& a) { return find_and(w, t, a, ""); }},
      {"findOneAndUpdate",
       [](World& w, Target& t, Arguments& a) { return find_and(w, t, a, "update"); }},
      {"findOneAndReplace",
       [](World& w, Target& t, Arguments& a) { return find_and(w, t, a, "replacement"); }}};
  return table;
}

}  // namespace quire::unified
