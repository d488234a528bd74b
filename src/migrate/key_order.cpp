#include "migrate/key_order.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "bson/nan.hpp"

namespace quire::migrate {
namespace {

struct Place {
  std::array<int, 4> types;
  std::size_t count;
  bool one_value;
};
constexpr std::array<Place, key_places> places = {{{{-1}, 1, true},
                                                   {{10, 6}, 2, true},
                                                   {{1, 16, 18, 19}, 4, false},
                                                   {{2, 14}, 2, false},
                                                   {{3}, 1, false},
                                                   {{4}, 1, false},
                                                   {{5}, 1, false},
                                                   {{7}, 1, false},
                                                   {{8}, 1, false},
                                                   {{9}, 1, false},
                                                   {{17}, 1, false},
                                                   {{11}, 1, false},
                                                   {{12}, 1, false},
                                                   {{13, 15}, 2, false},
                                                   {{127}, 1, true}}};

}  // namespace

std::size_t key_place(bson::Type type) noexcept {
  const int code = type == bson::Type::min_key ? -1 : static_cast<int>(type);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto& p = places[i];
    const auto* end = p.types.begin() + p.count;
    if (std::find(p.types.begin(), end, code) != end) return i;
  }
  return places.size() - 1;
}

bool is_number_place(std::size_t place) noexcept { return place == key_place(bson::Type::double_); }

bool has_one_value(std::size_t place) noexcept { return places[place].one_value; }

bson::Document keys_of_places(std::size_t from, std::size_t to) {
  bson::Writer w;
  w.begin_document("_id").begin_array("$type");
  constexpr int array = 4;  // no _id is one, and a filter without it can be served by an index
  for (std::size_t i = from; i < to; ++i) {
    if (places[i].types[0] == array && to - from > 1) continue;
    for (std::size_t k = 0; k < places[i].count; ++k) w.push(std::int32_t{places[i].types[k]});
  }
  w.end().end();
  return w.finish();
}

void append_behind(bson::Writer& w, const bson::Value& after) {
  if (bson::is_nan(after)) {
    w.append("$gte", -HUGE_VAL);
  } else {
    w.append("$gt", after);
  }
}

}  // namespace quire::migrate
