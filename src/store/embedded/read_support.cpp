#include "store/embedded/read_support.hpp"

#include "quire/bson/writer.hpp"

namespace quire::store::embedded {

bson::Document view_stages(bson::View filter, const FindOptions& options) {
  bson::Writer out;
  if (!filter.empty()) out.push(bson::make_document("$match", filter));
  if (!options.sort.empty() && !options.sort.contains("$natural"))
    out.push(bson::make_document("$sort", options.sort));
  if (options.skip > 0) out.push(bson::make_document("$skip", options.skip));
  if (options.limit != 0)
    out.push(bson::make_document("$limit", options.limit < 0 ? -options.limit : options.limit));
  if (!options.projection.empty()) out.push(bson::make_document("$project", options.projection));
  return out.finish();
}

AggregateOptions view_options(const FindOptions& options) {
  AggregateOptions out;
  static_cast<OperationOptions&>(out) = options;
  out.allow_disk_use = options.allow_disk_use;
  out.batch_size = options.batch_size;
  out.hint = options.hint;
  out.hint_name = options.hint_name;
  out.let = options.let;
  return out;
}

}  // namespace quire::store::embedded
