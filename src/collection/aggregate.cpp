#include "quire/collection/aggregate.hpp"

#include "quire/bson/writer.hpp"

namespace quire::collection_detail {

AggregateData::AggregateData(Database database, std::string name,
                             const std::vector<query::Raw>& stages)
    : db(std::move(database)), collection(std::move(name)) {
  bson::Writer writer;
  for (const auto& stage : stages) writer.push(stage.document());
  pipeline = writer.finish();
}

std::unique_ptr<store::Cursor> AggregateData::open() const {
  store::AggregateOptions to;
  to.session = session;
  to.max_time = max_time;
  if (!comment.view().is_null()) to.comment = comment.view();
  to.batch_size = batch_size;
  to.allow_disk_use = allow_disk_use;
  to.hint_name = hint;
  to.let = let.view();
  to.collation = collation.view();
  put_concerns(to, db, &read_concern, &read_preference, &write_concern);
  // A read takes no write concern: the handle's is for the stages that write.
  bson::View last;
  for (const auto& stage : pipeline) last = stage.value.as_document();
  if (!write_concern && !last.contains("$out") && !last.contains("$merge"))
    to.write_concern = nullptr;
  return db.store().aggregate(db.ns(collection), pipeline, to);
}

}  // namespace quire::collection_detail
