#pragma once

// What the mistakes in expressions and pipelines are made on.
#include "quire/collection/collection.hpp"
#include "quire/query/expr_list.hpp"
#include "quire/query/expr_text.hpp"

using quire::query::field;

struct Item {
  std::string sku;
  double price = 0;
};
struct User {
  quire::ObjectId id;
  std::string name;
  int age = 0;
  std::vector<Item> items;
  static auto model() { return quire::model<User>("users"); }
};
struct Other {
  quire::ObjectId id;
  int size = 0;
  static auto model() { return quire::model<Other>("others"); }
};
struct Row {
  std::string id;
  double mean = 0;
  std::int64_t n = 0;
};
struct Card {
  std::string name;
  int years = 0;
};
struct WithOthers {
  std::string name;
  std::vector<Other> others;
  std::vector<Item> items;
};

using namespace quire::query;
