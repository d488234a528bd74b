#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "quire/model/model.hpp"
#include "quire/query/path.hpp"

struct UsersProfiles {
  std::optional<std::string> bio;
};

struct UsersOrdersLines {
  std::int32_t n{};
  quire::bson::Value data;
};

struct UsersOrders {
  std::int64_t id_field{};
  std::int64_t status_id{};
  quire::Decimal128 total;
  std::optional<quire::DateTime> at;
  std::vector<UsersOrdersLines> lines;
  static auto model() {
    return quire::model<UsersOrders>()
        .rename(quire::query::field<&UsersOrders::id_field>, "id");
  }
};

struct Users {
  std::int64_t id{};
  std::string name;
  std::optional<std::string> class_;
  std::optional<std::string> e_mail;
  std::optional<UsersProfiles> profiles;
  std::vector<UsersOrders> orders;
  std::vector<std::int64_t> tags;
  static auto model() {
    return quire::model<Users>("users")
        .rename(quire::query::field<&Users::class_>, "class")
        .rename(quire::query::field<&Users::e_mail>, "e-mail");
  }
};

struct Statuses {
  std::int64_t id{};
  std::string label;
  static auto model() {
    return quire::model<Statuses>("statuses");
  }
};

struct Tags {
  std::int64_t id{};
  std::string id_2;
  static auto model() {
    return quire::model<Tags>("tags")
        .rename(quire::query::field<&Tags::id_2>, "id 2");
  }
};

struct Employees {
  std::int64_t id{};
  std::optional<std::int64_t> boss_id;
  static auto model() {
    return quire::model<Employees>("employees");
  }
};

struct Events {
  std::int64_t id{};
  std::int64_t user_id{};
  static auto model() {
    return quire::model<Events>("events");
  }
};

struct AGradesId {
  std::int64_t x{};
  std::string y;
};

struct AGrades {
  AGradesId id;
  bool flag{};
  std::optional<std::vector<std::uint8_t>> raw;
  static auto model() {
    return quire::model<AGrades>("a_grades");
  }
};
