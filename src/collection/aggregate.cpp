#include "quire/collection/aggregate.hpp"

#include "quire/bson/writer.hpp"
#include "quire/collection/detail/typed.hpp"

namespace quire::collection_detail {

AggregateData::AggregateData(Database database, std::string name,
                             query::detail::PipelineBuilder pipeline)
    : db(std::move(database)), collection(std::move(name)), stages(std::move(pipeline)) {}

std::unique_ptr<store::Cursor> AggregateData::open() const {
  const bson::Document pipeline = stages.document();
  store::AggregateOptions to;
  to.session = session;
  to.max_time = max_time;
  if (!comment.view().is_null()) to.comment = comment.view();
  to.batch_size = batch_size;
  to.allow_disk_use = allow_disk_use;
  to.hint_name = hint;
  to.let = let.view();
  to.collation = collation.view();
  to.bypass_document_validation = bypass_document_validation;
  put_concerns(to, db, &read_concern, &read_preference, &write_concern);
  // A read takes no write concern: the handle's is for the stages that write.
  bson::View last;
  for (const auto& stage : pipeline) last = stage.value.as_document();
  if (!write_concern && !last.contains("$out") && !last.contains("$merge"))
    to.write_concern = nullptr;
  return db.store().aggregate(db.ns(collection), pipeline, to);
}

bson::Document AggregateData::explain(std::string_view verbosity) const {
  bson::Writer writer;
  writer.begin_document("explain");
  if (collection.empty())
    writer.append("aggregate", 1);
  else
    writer.append("aggregate", collection);
  writer.append_array("pipeline", stages.document());
  writer.begin_document("cursor").end();
  if (!hint.empty()) writer.append("hint", hint);
  if (!let.empty()) writer.append("let", let);
  if (!collation.empty()) writer.append("collation", collation);
  if (allow_disk_use) writer.append("allowDiskUse", *allow_disk_use);
  if (max_time.count() > 0) writer.append("maxTimeMS", static_cast<std::int64_t>(max_time.count()));
  writer.end().append("verbosity", verbosity);
  return db.run_command(writer.finish(), session);
}

void AggregateData::write(std::string_view op, bson::ValueView operand, std::string_view target) {
  stages.add(op, operand);
  Core(db, std::string(target), info_of<bson::Document>()).before_write();
  (void)open();
}

}  // namespace quire::collection_detail
