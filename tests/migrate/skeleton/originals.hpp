#pragma once

#include <quire/quire.hpp>

/// Migrations with every step whose call a squash repeats.
inline quire::Migrations squash_originals() {
  using namespace quire;
  using bson::from_json;
  using bson::make_document;
  using bson::Value;
  migrate::ConvertOptions convert;
  convert.back = bson::Type::string;
  convert.unconvertible = migrate::Unconvertible::keep;
  migrate::IndexOptions own;
  own.name = "own";
  own.sparse = true;
  own.expire_after_seconds = 3600;
  migrate::IndexOptions some;
  some.unique = true;
  some.partial_filter = from_json(R"({"y": {"$gt": 0}})");
  migrate::ValidatorOptions validator;
  validator.moderate = true;
  validator.warn = true;
  Migrations all;
  all.add(
      {.id = "a",
       .up = {add_field("users", "status", "a \"b\""), add_field("users", "at", Value(1.5)),
              add_field("users", "none", Value()), add_field("users", "on", Value(true)),
              add_field("users", "many", Value(std::int64_t{1} << 40)),
              add_field("users", "few", Value(std::int32_t{7})),
              add_field("users", "in", Value(make_document("a", 1))),
              rename_field("users", "x", "y"), split_field("users", "name", {"first", "last"}, "-"),
              merge_fields("users", {"first", "last"}, "name")}});
  all.add({.id = "b",
           .depends_on = {"a"},
           .min_app = 3,
           .up = {convert_field("users", "n", bson::Type::int32, convert),
                  create_index("users", make_document("at", 1), own),
                  create_index("users", make_document("name", 1, "y", -1), some),
                  drop_index("users", make_document("old", 1)), drop_index("users", "other"),
                  embed("users", "by", "authors", "author"),
                  extract("users", "author", "writers", "by")}});
  all.add({.id = "c",
           .kind = MigrationKind::contract,
           .up = {unset_field("users", "old"),
                  set_validator("users", from_json(R"({"n": {"$type": "int"}})"), validator),
                  create_collection("log", from_json(R"({"capped": true, "size": 4096})")),
                  create_collection("plain"),
                  copy_documents("users", "copies", from_json(R"({"few": {"$gt": 1}})")),
                  move_documents("copies", "moved"), drop_collection("authors")}});
  return all;
}
