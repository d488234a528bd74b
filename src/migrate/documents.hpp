#pragma once

#include <string>
#include <vector>

#include "migrate/support.hpp"

/// Documents by their _ids, as they are or as they were.
namespace quire::migrate {

/// The documents with these _ids, those that are there and that `filter` finds, in the order of
/// _id.
[[nodiscard]] std::vector<bson::Document> find_keys(const Database& db, std::string_view collection,
                                                    const std::vector<bson::Value>& keys,
                                                    store::Session* session = nullptr,
                                                    bson::View projection = {},
                                                    bson::View filter = {});
[[nodiscard]] std::vector<bson::Value> keys_of(const std::vector<bson::Document>& documents);
/// Finds the document only as it is: nothing that was changed since.
[[nodiscard]] bson::Document exactly(bson::View document);

/// The type and bytes of a value, to look it up by.
[[nodiscard]] std::string key_text(bson::ValueView key);

}  // namespace quire::migrate
