#include "migrate/key_bounds.hpp"

#include <cmath>

#include "bson/nan.hpp"
#include "migrate/key_order.hpp"
#include "quire/bson/writer.hpp"

namespace quire::migrate {

std::vector<bson::Document> key_filters(const KeyBounds& bounds) {
  std::vector<bson::Document> out;
  const auto& [after, until] = bounds;
  if (!after && !until) {
    out.emplace_back();
    return out;
  }
  const std::size_t first = after ? key_place(after->type()) : 0;
  const std::size_t last = until ? key_place(until->type()) : key_places - 1;
  if (after && until && (first > last || *after == *until)) return out;
  const bool ends_here = after && until && first == last;
  if (after && !has_one_value(first)) {
    bson::Writer w;
    w.begin_document("_id");
    append_behind(w, *after);
    if (ends_here) w.append("$lte", *until);
    w.end();
    out.push_back(w.finish());
  }
  if (ends_here) return out;
  const std::size_t from = after ? first + 1 : 0;
  const bool part = until && !has_one_value(last);
  const std::size_t to = part ? last : last + 1;
  if (from < to) out.push_back(keys_of_places(from, to));
  if (part) {
    const bool nan = bson::is_nan(*until);
    if (is_number_place(last)) out.push_back(bson::make_document("_id", std::nan("")));
    if (!nan) {
      bson::Writer w;
      w.begin_document("_id").append("$lte", *until).end();
      out.push_back(w.finish());
    }
  }
  return out;
}

}  // namespace quire::migrate
