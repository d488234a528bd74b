#include "arguments.hpp"

namespace quire::unified {

std::optional<bson::ValueView> Arguments::take(std::string_view name) {
  const auto found = all_.find(name);
  if (found) taken_.emplace(name);
  return found;
}

bson::ValueView Arguments::need(std::string_view name) {
  const auto found = take(name);
  if (!found) throw Failed{"the test gives " + operation_ + " no argument " + std::string(name)};
  return *found;
}

void Arguments::done() const {
  for (const auto& field : all_) {
    if (!taken_.contains(field.key))
      throw Skip{"argument " + std::string(field.key) + " of " + operation_ +
                 " has no counterpart"};
  }
}

void Arguments::to(std::string_view name, bson::View& out) {
  if (const auto value = take(name)) out = value->as_document();
}
void Arguments::to_array(std::string_view name, std::optional<bson::View>& out) {
  if (const auto value = take(name)) out = value->as_array();
}
void Arguments::to(std::string_view name, bool& out) {
  if (const auto value = take(name)) out = value->as_bool();
}
void Arguments::to(std::string_view name, std::optional<bool>& out) {
  if (const auto value = take(name)) out = value->as_bool();
}
void Arguments::to(std::string_view name, std::int64_t& out) {
  if (const auto value = take(name)) out = integer_of(*value);
}
void Arguments::to(std::string_view name, std::int32_t& out) {
  if (const auto value = take(name)) out = static_cast<std::int32_t>(integer_of(*value));
}
void Arguments::to(std::string_view name, std::string_view& out) {
  if (const auto value = take(name)) out = value->as_string();
}
void Arguments::to_bypass(bool& out) {
  to("bypassDocumentValidation", out);
  if (all_.contains("bypassDocumentValidation") && !out)
    throw Skip{"bypassDocumentValidation: false is left out, not sent"};
}
void Arguments::to_hint(bson::View& keys, std::string_view& name) {
  const auto value = take("hint");
  if (!value) return;
  if (value->is_string())
    name = value->as_string();
  else
    keys = value->as_document();
}

void Arguments::common(World& world, const Target& target, store::OperationOptions& options,
                       bool reads, bool writes) {
  if (const auto id = take("session")) {
    options.session = world.session(id->as_string()).current;
    if (options.session == nullptr) throw Skip{"use of a session that has ended"};
  }
  if (const auto comment = take("comment")) options.comment = *comment;
  std::int64_t time = 0;
  to("maxTimeMS", time);
  options.max_time = std::chrono::milliseconds(time);
  if (options.session != nullptr && options.session->in_transaction()) return;
  if (reads && target.concerns.read) options.read_concern = &*target.concerns.read;
  if (reads && target.concerns.preference) options.read_preference = &*target.concerns.preference;
  if (writes && target.concerns.write) options.write_concern = &*target.concerns.write;
}

store::UpdateSpec update_of(bson::ValueView value) {
  if (value.is_array()) return {value.as_array(), true};
  return {value.as_document(), false};
}

}  // namespace quire::unified
