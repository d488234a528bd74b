#include "store/embedded/expression/object_merge.hpp"

#include <string_view>
#include <unordered_map>

namespace quire::store::embedded {

using bson::ValueView;

void check_merge_object(ValueView value) {
  if (!value.is_document())
    fail_expression(40400, "$mergeObjects requires object inputs, but input " + show(value) +
                               " is of type " + std::string(value_type_name(value)));
}

ValueView merge_objects(ValueView a, ValueView b, Evaluation& e) {
  const bson::View first = a.as_document();
  const bson::View second = b.as_document();
  if (second.empty()) return a;
  if (first.empty()) return b;
  std::unordered_map<std::string_view, ValueView> later;
  for (const auto& field : second) later.insert_or_assign(field.key, field.value);
  Evaluation::Builder out(e);
  for (const auto& field : first) {
    const auto it = later.find(field.key);
    if (it == later.end()) {
      out->append(field.key, field.value);
    } else {
      out->append(field.key, it->second);
      later.erase(it);
    }
  }
  for (const auto& field : second) {
    const auto it = later.find(field.key);
    if (it == later.end()) continue;
    out->append(field.key, it->second);
    later.erase(it);
  }
  return out.document();
}

}  // namespace quire::store::embedded
