#pragma once

#include <optional>
#include <vector>

#include "store/embedded/engine/update.hpp"
#include "store/embedded/storage/execution.hpp"
#include "store/embedded/storage/rows.hpp"

/// Changes of documents inside a write transaction that is open; what the operations of the store
/// and of a bulk share.
namespace quire::store::embedded {

/// Whether one document of several may fail so and the others go on; else the whole operation does.
[[nodiscard]] bool is_item_error(const Error& error) noexcept;
[[nodiscard]] WriteError to_write_error(std::size_t index, const Error& error);

/// Inserts; the _id that the document has or gets, when asked for.
void insert_one(RowWriter& rows, bson::View document, bson::Value* id = nullptr);

/// The rows that a query matches, at most `limit` (0 = all), in its order.
[[nodiscard]] std::vector<std::int64_t> matching_rows(WriteScope& scope,
                                                      const std::shared_ptr<const CollectionMeta>&,
                                                      bson::View filter,
                                                      const FindOptions& options);

/// `let`: the variables of a pipeline's expressions.
[[nodiscard]] Updater make_updater(const UpdateSpec& update,
                                   const std::optional<bson::View>& array_filters, bool multi,
                                   bson::View let = {});

/// Throws QueryError invalid_query (224) for $expr, which says nothing of the document to insert.
void check_upsert_filter(bson::View filter);

UpdateResult update_rows(WriteScope& scope, Namespace ns, bson::View filter, const Updater& updater,
                         const UpdateOptions& options);
std::int64_t remove_rows(WriteScope& scope, Namespace ns, bson::View filter,
                         const RemoveOptions& options);

}  // namespace quire::store::embedded
