#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "quire/bson/document.hpp"
#include "quire/model/info.hpp"

namespace quire::importer {

/// All that is at a path, lists opened.
void add_values(bson::ValueView value, std::string_view path, std::vector<bson::ValueView>& out);
/// The entries that an index has of a document: one text for each combination. A partial index is
/// taken for one of all documents.
[[nodiscard]] std::vector<std::string> entries_of(bson::View document, const IndexInfo& index);

/// Whether a partial index has the document; true for an empty filter. Takes what the filter of
/// such an index may have: values, $eq, $exists, $gt, $gte, $lt, $lte, $type, $in, $and, $or;
/// numbers are compared as doubles. Throws ImportError unsupported for more.
[[nodiscard]] bool is_in_partial(bson::View document, bson::View filter);

}  // namespace quire::importer
