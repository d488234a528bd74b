#pragma once

#include <vector>

#include "quire/bson/writer.hpp"
#include "quire/collection/detail/core.hpp"

/// Options of calls as the store takes them.
namespace quire::collection_detail {

inline void set_comment(store::OperationOptions& to, bson::ValueView comment) {
  if (!comment.is_null()) to.comment = comment;
}
template <class Options>
void fill(store::OperationOptions& to, const Database& db, const Options& options) {
  to.session = options.session.pointer;
  to.max_time = options.max_time;
  set_comment(to, options.comment.view());
  if constexpr (requires { options.write_concern; })
    put_concerns(to, db, nullptr, nullptr, &options.write_concern);
  else
    put_concerns(to, db, &options.read_concern, &options.read_preference, nullptr);
}
/// Those that look at documents take more.
template <class Options, class More>
void fill_more(Options& to, const Database& db, const More& options) {
  fill(to, db, options);
  to.hint_name = options.hint;
  to.let = options.let.view();
  to.collation = options.collation.view();
}
inline store::FindOptions find_options(const Database& db, const ReadOptions& options) {
  store::FindOptions to;
  fill_more(to, db, options);
  return to;
}
inline bson::Document array_of(const std::vector<bson::Document>& documents) {
  bson::Writer writer;
  for (const auto& document : documents) writer.push(document);
  return writer.finish();
}

}  // namespace quire::collection_detail
