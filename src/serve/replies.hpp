#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "quire/bson/writer.hpp"
#include "store/embedded/commands/reply.hpp"

namespace quire::serve {

namespace code {
inline constexpr int bad_value = 2;
inline constexpr int unauthorized = 13;
inline constexpr int protocol_error = 17;
inline constexpr int authentication_failed = 18;
inline constexpr int mechanism_unavailable = 334;
inline constexpr int temporarily_unavailable = 365;
}  // namespace code

[[nodiscard]] inline bson::Document failure(int number, std::string_view text) {
  return bson::make_document("ok", 0.0, "errmsg", text, "code", std::int32_t{number}, "codeName",
                             store::embedded::commands::code_name(number));
}

[[nodiscard]] inline bool succeeded(bson::View reply) {
  const auto ok = reply.find("ok");
  return ok && ok->type() == bson::Type::double_ && ok->as_double() == 1.0;
}

}  // namespace quire::serve
