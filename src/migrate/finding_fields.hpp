#pragma once

#include <string_view>
#include <vector>

#include "quire/bson/writer.hpp"
#include "quire/migrate/finding.hpp"

/// How findings stand in the JSON of reports.
namespace quire::migrate {

void append_findings(bson::Writer& w, std::string_view key, const std::vector<Finding>& findings);
/// "next": what would help, each once.
void append_next(bson::Writer& w, const std::vector<Finding>& findings);

}  // namespace quire::migrate
