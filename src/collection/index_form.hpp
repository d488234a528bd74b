#pragma once

#include <string>
#include <string_view>

#include "quire/bson/document.hpp"

/// Index documents compared by what they mean: a server lists them in another form than
/// createIndexes takes. Source: MongoDB manual, "Text Indexes", "Collation", "listIndexes".
namespace quire::collection_detail {

/// The keys as listIndexes gives them: text fields become {_fts: "text", _ftsx: 1}.
[[nodiscard]] bson::Document listed_keys(bson::View keys);
[[nodiscard]] bool same_keys(bson::View wanted, bson::View present);
[[nodiscard]] bool is_text_index(bson::View index);
/// The option in which two index documents differ; empty when they mean the same.
/// `inherited` is the collection's own collation, which an index without one takes.
[[nodiscard]] std::string difference(bson::View wanted, bson::View present, bson::View inherited);

}  // namespace quire::collection_detail
