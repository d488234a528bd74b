#include "store/embedded/engine/compare.hpp"

#include <cmath>
#include <cstring>

#include "store/embedded/engine/numbers.hpp"

namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;
using bson::View;

int type_rank(Type type) noexcept {
  switch (type) {
    case Type::min_key:
      return -1;
    case Type::undefined:
      return 0;
    case Type::null:
      return 5;
    case Type::double_:
    case Type::int32:
    case Type::int64:
    case Type::decimal128:
      return 10;
    case Type::string:
    case Type::symbol:
      return 15;
    case Type::document:
      return 20;
    case Type::array:
      return 25;
    case Type::binary:
      return 30;
    case Type::object_id:
      return 35;
    case Type::boolean:
      return 40;
    case Type::date_time:
      return 45;
    case Type::timestamp:
      return 47;
    case Type::regex:
      return 50;
    case Type::db_pointer:
      return 55;
    case Type::code:
      return 60;
    case Type::code_with_scope:
      return 65;
    case Type::max_key:
      return 127;
  }
  return 127;
}

namespace {

template <class T>
int order(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

int compare_text(std::string_view a, std::string_view b) {
  const int c = a.compare(b);
  return c < 0 ? -1 : c > 0 ? 1 : 0;
}

int compare_doubles(double a, double b) {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a == b) return 0;
  return std::isnan(a) ? (std::isnan(b) ? 0 : -1) : 1;
}

int compare_int_double(std::int64_t a, double b) {
  if (std::isnan(b)) return 1;
  if (b >= 9223372036854775808.0) return -1;
  if (b < -9223372036854775808.0) return 1;
  const auto whole = static_cast<std::int64_t>(b);
  if (a != whole) return a < whole ? -1 : 1;
  return compare_doubles(0.0, b - static_cast<double>(whole));
}

std::int64_t integer(ValueView v) { return v.type() == Type::int32 ? v.as_int32() : v.as_int64(); }

ExactDecimal exact(ValueView v) {
  if (v.type() == Type::decimal128) return ExactDecimal::of(v.as_decimal128());
  if (v.type() == Type::double_) return ExactDecimal::of(v.as_double());
  return ExactDecimal::of(integer(v));
}

/// NaN -2, -infinity -1, finite 0, infinity 1.
int special(ValueView v) {
  if (v.type() == Type::double_) {
    const double d = v.as_double();
    return std::isnan(d) ? -2 : std::isinf(d) ? (d < 0 ? -1 : 1) : 0;
  }
  if (v.type() == Type::decimal128) {
    const auto d = v.as_decimal128();
    return d.is_nan() ? -2 : d.is_infinite() ? (d.is_negative() ? -1 : 1) : 0;
  }
  return 0;
}

int compare_decimals(ValueView a, ValueView b) {
  const int sa = special(a);
  const int sb = special(b);
  if (sa == 0 && sb == 0) {
    const int c = compare(exact(a), exact(b));
    return c < 0 ? -1 : c > 0 ? 1 : 0;
  }
  return order(sa, sb);
}

int compare_fields(View a, View b, bool names) {
  auto i = a.begin();
  auto j = b.begin();
  for (; i != a.end() && j != b.end(); ++i, ++j) {
    if (const int c = order(type_rank(i->value.type()), type_rank(j->value.type())); c != 0)
      return c;
    if (names) {
      if (const int c = compare_text(i->key, j->key); c != 0) return c;
    }
    if (const int c = compare(i->value, j->value); c != 0) return c;
  }
  if (i != a.end()) return 1;
  return j != b.end() ? -1 : 0;
}

int compare_code_with_scope(ValueView a, ValueView b) {
  const auto source = [](ValueView v) {
    return std::string_view(reinterpret_cast<const char*>(v.data()) + 8,
                            bson::load<std::uint32_t>(v.data() + 4) - 1);
  };
  const auto scope = [](ValueView v) {
    const auto skip = 8 + bson::load<std::uint32_t>(v.data() + 4);
    return View(v.data() + skip, v.size() - skip);
  };
  if (const int c = compare_text(source(a), source(b)); c != 0) return c;
  return compare_fields(scope(a), scope(b), true);
}

}  // namespace

int compare_numbers(ValueView a, ValueView b) {
  const bool real_a = a.type() == Type::double_;
  const bool real_b = b.type() == Type::double_;
  if (a.type() == Type::decimal128 || b.type() == Type::decimal128) return compare_decimals(a, b);
  if (real_a && real_b) return compare_doubles(a.as_double(), b.as_double());
  if (real_a) return -compare_int_double(integer(b), a.as_double());
  if (real_b) return compare_int_double(integer(a), b.as_double());
  return order(integer(a), integer(b));
}

int compare(ValueView a, ValueView b) {
  if (const int c = order(type_rank(a.type()), type_rank(b.type())); c != 0) return c;
  switch (a.type()) {
    case Type::min_key:
    case Type::max_key:
    case Type::null:
    case Type::undefined:
      return 0;
    case Type::double_:
    case Type::int32:
    case Type::int64:
    case Type::decimal128:
      return compare_numbers(a, b);
    case Type::string:
    case Type::symbol:
    case Type::code:
      return compare_text(a.text(), b.text());
    case Type::document:
      return compare_fields(a.as_document(), b.as_document(), true);
    case Type::array:
      return compare_fields(a.as_array(), b.as_array(), false);
    case Type::binary: {
      const auto x = a.as_binary();
      const auto y = b.as_binary();
      if (const int c = order(x.size, y.size); c != 0) return c;
      if (const int c = order(x.subtype, y.subtype); c != 0) return c;
      const int c = x.size == 0 ? 0 : std::memcmp(x.data, y.data, x.size);
      return c < 0 ? -1 : c > 0 ? 1 : 0;
    }
    case Type::object_id: {
      const int c = std::memcmp(a.data(), b.data(), 12);
      return c < 0 ? -1 : c > 0 ? 1 : 0;
    }
    case Type::boolean:
      return order(*a.data(), *b.data());
    case Type::date_time:
      return order(bson::load<std::int64_t>(a.data()), bson::load<std::int64_t>(b.data()));
    case Type::timestamp:
      return order(bson::load<std::uint64_t>(a.data()), bson::load<std::uint64_t>(b.data()));
    case Type::regex: {
      const auto x = a.as_regex();
      const auto y = b.as_regex();
      if (const int c = compare_text(x.pattern, y.pattern); c != 0) return c;
      return compare_text(x.options, y.options);
    }
    case Type::db_pointer: {
      if (const int c = order(a.size(), b.size()); c != 0) return c;
      const int c = std::memcmp(a.data(), b.data(), a.size());
      return c < 0 ? -1 : c > 0 ? 1 : 0;
    }
    case Type::code_with_scope:
      return compare_code_with_scope(a, b);
  }
  return 0;
}

int compare_documents(View a, View b) { return compare_fields(a, b, true); }

}  // namespace quire::store::embedded
