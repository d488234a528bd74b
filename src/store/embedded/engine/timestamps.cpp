#include "store/embedded/engine/timestamps.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "quire/bson/value.hpp"

namespace quire::store::embedded {
namespace {

/// False for most documents, by their bytes: none of them is the type's.
bool may_have_timestamps(bson::View document) noexcept {
  return std::memchr(document.data(), static_cast<int>(bson::Type::timestamp), document.size()) !=
         nullptr;
}

}  // namespace

bool is_zero_timestamp(bson::ValueView value) noexcept {
  return value.type() == bson::Type::timestamp && bson::load<std::uint64_t>(value.data()) == 0;
}

void append_field(bson::Writer& out, std::string_view name, bson::ValueView value) {
  if (!is_zero_timestamp(value)) {
    out.append(name, value);
    return;
  }
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(quire::now().time_since_epoch());
  out.append(name, bson::Value(bson::Timestamp{1, static_cast<std::uint32_t>(seconds.count())}));
}

bson::View with_present_timestamps(bson::View document, bson::Document& buffer) {
  if (!may_have_timestamps(document)) return document;
  bool any = false;
  for (const auto& field : document)
    any = any || (is_zero_timestamp(field.value) && field.key != "_id");
  if (!any) return document;
  bson::Writer out;
  for (const auto& field : document) {
    if (field.key == "_id") {
      out.append(field.key, field.value);
    } else {
      append_field(out, field.key, field.value);
    }
  }
  buffer = out.finish();
  return buffer;
}

}  // namespace quire::store::embedded
