#pragma once

#include <string>
#include <vector>

#include "cli/output.hpp"
#include "quire/importer/mapping.hpp"

/// Mappings for people and for reports.
namespace quire::cli::imports {

struct FieldLine {
  std::string field;  ///< with its nesting: "orders[].qty"
  std::string from;
};
/// What each field of a part's documents comes from.
[[nodiscard]] std::vector<FieldLine> lines_of(const importer::TableMapping& table);
void print_part(Output& out, const importer::TableMapping& table);
/// The mapping's JSON form; computed fields and checks, which have none, are told to be there.
[[nodiscard]] bson::Document mapping_document(const importer::Mapping& mapping);

}  // namespace quire::cli::imports
