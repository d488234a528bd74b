#pragma once

#include <string>

namespace quire::migrate {

/// Lower case of the ASCII letters, in place; every other byte stays.
void to_lower(std::string& text);
/// Upper case of the ASCII letters, in place.
void to_upper(std::string& text);
/// Without white space (space, tab, newline …) at both ends, in place.
void trim(std::string& text);

}  // namespace quire::migrate
