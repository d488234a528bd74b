#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

/// Fields that the JSON of all reports has in one form.
namespace quire::bson {

/// A list of texts under `key`.
inline void append_texts(Writer& w, std::string_view key, const std::vector<std::string>& texts) {
  w.begin_array(key);
  for (const std::string& text : texts) w.push(text);
  w.end();
}

/// "error": {code, name, path, detail}, or null.
inline void append_error(Writer& w, const std::optional<Error>& error) {
  if (!error) {
    w.append_null("error");
    return;
  }
  w.begin_document("error")
      .append("code", static_cast<std::int32_t>(error->code()))
      .append("name", to_string(error->code()))
      .append("path", error->path().str())
      .append("detail", error->detail())
      .end();
}

}  // namespace quire::bson
