// Commands that change documents one at a time: findAndModify, upserts, $merge and $out.
#include "generator.hpp"

namespace quire::differential {
namespace {

Node name(const char* text) { return bson::Value(text); }

}  // namespace

// The _id of what an upsert inserts is given by the filter, so that both sides have the same.
void Generator::add_upsert(Node& statement) {
  Node& filter = *statement.find("q");
  std::erase_if(filter.fields, [](const Node::Field& field) { return field.first == "_id"; });
  filter.fields.insert(filter.fields.begin(), {"_id", static_cast<std::int32_t>(below(9))});
  Node& update = *statement.find("u");
  if (update.kind == Node::Kind::document && !update.fields.empty() &&
      update.fields.front().first.starts_with('$') && chance(40) &&
      update.find("$setOnInsert") == nullptr)
    update.add("$setOnInsert", one(chance(50) ? "z" : "d.x", operand()));
}

Node Generator::upsert_command(std::string_view collection) {
  Node statement = update_statement();
  add_upsert(statement);
  *statement.find("multi") = bson::Value(false);
  statement.add("upsert", bson::Value(true));
  return object({{"update", bson::Value(collection)}, {"updates", list({std::move(statement)})}});
}

Node Generator::find_and_modify(std::string_view collection) {
  Node statement = update_statement();
  const bool removes = chance(15);
  const bool upserts = !removes && chance(40);
  if (upserts) add_upsert(statement);
  Node command = object({{"findAndModify", bson::Value(collection)},
                         {"query", *statement.find("q")},
                         {"sort", sort()}});
  if (removes) {
    command.add("remove", bson::Value(true));
  } else {
    command.add("update", *statement.find("u"));
    if (upserts) command.add("upsert", bson::Value(true));
    if (chance(50)) command.add("new", bson::Value(true));
    if (const Node* filters = statement.find("arrayFilters")) command.add("arrayFilters", *filters);
  }
  if (chance(40)) command.add("fields", projection());
  return command;
}

Node Generator::writing_pipeline(std::string_view collection) {
  Node stages = list({one("$sort", one("_id", 1))});
  if (chance(50)) stages.push(one("$match", filter(1)));
  if (chance(70))
    stages.push(one("$set", object({{chance(60) ? "a" : "z", expression(Wanted::any, 2)}})));
  if (chance(40)) stages.push(one("$set", one("_id", one("$add", list({name("$_id"), 3})))));
  // A stage that waits for all documents, so that what is written is not read again.
  stages.push(one("$sort", one("_id", -1)));
  if (chance(35)) {
    stages.push(one("$out", name("o")));
  } else {
    static const char* const matched[] = {"replace", "keepExisting", "merge", "fail"};
    static const char* const otherwise[] = {"insert", "discard", "fail"};
    Node merge = one("into", bson::Value(collection));
    if (chance(30)) merge.add("on", name("_id"));
    if (chance(25)) {
      if (chance(40)) merge.add("let", one("v", name("$n")));
      const bool has_variable = merge.find("let") != nullptr;
      merge.add("whenMatched",
                list({one("$set", object({{"z", expression(Wanted::any, 1)},
                                          {"m", name(has_variable ? "$$v" : "$$new.a")}}))}));
    } else if (chance(80)) {
      merge.add("whenMatched", name(pick(matched)));
    }
    if (chance(60)) merge.add("whenNotMatched", name(pick(otherwise)));
    stages.push(one("$merge", std::move(merge)));
  }
  return object({{"aggregate", bson::Value(collection)},
                 {"pipeline", std::move(stages)},
                 {"cursor", object()}});
}

Node Generator::change_command(std::string_view collection) {
  const auto kind = below(100);
  if (kind < 40) return find_and_modify(collection);
  if (kind < 75) return upsert_command(collection);
  return writing_pipeline(collection);
}

}  // namespace quire::differential
