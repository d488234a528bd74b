#pragma once

#include <quire/quire.hpp>

/// The structs of a year. Migrations keep those of their own time; the program uses the last.
namespace growth {

struct UserV1 {
  std::int64_t id = 0;
  std::string name;
  static auto model() { return quire::model<UserV1>("users").version(1); }
};
struct User {
  std::int64_t id = 0;
  std::string first, last;
  static auto model() { return quire::model<User>("users").version(2); }
};

struct WithEmail {
  std::int64_t id = 0;
  std::string email;
};

struct Order {
  std::int64_t id = 0;
  std::int64_t user = 0;
  double euros = 0;
};
struct ArchivedOrder {
  std::int64_t id = 0;
  std::int64_t user = 0;
  std::int64_t cents = 0;
};

}  // namespace growth
