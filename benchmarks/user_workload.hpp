#pragma once

// A user of about 1.08 KB with a nested address, five tags and ten orders, and the codec that a
// patient person writes by hand for exactly this type: keys as constants, members expected in their
// order, no intermediate form. It is what the mapping is measured against.

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quire/bson/types.hpp"

namespace workload {

struct Address {
  std::string street, city, zip, country;
  std::array<double, 2> loc{};
  bool operator==(const Address&) const = default;
};
struct Order {
  std::string sku;
  std::int32_t qty = 0;
  double price = 0;
  quire::DateTime at;
  bool operator==(const Order&) const = default;
};
struct User {
  quire::ObjectId id;
  std::string username, email, full_name;
  std::optional<std::int32_t> age;
  bool active = false;
  double score = 0;
  Address address;
  std::vector<std::string> tags;
  std::vector<Order> orders;
  quire::DateTime created_at, updated_at;
  bool operator==(const User&) const = default;
};

inline quire::DateTime date(std::int64_t ms) {
  return quire::DateTime(std::chrono::milliseconds(ms));
}

/// The i-th user; the same on every run and machine.
inline User make_user(std::uint32_t i) {
  std::uint64_t state = 0x5851F42D4C957F2DULL * (i + 1);
  const auto next = [&](std::uint64_t below) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (state >> 33) % below;
  };
  static constexpr const char* first[] = {"Ana",   "Bjorn", "Chidi",  "Dalia",
                                          "Emeka", "Freya", "Giulia", "Haruto"};
  static constexpr const char* last[] = {"Andersen", "Bergstrom", "Castellanos",
                                         "Dimitrov", "Eriksson",  "Fitzgerald"};
  static constexpr const char* city[] = {"Rotterdam",  "Bergen", "Ljubljana",
                                         "Valparaiso", "Gdansk", "Osaka"};
  static constexpr const char* tag[] = {"subscriber", "trial-user", "mobile",
                                        "returning",  "early-bird", "b2b-client"};
  User u;
  for (std::size_t k = 0; k < 12; ++k) u.id.bytes[k] = static_cast<std::uint8_t>(next(256));
  const std::string given = first[next(8)];
  const std::string family = last[next(6)];
  u.username = given + "." + family + std::to_string(i);
  u.email = u.username + "@mail.example";
  u.full_name = given + " " + family;
  if (i % 4 != 0) u.age = static_cast<std::int32_t>(18 + next(60));
  u.active = next(10) != 0;
  u.score = static_cast<double>(next(1'000'000)) / 1000.0;
  u.address = {std::to_string(next(300)) + " Long Harbour Road",
               city[next(6)],
               std::to_string(10000 + next(89999)),
               "Netherlands",
               {static_cast<double>(next(360'000)) / 1000.0 - 180.0,
                static_cast<double>(next(180'000)) / 1000.0 - 90.0}};
  for (int k = 0; k < 5; ++k) u.tags.emplace_back(tag[next(6)]);
  for (int k = 0; k < 10; ++k) {
    u.orders.push_back({"SKU-" + std::to_string(10'000'000 + next(89'999'999)),
                        static_cast<std::int32_t>(1 + next(9)),
                        static_cast<double>(next(50'000)) / 100.0,
                        date(1'700'000'000'000 + static_cast<std::int64_t>(next(31'536'000'000)))});
  }
  u.created_at = date(1'700'000'000'000 + std::int64_t{i} * 1000);
  u.updated_at = date(1'700'000'000'000 + static_cast<std::int64_t>(next(31'536'000'000)));
  return u;
}

namespace by_hand {

struct Sink {
  std::uint8_t* at;
  template <std::size_t N>
  void name(const char (&bytes)[N]) {
    std::memcpy(at, bytes, N);
    at += N;
  }
  template <class T>
  void value(T v) {
    std::memcpy(at, &v, sizeof v);
    at += sizeof v;
  }
  void value(quire::DateTime v) { value(v.time_since_epoch().count()); }
  void text(const std::string& s) {
    value(static_cast<std::int32_t>(s.size() + 1));
    std::memcpy(at, s.c_str(), s.size() + 1);
    at += s.size() + 1;
  }
  void position(char type, std::size_t i) {  // of fewer than 100
    *at++ = static_cast<std::uint8_t>(type);
    if (i >= 10) *at++ = static_cast<std::uint8_t>('0' + i / 10);
    *at++ = static_cast<std::uint8_t>('0' + i % 10);
    *at++ = 0;
  }
  std::uint8_t* begin() {
    at += 4;
    return at - 4;
  }
  void end(std::uint8_t* start) {
    *at++ = 0;
    const auto size = static_cast<std::int32_t>(at - start);
    std::memcpy(start, &size, 4);
  }
};

inline std::size_t room(const User& u) {
  std::size_t n = 400 + u.username.size() + u.email.size() + u.full_name.size() +
                  u.address.street.size() + u.address.city.size() + u.address.zip.size() +
                  u.address.country.size();
  for (const auto& t : u.tags) n += t.size() + 10;
  for (const auto& o : u.orders) n += o.sku.size() + 70;
  return n;
}

/// Writes to `out`, which has room(u) bytes; gives the number written.
inline std::size_t encode(const User& u, std::uint8_t* out) {
  Sink s{out};
  auto* document = s.begin();
  s.name("\x07_id");
  s.value(u.id.bytes);
  s.name("\x02username");
  s.text(u.username);
  s.name(
      "\x02"
      "email");
  s.text(u.email);
  s.name(
      "\x02"
      "full_name");
  s.text(u.full_name);
  if (u.age) {
    s.name(
        "\x10"
        "age");
    s.value(*u.age);
  }
  s.name(
      "\x08"
      "active");
  s.value(static_cast<std::uint8_t>(u.active));
  s.name("\x01score");
  s.value(u.score);
  s.name(
      "\x03"
      "address");
  auto* address = s.begin();
  s.name("\x02street");
  s.text(u.address.street);
  s.name(
      "\x02"
      "city");
  s.text(u.address.city);
  s.name("\x02zip");
  s.text(u.address.zip);
  s.name(
      "\x02"
      "country");
  s.text(u.address.country);
  s.name("\x04loc");
  auto* loc = s.begin();
  s.name(
      "\x01"
      "0");
  s.value(u.address.loc[0]);
  s.name(
      "\x01"
      "1");
  s.value(u.address.loc[1]);
  s.end(loc);
  s.end(address);
  s.name("\x04tags");
  auto* tags = s.begin();
  for (std::size_t i = 0; i < u.tags.size(); ++i) {
    s.position('\x02', i);
    s.text(u.tags[i]);
  }
  s.end(tags);
  s.name("\x04orders");
  auto* orders = s.begin();
  for (std::size_t i = 0; i < u.orders.size(); ++i) {
    const Order& o = u.orders[i];
    s.position('\x03', i);
    auto* order = s.begin();
    s.name("\x02sku");
    s.text(o.sku);
    s.name("\x10qty");
    s.value(o.qty);
    s.name("\x01price");
    s.value(o.price);
    s.name(
        "\x09"
        "at");
    s.value(o.at);
    s.end(order);
  }
  s.end(orders);
  s.name(
      "\x09"
      "created_at");
  s.value(u.created_at);
  s.name("\x09updated_at");
  s.value(u.updated_at);
  s.end(document);
  return static_cast<std::size_t>(s.at - out);
}

struct Source {
  const std::uint8_t* at;
  const std::uint8_t* end;
  [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(end - at); }
  template <std::size_t N>
  bool name(const char (&bytes)[N]) {
    if (left() < N || std::memcmp(at, bytes, N) != 0) return false;
    at += N;
    return true;
  }
  template <class T>
  bool value(T& v) {
    if (left() < sizeof v) return false;
    std::memcpy(&v, at, sizeof v);
    at += sizeof v;
    return true;
  }
  bool value(quire::DateTime& v) {
    std::int64_t ms;
    if (!value(ms)) return false;
    v = date(ms);
    return true;
  }
  bool text(std::string& s) {
    std::int32_t n;
    if (!value(n) || n < 1 || static_cast<std::int64_t>(left()) < n || at[n - 1] != 0) return false;
    s.assign(reinterpret_cast<const char*>(at), static_cast<std::size_t>(n - 1));
    at += n;
    return true;
  }
  bool open() {
    std::int32_t n;
    return value(n) && n >= 5 && static_cast<std::int64_t>(left()) >= n - 4;
  }
  bool close() { return left() > 0 && *at++ == 0; }
  bool more() const { return left() > 0 && *at != 0; }
  bool position(std::uint8_t type) {
    if (left() == 0 || *at != type) return false;
    const void* zero = std::memchr(at, 0, left());
    if (zero == nullptr) return false;
    at = static_cast<const std::uint8_t*>(zero) + 1;
    return true;
  }
};

inline bool decode(const std::uint8_t* bytes, std::size_t size, User& u) {
  Source s{bytes, bytes + size};
  std::uint8_t active = 0;
  if (!(s.open() && s.name("\x07_id") && s.value(u.id.bytes) && s.name("\x02username") &&
        s.text(u.username) &&
        s.name("\x02"
               "email") &&
        s.text(u.email) &&
        s.name("\x02"
               "full_name") &&
        s.text(u.full_name)))
    return false;
  if (s.name("\x10"
             "age")) {
    std::int32_t age;
    if (!s.value(age)) return false;
    u.age = age;
  } else {
    u.age.reset();
  }
  if (!(s.name("\x08"
               "active") &&
        s.value(active) && s.name("\x01score") && s.value(u.score) &&
        s.name("\x03"
               "address") &&
        s.open() && s.name("\x02street") && s.text(u.address.street) &&
        s.name("\x02"
               "city") &&
        s.text(u.address.city) && s.name("\x02zip") && s.text(u.address.zip) &&
        s.name("\x02"
               "country") &&
        s.text(u.address.country) && s.name("\x04loc") && s.open() &&
        s.name("\x01"
               "0") &&
        s.value(u.address.loc[0]) &&
        s.name("\x01"
               "1") &&
        s.value(u.address.loc[1]) && s.close() && s.close() && s.name("\x04tags") && s.open()))
    return false;
  u.active = active != 0;
  std::size_t n = 0;
  for (; s.more(); ++n) {
    if (!s.position(2)) return false;
    if (n == u.tags.size()) u.tags.emplace_back();
    if (!s.text(u.tags[n])) return false;
  }
  u.tags.resize(n);
  if (!(s.close() && s.name("\x04orders") && s.open())) return false;
  for (n = 0; s.more(); ++n) {
    if (n == u.orders.size()) u.orders.emplace_back();
    Order& o = u.orders[n];
    if (!(s.position(3) && s.open() && s.name("\x02sku") && s.text(o.sku) && s.name("\x10qty") &&
          s.value(o.qty) && s.name("\x01price") && s.value(o.price) &&
          s.name("\x09"
                 "at") &&
          s.value(o.at) && s.close()))
      return false;
  }
  u.orders.resize(n);
  return s.close() &&
         s.name(
             "\x09"
             "created_at") &&
         s.value(u.created_at) && s.name("\x09updated_at") && s.value(u.updated_at) && s.close();
}

}  // namespace by_hand
}  // namespace workload
