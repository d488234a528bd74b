#pragma once

#include <stop_token>

#include "quire/importer/importer.hpp"

namespace quire::importer {

/// What a part's documents are asked for besides the rows that they came from.
struct TargetQuestions {
  const TableMapping& mapping;
  std::vector<ReferenceRule> references;
  const ModelInfo* model;  ///< null: none is known
  bson::View of_part;      ///< the part's own documents; empty: all of the collection
  std::size_t most_examples = 5;
  std::stop_token stop = {};
};

/// References of the part's documents to such that are not there, read a page at a time as things
/// are; unique indexes of the model that the collection lacks, or that are others there; documents
/// of the collection with the same values where no index of the store keeps them apart. Throws
/// StoreError. Memory: one page, 16 bytes a document up to 64 MiB for what is unique.
[[nodiscard]] std::vector<TargetCheck> check_target(Database& to, const TargetQuestions& asked);

}  // namespace quire::importer
