// Statements of update and delete commands.
#include "generator.hpp"

namespace quire::differential {
namespace {

constexpr const char* update_roots[] = {"a", "b", "c", "d", "n", "s", "t"};

}  // namespace

std::string Generator::update_path(Node& array_filters, bool& positional) {
  std::string where = pick(update_roots);
  const auto kind = below(100);
  if (kind < 45) return where;
  if (kind < 60) return where + (chance(60) ? ".x" : ".y");
  if (kind < 70) return where + "." + std::to_string(below(3));
  if (kind < 80) return where + (chance(60) ? ".$[]" : ".$[].x");
  if (kind < 92) {
    if (array_filters.fields.empty()) {
      const bool of_field = chance(40);
      array_filters.push(one(of_field ? "e.x" : "e", chance(50) ? operand() : operator_value(0)));
    }
    return where + (chance(60) ? ".$[e]" : ".$[e].x");
  }
  positional = true;
  return where + (chance(70) ? ".$" : ".$.x");
}

Node Generator::update_operand(std::string_view name) {
  if (name == "$inc" || name == "$mul") return chance(92) ? number() : value(0);
  if (name == "$unset") return bson::Value("");
  if (name == "$pop") return chance(50) ? 1 : -1;
  if (name == "$rename") return bson::Value(chance(70) ? "r" : pick(update_roots));
  if (name == "$bit") {
    static const char* const ways[] = {"and", "or", "xor"};
    return one(pick(ways), chance(70) ? Node(static_cast<std::int32_t>(below(16)))
                                      : Node(static_cast<std::int64_t>(below(16))));
  }
  if (name == "$pullAll") return array(1);
  if (name == "$pull") {
    if (chance(40)) return operand();
    return chance(60) ? operator_value(0) : one("x", chance(50) ? operand() : operator_value(0));
  }
  if (name == "$addToSet") return chance(60) ? operand() : one("$each", array(1));
  if (name == "$push") {
    if (chance(40)) return operand();
    Node out = one("$each", array(1));
    if (chance(40)) out.add("$position", static_cast<std::int32_t>(below(5)) - 2);
    if (chance(40)) out.add("$slice", static_cast<std::int32_t>(below(5)) - 2);
    if (chance(40))
      out.add("$sort", chance(60) ? Node(chance(50) ? 1 : -1) : one("x", chance(50) ? 1 : -1));
    return out;
  }
  return operand();  // $set, $min, $max
}

Node Generator::update_operators(Node& statement) {
  static const char* const names[] = {"$set", "$set",     "$unset",  "$inc",      "$mul",  "$min",
                                      "$max", "$push",    "$push",   "$addToSet", "$pull", "$pull",
                                      "$pop", "$pullAll", "$rename", "$bit"};
  Node update = object();
  Node array_filters = list();
  bool positional = false;
  for (std::size_t at = 1 + below(2); at > 0; --at) {
    const char* name = pick(names);
    const std::string where = update_path(array_filters, positional);
    Node* fields = update.find(name);
    if (fields == nullptr) {
      update.add(name, object());
      fields = update.find(name);
    }
    if (fields->find(where) == nullptr) fields->add(where, update_operand(name));
  }
  if (!array_filters.fields.empty()) statement.add("arrayFilters", std::move(array_filters));
  if (positional) {
    // The position is that of an element which the filter names; one clause leaves no doubt which.
    for (const auto& [name, fields] : update.fields) {
      for (const auto& [where, unused] : fields.fields) {
        if (const auto dot = where.find(".$"); dot != where.npos)
          *statement.find("q") = one(where.substr(0, dot), predicate(0));
      }
    }
  }
  return update;
}

Node Generator::update_pipeline() {
  Node stages = list();
  for (std::size_t at = 1 + below(2); at > 0; --at) {
    const auto kind = below(100);
    if (kind < 60) {
      Node fields = one(pick(update_roots), expression(Wanted::any, 2));
      if (chance(40)) {
        const std::string other = chance(50) ? "z" : "d.x";
        if (fields.find(other.substr(0, 1)) == nullptr)
          fields.add(other, expression(Wanted::any, 2));
      }
      stages.push(one("$set", std::move(fields)));
    } else if (kind < 75) {
      stages.push(one("$unset", bson::Value(pick(update_roots))));
    } else if (kind < 88) {
      stages.push(one("$replaceWith",
                      one("$mergeObjects", list({bson::Value("$$ROOT"), literal_object(1)}))));
    } else {
      stages.push(one("$project", projection()));
    }
  }
  return stages;
}

Node Generator::update_statement() {
  Node statement = object({{"q", filter(1)}, {"u", object()}});
  if (chance(30)) *statement.find("q") = object();
  bool many = true;
  const auto kind = below(100);
  if (kind < 72) {
    *statement.find("u") = update_operators(statement);
  } else if (kind < 92) {
    *statement.find("u") = update_pipeline();
  } else {
    Node replacement = object();
    for (const char* name : {"a", "c"}) {
      if (chance(70)) replacement.add(name, operand());
    }
    *statement.find("u") = std::move(replacement);
    *statement.find("q") = one("_id", static_cast<std::int32_t>(below(6)));
    many = false;
  }
  statement.add("multi", bson::Value(many));
  return statement;
}

Node Generator::delete_statement() { return object({{"q", filter(2)}, {"limit", 0}}); }

}  // namespace quire::differential
