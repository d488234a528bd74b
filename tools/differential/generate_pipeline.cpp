// Pipelines of aggregation. Where the order of documents counts ($limit, $push, windows) they are
// sorted by _id before.
#include "generator.hpp"

namespace quire::differential {
namespace {

Node name(const char* text) { return bson::Value(text); }

}  // namespace

Node Generator::accumulator(bool ordered) {
  const auto kind = below(ordered ? 100 : 64);
  if (kind < 18) return one("$sum", chance(30) ? Node(1) : expression(Wanted::number, 1));
  if (kind < 28) return one("$avg", expression(Wanted::number, 1));
  if (kind < 44) return one(chance(50) ? "$min" : "$max", expression(Wanted::any, 1));
  if (kind < 50) return one("$count", object());
  if (kind < 56) return one(chance(50) ? "$stdDevPop" : "$stdDevSamp", name("$n"));
  if (kind < 64)
    return one(chance(50) ? "$maxN" : "$minN",
               object({{"n", 2}, {"input", expression(Wanted::any, 0)}}));
  if (kind < 78) return one(chance(50) ? "$first" : "$last", expression(Wanted::any, 1));
  if (kind < 88) return one("$push", expression(Wanted::any, 1));
  if (kind < 94)
    return one(chance(50) ? "$firstN" : "$lastN",
               object({{"n", 2}, {"input", expression(Wanted::any, 0)}}));
  return one(chance(50) ? "$top" : "$bottom", object({{"sortBy", object({{"n", 1}, {"_id", 1}})},
                                                      {"output", list({name("$n"), name("$s")})}}));
}

Node Generator::group(Flow& flow) {
  Node key = bson::Value(bson::Null{});
  if (chance(80)) key = chance(60) ? expression(Wanted::any, 0) : expression(Wanted::any, 2);
  Node out = one("_id", std::move(key));
  for (const char* field : {"n", "s", "g"}) {
    if (chance(50)) out.add(field, accumulator(flow.ordered && flow.unique));
  }
  if (chance(15)) out.add("set", one("$addToSet", expression(Wanted::any, 0)));
  flow = {false, true};
  return one("$group", std::move(out));
}

Node Generator::window_fields() {
  Node output;
  const auto kind = below(5);
  if (kind == 0) {
    static const char* const ranks[] = {"$rank", "$denseRank", "$documentNumber"};
    return one("$setWindowFields", object({{"sortBy", one("_id", 1)},
                                           {"output", one("o", one(pick(ranks), object()))}}));
  }
  if (kind == 1) {
    output = one("$shift", object({{"output", name("$n")},
                                   {"by", static_cast<std::int32_t>(below(5)) - 2},
                                   {"default", 0}}));
  } else {
    static const char* const names[] = {"$sum", "$avg", "$min", "$max", "$push", "$first", "$last"};
    output = one(pick(names), expression(Wanted::number, 0));
    if (chance(70)) {
      const auto low = static_cast<std::int32_t>(below(4)) - 2;
      output.add(
          "window",
          one("documents", list({chance(30) ? name("unbounded") : Node(low),
                                 chance(30) ? name("current")
                                            : Node(low + static_cast<std::int32_t>(below(3)))})));
    }
  }
  Node out = object();
  if (chance(40)) out.add("partitionBy", expression(Wanted::any, 0));
  out.add("sortBy", one("_id", 1));
  out.add("output", one("o", std::move(output)));
  return one("$setWindowFields", std::move(out));
}

Node Generator::lookup(std::string_view collection) {
  const bson::Value from(collection);
  static const char* const fields[] = {"a", "n", "_id", "a.x", "s", "t"};
  if (chance(60))
    return one("$lookup", object({{"from", from},
                                  {"localField", name(pick(fields))},
                                  {"foreignField", name(pick(fields))},
                                  {"as", name("set")}}));
  return one(
      "$lookup",
      object({{"from", from},
              {"let", one("v", name("$n"))},
              {"pipeline",
               list({one("$match", one("$expr", one("$eq", list({name("$$v"), name("$n")})))),
                     one("$project", projection())})},
              {"as", name("set")}}));
}

Node Generator::stage(std::string_view collection, int depth, Flow& flow) {
  const auto kind = below(depth > 0 ? 100 : 80);
  if (kind < 16) return one("$match", filter(1));
  if (kind < 26)
    return one(chance(70) ? "$set" : "$addFields",
               object({{chance(60) ? "a" : "c", expression(Wanted::any, 3)},
                       {"z", expression(Wanted::any, 3)}}));
  if (kind < 36) {
    Node fields = projection();
    if (const Node* id = fields.find("_id"); id != nullptr) fields.fields.pop_back();
    return one("$project", std::move(fields));
  }
  if (kind < 40) {
    static const char* const names[] = {"a", "c.x", "n", "d"};
    return one("$unset", name(pick(names)));
  }
  if (kind < 52) return group(flow);
  if (kind < 58) {
    flow.ordered = true;
    return one("$sort", sort());
  }
  if (kind < 63) {
    if (!flow.ordered || !flow.unique) return one("$match", filter(1));
    return one(chance(50) ? "$skip" : "$limit", static_cast<std::int32_t>(1 + below(4)));
  }
  if (kind < 70) {
    static const char* const fields[] = {"$a", "$t", "$t", "$c", "$a.x"};
    flow.unique = false;
    if (chance(40)) return one("$unwind", name(pick(fields)));
    Node arguments = one("path", name(pick(fields)));
    if (chance(50)) arguments.add("includeArrayIndex", name("i"));
    if (chance(50)) arguments.add("preserveNullAndEmptyArrays", bson::Value(chance(70)));
    return one("$unwind", std::move(arguments));
  }
  if (kind < 72) {
    flow = {false, false};
    return one("$count", name("n"));
  }
  if (kind < 76) {
    flow.unique = false;
    Node root = one("$mergeObjects", list({literal_object(1), name("$c")}));
    if (chance(50)) root = one("$mergeObjects", list({name("$$ROOT"), literal_object(1)}));
    return chance(50) ? one("$replaceWith", std::move(root))
                      : one("$replaceRoot", one("newRoot", std::move(root)));
  }
  if (kind < 80) {
    flow = {false, true};
    return one("$sortByCount", expression(Wanted::any, 1));
  }
  if (kind < 83) return lookup(collection);
  if (kind < 85) return chance(50) ? graph_lookup(collection) : lookup_with_fields(collection);
  if (kind < 86) {
    if (chance(40)) {
      flow = {false, true};
      return bucket_auto();
    }
    if (!flow.unique) return one("$match", filter(1));
    if (chance(50)) return fill();
    flow.ordered = false;
    return densify();
  }
  if (kind < 89) {
    flow = {false, false};
    return one("$unionWith", chance(50) ? Node(bson::Value(collection))
                                        : object({{"coll", bson::Value(collection)},
                                                  {"pipeline", list({one("$match", filter(1))})}}));
  }
  if (kind < 92) {
    flow = {false, false};
    Flow inner{false, false};
    return one("$facet", object({{"set", list({stage(collection, 0, inner)})},
                                 {"n", list({one("$count", name("k"))})}}));
  }
  if (kind < 95) {
    flow = {false, true};
    return one(
        "$bucket",
        object({{"groupBy", name("$n")},
                {"boundaries", list({-10, 0, 2, 100})},
                {"default", name("other")},
                {"output", object({{"k", one("$sum", 1)}, {"m", one("$max", name("$s"))}})}}));
  }
  if (kind < 97)
    return one("$redact",
               one("$cond", list({expression(Wanted::boolean, 1),
                                  name(chance(50) ? "$$DESCEND" : "$$KEEP"), name("$$PRUNE")})));
  if (!flow.unique) return one("$match", filter(1));
  flow.ordered = false;  // by partition
  return chance(60) ? window_fields() : range_window();
}

Node Generator::pipeline(std::string_view collection, int depth) {
  Node stages = list();
  Flow flow;
  if (chance(40)) {
    flow.ordered = true;
    stages.push(one("$sort", one("_id", 1)));
  }
  for (std::size_t at = 1 + below(4); at > 0; --at) stages.push(stage(collection, depth, flow));
  return stages;
}

}  // namespace quire::differential
