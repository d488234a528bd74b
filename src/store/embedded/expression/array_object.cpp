#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "store/embedded/expression/array_functions.hpp"

namespace quire::store::embedded::array_detail {

using bson::ValueView;

namespace {

std::string_view key_of(const Call& c, ValueView key, int code_type, int code_zero) {
  if (!key.is_string()) fail_argument(c, code_type, "keys that are strings", key);
  const auto text = key.as_string();
  if (text.find('\0') != text.npos) fail_argument(c, code_zero, "keys without a zero byte", key);
  return text;
}

struct Pair {
  std::string_view key;
  ValueView value;
};

/// ["key", value]
Pair pair_of_array(const Call& c, ValueView element) {
  if (!element.is_array()) fail_argument(c, 40396, "arrays of two only, as the first is", element);
  const auto parts = elements_of(element);
  if (parts.size() != 2) fail_argument(c, 40397, "arrays of two elements", element);
  return {key_of(c, parts[0], 40395, 4940400), parts[1]};
}

/// {k: "key", v: value}
Pair pair_of_object(const Call& c, ValueView element) {
  if (!element.is_document()) fail_argument(c, 40391, "objects only, as the first is", element);
  const auto object = element.as_document();
  if (object.count() != 2) fail_argument(c, 40392, "objects of the fields k and v", element);
  const auto key = object.find("k");
  const auto value = object.find("v");
  if (!key || !value) fail_argument(c, 40393, "objects of the fields k and v", element);
  return {key_of(c, *key, 40394, 4940401), *value};
}

}  // namespace

ValueView array_to_object(const Call& c) {
  if (is_nullish(c[0])) return null_value;
  if (!c[0].is_array()) fail_argument(c, 40386, "an array", c[0]);
  std::vector<Pair> fields;
  std::unordered_map<std::string_view, std::size_t> places;
  const auto elements = c[0].as_array();
  for (const auto& element : elements) {
    const ValueView shape = elements.begin()->value;
    if (!shape.is_array() && !shape.is_document())
      fail_argument(c, 40398, "an array of arrays or of objects", shape);
    const Pair pair =
        shape.is_array() ? pair_of_array(c, element.value) : pair_of_object(c, element.value);
    // The last value of a key counts, at the place of the first.
    const auto [place, is_new] = places.emplace(pair.key, fields.size());
    if (is_new) {
      fields.push_back(pair);
    } else {
      fields[place->second].value = pair.value;
    }
  }
  Evaluation::Builder out(c.e);
  for (const auto& field : fields) out->append(field.key, field.value);
  return out.document();
}

ValueView object_to_array(const Call& c) {
  if (is_nullish(c[0])) return null_value;
  if (!c[0].is_document()) fail_argument(c, 40390, "an object", c[0]);
  Evaluation::Builder out(c.e);
  for (const auto& field : c[0].as_document()) {
    out->push_document_begin();
    out->append("k", field.key);
    out->append("v", field.value);
    out->end();
  }
  return out.array();
}

}  // namespace quire::store::embedded::array_detail
