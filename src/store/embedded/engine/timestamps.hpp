#pragma once

#include <string_view>

#include "quire/bson/writer.hpp"

/// Timestamps of zero on a document's first level stand for the present: a server fills them in
/// when it writes the document.
namespace quire::store::embedded {

[[nodiscard]] bool is_zero_timestamp(bson::ValueView value) noexcept;
/// The field, with the present in place of an empty timestamp.
void append_field(bson::Writer& out, std::string_view name, bson::ValueView value);
/// `document` itself where there is none to fill in (the _id is left alone), else `buffer` filled.
[[nodiscard]] bson::View with_present_timestamps(bson::View document, bson::Document& buffer);

}  // namespace quire::store::embedded
