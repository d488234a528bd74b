#include <algorithm>
#include <array>
#include <cmath>

#include "store/embedded/engine/index_parse.hpp"
#include "store/embedded/expression/value.hpp"

/// The key of an index definition: its fields and their kinds.
namespace quire::store::embedded::index_parse {

using bson::ValueView;
using bson::View;

namespace {

constexpr std::size_t max_fields = 32;

bool is_wildcard_name(std::string_view name) { return name == "$**" || name.ends_with(".$**"); }

void check_field_name(std::string_view name) {
  if (name.empty()) fail(cannot_create_index, "key", "an index field has no name");
  std::size_t start = 0;
  while (start <= name.size()) {
    const auto dot = std::min(name.find('.', start), name.size());
    const auto part = name.substr(start, dot - start);
    if (part.empty())
      fail(cannot_create_index, "key." + std::string(name), "a part of the path is empty");
    if (part == "$**") {
      if (dot != name.size())
        fail(cannot_create_index, "key." + std::string(name), "$** stands only at the end");
    } else if (part.front() == '$' &&
               !(start != 0 && (part == "$id" || part == "$ref" || part == "$db"))) {
      fail(cannot_create_index, "key." + std::string(name), "a part of the path begins with $");
    }
    start = dot + 1;
  }
}

void check_plugin(std::string_view name, std::string_view plugin, KeyKinds& kinds) {
  static constexpr std::array<std::string_view, 4> known{"text", "2d", "2dsphere", "hashed"};
  bool found = false;
  for (const auto& one : known) found = found || one == plugin;
  if (!found)
    fail(cannot_create_index, "key." + std::string(name),
         "there is no kind of index \"" + std::string(plugin) + "\"");
  if (is_wildcard_name(name) && plugin != "text")
    fail(cannot_create_index, "key." + std::string(name), "a wildcard index is not of that kind");
  if (plugin == "text") {
    if (kinds.text_run_ended)
      fail(cannot_create_index, "key", "the text fields of an index must be adjacent");
    ++kinds.texts;
  } else if (kinds.texts != 0) {
    fail(cannot_create_index, "key", "a text index takes no fields of other special kinds");
  }
  if (plugin == "hashed" && ++kinds.hashed > 1)
    fail(31303, "key", "at most one field of an index is hashed");
  if (kinds.special.empty() || kinds.special == "hashed") kinds.special = std::string(plugin);
}

}  // namespace

KeyKinds read_key(View key, std::vector<IndexField>& fields) {
  KeyKinds kinds;
  std::size_t count = 0;
  for (const auto& [name, value] : key) {
    if (++count > max_fields) fail(13103, "key", "an index has at most 32 fields");
    check_field_name(name);
    if (value.is_string()) {
      check_plugin(name, value.as_string(), kinds);
      if (value.as_string() == "hashed")
        fields.push_back({std::string(name), false, IndexField::Kind::hashed});
      continue;
    }
    if (!value.is_number())
      fail(cannot_create_index, "key." + std::string(name),
           wrong_type("1, -1 or the name of an index kind", value));
    const double direction = to_double(value);
    if (direction == 0 || std::isnan(direction))
      fail(cannot_create_index, "key." + std::string(name), "the direction is 1 or -1");
    if (kinds.texts != 0) kinds.text_run_ended = true;
    if (is_wildcard_name(name)) {
      ++kinds.wildcards;
      kinds.wildcard_at_root = name == "$**";
    }
    fields.push_back(
        {std::string(name), direction < 0,
         is_wildcard_name(name) ? IndexField::Kind::wildcard : IndexField::Kind::plain});
  }
  if (count == 0) fail(cannot_create_index, "key", "an index needs at least one field");
  return kinds;
}

}  // namespace quire::store::embedded::index_parse
