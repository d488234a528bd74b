#include "importer/json_io.hpp"

#include <algorithm>

#include "quire/core/error.hpp"

namespace quire::importer {

void JsonOut::text(std::string_view key, const std::string& value, std::string_view usual) {
  if (value != usual) out_.append(key, value);
}

void JsonOut::names(std::string_view key, const std::vector<std::string>& value) {
  if (value.empty()) return;
  out_.begin_array(key);
  for (const std::string& one : value) out_.push(one);
  out_.end();
}

void JsonOut::list_of_names(std::string_view key,
                            const std::vector<std::vector<std::string>>& value) {
  if (value.empty()) return;
  out_.begin_array(key);
  for (const auto& one : value) {
    out_.push_array_begin();
    for (const std::string& name : one) out_.push(name);
    out_.end();
  }
  out_.end();
}

void JsonOut::number(std::string_view key, std::int64_t value, std::int64_t usual) {
  if (value != usual) out_.append(key, value);
}

void JsonOut::flag(std::string_view key, bool value, bool usual) {
  if (value != usual) out_.append(key, value);
}

void JsonOut::value(std::string_view key, const std::optional<bson::Value>& value) {
  if (value) out_.append(key, *value);
}

void JsonOut::values(std::string_view key, const std::vector<ValuePair>& pairs) {
  if (pairs.empty()) return;
  out_.begin_array(key);
  for (const ValuePair& pair : pairs) {
    out_.push_document_begin();
    out_.append("from", pair.from);
    out_.append("to", pair.to);
    out_.end();
  }
  out_.end();
}

void JsonOut::pairs(std::string_view key,
                    const std::vector<std::pair<std::string, bson::Value>>& pairs) {
  if (pairs.empty()) return;
  out_.begin_document(key);
  for (const auto& [name, value] : pairs) out_.append(name, value);
  out_.end();
}

void JsonOut::only_code(std::string_view key, bool is_there, const std::string& whose) {
  if (!is_there) return;
  if (!lenient_)
    throw ImportError(ErrorCode::invalid_mapping,
                      whose + ": `" + std::string(key) + "` is C++ and has no JSON form");
  out_.append(key, true);
}

JsonIn::JsonIn(bson::ValueView value, std::string place) : place_(std::move(place)) {
  if (!value.is_document())
    throw ImportError(ErrorCode::invalid_mapping, FieldPath(place_), "an object is expected");
  view_ = value.as_document();
}

std::string JsonIn::place_of(std::string_view key) const {
  return place_.empty() ? std::string(key) : place_ + "." + std::string(key);
}

void JsonIn::fail(std::string_view key, const std::string& why) const {
  throw ImportError(ErrorCode::invalid_mapping, FieldPath(place_of(key)), why);
}

std::optional<bson::ValueView> JsonIn::find(std::string_view key) {
  known_.emplace_back(key);
  return view_.find(key);
}

std::string JsonIn::text_of(std::string_view key, bson::ValueView value) const {
  if (!value.is_string()) fail(key, "a text is expected");
  return std::string(value.as_string());
}

void JsonIn::text(std::string_view key, std::string& out, std::string_view) {
  if (const auto found = find(key)) out = text_of(key, *found);
}

void JsonIn::names(std::string_view key, std::vector<std::string>& out) {
  const auto found = find(key);
  if (!found) return;
  if (!found->is_array()) fail(key, "a list of texts is expected");
  for (const auto& element : found->as_array()) {
    const std::string at = std::string(key) + "[" + std::to_string(out.size()) + "]";
    out.push_back(text_of(at, element.value));
  }
}

void JsonIn::list_of_names(std::string_view key, std::vector<std::vector<std::string>>& out) {
  const auto found = find(key);
  if (!found) return;
  if (!found->is_array()) fail(key, "a list of lists of texts is expected");
  for (const auto& element : found->as_array()) {
    const std::string at = std::string(key) + "[" + std::to_string(out.size()) + "]";
    if (!element.value.is_array()) fail(at, "a list of texts is expected");
    auto& names = out.emplace_back();
    for (const auto& name : element.value.as_array()) names.push_back(text_of(at, name.value));
  }
}

void JsonIn::number(std::string_view key, std::int64_t& out, std::int64_t) {
  const auto found = find(key);
  if (!found) return;
  if (found->type() == bson::Type::int32)
    out = found->as_int32();
  else if (found->type() == bson::Type::int64)
    out = found->as_int64();
  else
    fail(key, "a whole number is expected");
}

void JsonIn::flag(std::string_view key, bool& out, bool) {
  const auto found = find(key);
  if (!found) return;
  if (found->type() != bson::Type::boolean) fail(key, "true or false is expected");
  out = found->as_bool();
}

void JsonIn::value(std::string_view key, std::optional<bson::Value>& out) {
  if (const auto found = find(key)) out.emplace(*found);
}

void JsonIn::values(std::string_view key, std::vector<ValuePair>& out) {
  const auto found = find(key);
  if (!found) return;
  if (found->is_document()) {  // {"m": "male"}: texts to values
    for (const auto& element : found->as_document())
      out.push_back({bson::Value(element.key), bson::Value(element.value)});
    return;
  }
  list(key, out, [](auto& in, ValuePair& pair) {
    std::optional<bson::Value> from;
    std::optional<bson::Value> to;
    in.value("from", from);
    in.value("to", to);
    if (!from) in.fail("from", "is missing");
    if (!to) in.fail("to", "is missing");
    pair = {std::move(*from), std::move(*to)};
  });
}

void JsonIn::pairs(std::string_view key, std::vector<std::pair<std::string, bson::Value>>& out) {
  const auto found = find(key);
  if (!found) return;
  if (!found->is_document()) fail(key, "an object of names and values is expected");
  for (const auto& element : found->as_document())
    out.emplace_back(std::string(element.key), bson::Value(element.value));
}

void JsonIn::finish() const {
  for (const auto& element : view_) {
    if (std::find(known_.begin(), known_.end(), element.key) != known_.end()) continue;
    const std::string near = near_names(element.key, known_);
    fail(element.key,
         "there is no such key" + (near.empty() ? "; the keys here are " + listed(known_) : near));
  }
}

}  // namespace quire::importer
