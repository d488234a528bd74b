#include "observe/service.hpp"

#include <algorithm>

#include "core/listed.hpp"
#include "quire/bson/writer.hpp"

namespace quire::observe {

using bson::ValueView;
using bson::View;

namespace {

/// 1 or -1; 0 for "hashed", "text", "2dsphere" …
int direction_of(ValueView value) {
  const double v = value.type() == bson::Type::int32     ? value.as_int32()
                   : value.type() == bson::Type::int64   ? static_cast<double>(value.as_int64())
                   : value.type() == bson::Type::double_ ? value.as_double()
                                                         : 0;
  return v > 0 ? 1 : v < 0 ? -1 : 0;
}

bool is_true(View index, std::string_view option) {
  const auto value = index.find(option);
  return value && value->type() == bson::Type::boolean && value->as_bool();
}

std::string_view kind_of(ValueView key) { return key.is_string() ? key.as_string() : ""; }

/// Wildcard keys "$**" and "a.$**" index one path at a time.
bool covers(std::string_view wildcard, std::string_view path) {
  const auto stem = wildcard.substr(0, wildcard.size() - 3);
  return path.starts_with(stem);
}

}  // namespace

Served served_by(View index, const QueryNeeds& needs, const std::vector<SortField>& sort) {
  const auto key = index.find("key");
  if (!key || !key->is_document() || is_true(index, "hidden")) return {};
  // Fields that are equal to one value are in every order.
  std::vector<SortField> order;
  for (const auto& field : sort) {
    if (!is_listed(needs.equality, field.path)) order.push_back(field);
  }
  std::size_t equal = 0, sorted = 0, keys = 0;
  bool ranged = false, filtered = false, other_kind = false;
  int turn = 0;  // 1 = in the index's order, -1 = backwards
  for (const auto& field : key->as_document()) {
    const int direction = direction_of(field.value);
    if (direction == 0) {
      const auto kind = kind_of(field.value);
      const bool fits = (kind == "hashed" && is_listed(needs.equality, field.key)) ||
                        (kind.starts_with("2d") && is_listed(needs.geo, field.key)) ||
                        (kind == "text" && needs.text);
      if (!fits) break;
      other_kind = kind != "hashed";
      equal += kind == "hashed" ? 1 : 0;
      filtered = true;
      ++keys;
      break;  // what follows in such an index neither orders nor narrows for certain
    }
    if (field.key.ends_with("$**")) {
      const auto all = [&](const auto& list) {
        return std::all_of(list.begin(), list.end(),
                           [&](const auto& path) { return covers(field.key, path); });
      };
      if (needs.equality.size() + needs.range.size() != 1 || !all(needs.equality) ||
          !all(needs.range))
        break;
      equal = needs.equality.size();
      ranged = !needs.range.empty();
      filtered = true;
      ++keys;
      break;
    }
    if (!ranged && sorted == 0 && is_listed(needs.equality, field.key)) {
      ++equal;
      filtered = true;
    } else if (!ranged && sorted < order.size() && order[sorted].path == field.key &&
               (turn == 0 || order[sorted].direction * direction == turn)) {
      turn = order[sorted].direction * direction;
      ++sorted;
      if (is_listed(needs.range, field.key)) filtered = true;
      // A range on the first key of the order bounds it; further keys still order.
    } else if (is_listed(needs.range, field.key) || is_listed(needs.equality, field.key)) {
      ranged = ranged || is_listed(needs.range, field.key);
      filtered = true;
    } else {
      break;
    }
    ++keys;
  }
  if (keys == 0) return {};
  const bool sparse = is_true(index, "sparse");
  const bool partial = index.contains("partialFilterExpression");
  if (sparse && !filtered) return {};  // documents without the field are not in it
  Served out{Service::partly, keys};
  const auto name = index.find("name");
  const bool of_id = name && name->is_string() && name->as_string() == "_id_";
  const bool one_at_most =
      (of_id || is_true(index, "unique")) && equal == key->as_document().count();
  const bool range_done =
      needs.range.empty() || ranged ||
      std::any_of(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(sorted),
                  [&](const auto& field) { return is_listed(needs.range, field.path); });
  const bool geo_done = (needs.geo.empty() && !needs.text) || other_kind;
  const bool all_there = equal == needs.equality.size() && sorted == order.size() && range_done;
  if (!partial && geo_done && (one_at_most || all_there || (other_kind && order.empty())))
    out.service = Service::fully;
  return out;
}

bson::Document keys_for(const QueryNeeds& needs, const std::vector<SortField>& sort) {
  constexpr std::size_t max_keys = 32;  // of a server's index
  if (needs.text) return {};
  bson::Writer out;
  std::vector<std::string> done;
  const auto add = [&](const std::string& path, const auto& value) {
    if (done.size() == max_keys || is_listed(done, path) || path.empty()) return;
    out.append(path, value);
    done.push_back(path);
  };
  for (const auto& path : needs.equality) add(path, std::int32_t{1});
  for (const auto& path : needs.geo) add(path, std::string_view("2dsphere"));
  for (const auto& field : sort) add(field.path, std::int32_t{field.direction});
  for (const auto& path : needs.range) add(path, std::int32_t{1});
  return out.finish();
}

}  // namespace quire::observe
