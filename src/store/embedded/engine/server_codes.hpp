#pragma once

#include <string>

namespace quire::store::embedded {

/// The name of one of the server's numbers: "BadValue" for 2; "Location40415" for one without.
/// Source: src/mongo/base/error_codes.yml of the server.
[[nodiscard]] std::string code_name(int code);

}  // namespace quire::store::embedded
