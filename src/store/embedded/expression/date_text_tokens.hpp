#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/embedded/expression/date_text_scan.hpp"

/// The forms that pieces of a date text have.
namespace quire::store::embedded::date_text {

/// Adds what a piece says; the reason when it cannot, else "".
using Handler = std::string (*)(DateParts& parts, std::string_view piece);
struct Form {
  std::string pattern;  ///< of PCRE2, on bytes
  Handler handler;
};
/// In the order in which timelib tries them.
[[nodiscard]] std::vector<Form> forms();

}  // namespace quire::store::embedded::date_text
