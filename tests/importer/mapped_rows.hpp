#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "importer/row_source.hpp"
#include "memory_source.hpp"
#include "quire/bson/json.hpp"

namespace quire::importer::test {

/// Keys and documents in order, "! path: why" of rows that were put aside.
inline std::vector<std::string> mapped(MemorySource& source, const Mapping& mapping,
                                       std::optional<bson::Value> after = {},
                                       std::optional<bson::Value> until = {},
                                       std::span<const bson::Value> keys = {}) {
  const CompiledTable table(mapping, mapping.tables.at(0), source.schema, DateTime{});
  const auto session = source.open();
  MappedReader reader(table, *session, std::move(after), std::move(until), keys);
  std::vector<std::string> out;
  for (MappedRow row; reader.next(row);) {
    if (row.document) {
      bson::validate(row.document->view(), {.array_keys = true, .unique_keys = true});
      out.push_back(bson::to_json(row.document->view()));
    } else {
      EXPECT_TRUE(row.failure.has_value());
      out.push_back("! " + row.stage + " " + row.failure->path().str() + " raw " +
                    bson::to_json(row.raw.view()));
    }
  }
  return out;
}

inline Mapping of(const std::string& table) {
  return Mapping::from_json(R"({"tables": [)" + table + "]}");
}

/// Whether a read in pieces, cut behind each of its rows, gives what one read gives.
inline void expect_cuts(MemorySource& source, const Mapping& mapping) {
  const auto all = mapped(source, mapping);
  const CompiledTable table(mapping, mapping.tables[0], source.schema, DateTime{});
  std::vector<bson::Value> keys;
  {
    const auto session = source.open();
    MappedReader reader(table, *session, {}, {});
    for (MappedRow row; reader.next(row);) keys.push_back(row.key);
  }
  ASSERT_EQ(keys.size(), all.size());
  for (std::size_t n = 0; n < keys.size(); ++n) {
    auto pieces = mapped(source, mapping, {}, keys[n]);
    EXPECT_EQ(pieces.size(), n + 1);
    const auto rest = mapped(source, mapping, keys[n]);
    pieces.insert(pieces.end(), rest.begin(), rest.end());
    EXPECT_EQ(pieces, all) << n;
    EXPECT_EQ(mapped(source, mapping, {}, {}, std::span(&keys[n], 1)),
              std::vector<std::string>{all[n]});
    for (std::size_t m = n + 1; m < keys.size(); ++m)
      EXPECT_EQ(mapped(source, mapping, keys[n], keys[m]).size(), m - n);
  }
}

}  // namespace quire::importer::test
