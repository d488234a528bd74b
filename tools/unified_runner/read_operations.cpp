#include "operations.hpp"
#include "quire/bson/writer.hpp"

namespace quire::unified {
namespace {

using bson::Value;
using bson::Writer;

Value all_of(store::Cursor& cursor) {
  Writer out;
  while (const auto document = cursor.next()) out.push(*document);
  return Value::array(out.finish());
}

store::FindOptions find_options(World& world, Target& target, Arguments& arguments) {
  store::FindOptions options;
  arguments.common(world, target, options, true, false);
  arguments.to("projection", options.projection);
  arguments.to("sort", options.sort);
  arguments.to_hint(options.hint, options.hint_name);
  arguments.to("skip", options.skip);
  arguments.to("limit", options.limit);
  arguments.to("batchSize", options.batch_size);
  arguments.to("collation", options.collation);
  arguments.to("let", options.let);
  arguments.to("allowDiskUse", options.allow_disk_use);
  return options;
}

Answer find(World& world, Target& target, Arguments& arguments) {
  const auto filter = arguments.need("filter").as_document();
  const auto options = find_options(world, target, arguments);
  arguments.done();
  return all_of(*target.store().find(target.ns(), filter, options));
}

Answer find_one(World& world, Target& target, Arguments& arguments) {
  const auto filter = arguments.need("filter").as_document();
  const auto options = find_options(world, target, arguments);
  arguments.done();
  Value found;
  target.store().find_one(target.ns(), filter, options,
                          [&](bson::View document) { found = Value(document); });
  return found;
}

Answer aggregate(World& world, Target& target, Arguments& arguments) {
  const auto pipeline = arguments.need("pipeline").as_array();
  bool writes = false;
  for (const auto& stage : pipeline)
    writes = writes || stage.value.as_document().contains("$out") ||
             stage.value.as_document().contains("$merge");
  store::AggregateOptions options;
  arguments.common(world, target, options, true, writes);
  arguments.to("batchSize", options.batch_size);
  arguments.to("allowDiskUse", options.allow_disk_use);
  arguments.to_hint(options.hint, options.hint_name);
  arguments.to("collation", options.collation);
  arguments.to("let", options.let);
  arguments.to_bypass(options.bypass_document_validation);
  arguments.done();
  return all_of(*target.store().aggregate(target.ns(), pipeline, options));
}

Answer count_documents(World& world, Target& target, Arguments& arguments) {
  const auto filter = arguments.need("filter").as_document();
  store::CountOptions options;
  arguments.common(world, target, options, true, false);
  arguments.to("skip", options.skip);
  arguments.to("limit", options.limit);
  arguments.to_hint(options.hint, options.hint_name);
  arguments.to("collation", options.collation);
  arguments.done();
  return target.store().count(target.ns(), filter, options);
}

Answer estimated_document_count(World& world, Target& target, Arguments& arguments) {
  store::OperationOptions options;
  arguments.common(world, target, options, true, false);
  arguments.done();
  return target.store().estimated_count(target.ns(), options);
}

Answer distinct(World& world, Target& target, Arguments& arguments) {
  const auto field = arguments.need("fieldName").as_string();
  bson::View filter;
  arguments.to("filter", filter);
  store::DistinctOptions options;
  arguments.common(world, target, options, true, false);
  arguments.to_hint(options.hint, options.hint_name);
  arguments.to("collation", options.collation);
  arguments.done();
  return Value::array(target.store().distinct(target.ns(), field, filter, options));
}

Answer create_change_stream(World& world, Target& target, Arguments& arguments) {
  bson::View pipeline;
  if (const auto stages = arguments.take("pipeline")) pipeline = stages->as_array();
  store::WatchOptions options;
  arguments.common(world, target, options, true, false);
  arguments.to("fullDocument", options.full_document);
  arguments.to("fullDocumentBeforeChange", options.full_document_before_change);
  arguments.to("resumeAfter", options.resume_after);
  arguments.to("startAfter", options.start_after);
  if (const auto time = arguments.take("startAtOperationTime"))
    options.start_at = time->as_timestamp();
  std::int64_t await = options.max_await.count();
  arguments.to("maxAwaitTimeMS", await);
  options.max_await = std::chrono::milliseconds(await);
  arguments.to("batchSize", options.batch_size);
  arguments.to("showExpandedEvents", options.show_expanded_events);
  arguments.to("collation", options.collation);
  arguments.done();
  world.streams[target.id] = {target.client, target.store().watch(target.ns(), pipeline, options)};
  return std::nullopt;
}

store::ChangeStream& stream_of(World& world, Target& target) {
  const auto found = world.streams.find(target.id);
  if (found == world.streams.end())
    throw Failed{"the test iterates " + target.id + ", which is no change stream"};
  return *found->second.own;
}

Answer iterate_until(World& world, Target& target, Arguments& arguments) {
  arguments.done();
  auto& stream = stream_of(world, target);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < end) {
    if (const auto event = stream.next()) return Value(*event);
    if (stream.ended()) throw Failed{"the change stream ended without an event"};
  }
  throw Failed{"no event came within 10 s"};
}

Answer iterate_once(World& world, Target& target, Arguments& arguments) {
  arguments.done();
  const auto event = stream_of(world, target).next();
  return event ? Answer(Value(*event)) : std::nullopt;
}

Answer close_stream(World& world, Target& target, Arguments& arguments) {
  arguments.done();
  (void)stream_of(world, target);
  world.streams.erase(target.id);
  return std::nullopt;
}

}  // namespace

const Table& read_operations() {
  static const Table table = {{"find", find},
                              {"findOne", find_one},
                              {"aggregate", aggregate},
                              {"countDocuments", count_documents},
                              {"estimatedDocumentCount", estimated_document_count},
                              {"distinct", distinct},
                              {"createChangeStream", create_change_stream},
                              {"iterateUntilDocumentOrError", iterate_until},
                              {"iterateOnce", iterate_once},
                              {"close", close_stream}};
  return table;
}

}  // namespace quire::unified
