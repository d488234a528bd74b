// Stages of aggregation that look elsewhere, fill in and follow windows; expressions of the rarer
// operators.
#include "generator.hpp"

namespace quire::differential {
namespace {

Node name(const char* text) { return bson::Value(text); }

constexpr const char* joined[] = {"a", "n", "_id", "a.x", "s", "t"};

}  // namespace

Node Generator::graph_lookup(std::string_view collection) {
  Node out = object({{"from", bson::Value(collection)},
                     {"startWith", chance(70) ? name("$n") : expression(Wanted::any, 1)},
                     {"connectFromField", name(pick(joined))},
                     {"connectToField", name(pick(joined))},
                     {"as", name("set")}});
  if (chance(50)) out.add("maxDepth", static_cast<std::int32_t>(below(3)));
  if (chance(40)) out.add("depthField", name("depth"));
  if (chance(30)) out.add("restrictSearchWithMatch", filter(0));
  return one("$graphLookup", std::move(out));
}

Node Generator::lookup_with_fields(std::string_view collection) {
  Node stages = list();
  if (chance(60)) stages.push(one("$match", filter(1)));
  if (chance(50)) stages.push(one("$set", one("z", name(chance(50) ? "$$v" : "$n"))));
  if (chance(40)) stages.push(one("$project", projection()));
  return one("$lookup", object({{"from", bson::Value(collection)},
                                {"localField", name(pick(joined))},
                                {"foreignField", name(pick(joined))},
                                {"let", one("v", chance(50) ? name("$n") : name("$a"))},
                                {"pipeline", std::move(stages)},
                                {"as", name("set")}}));
}

Node Generator::fill() {
  Node output = object();
  if (chance(70)) output.add("n", one("method", name(chance(50) ? "locf" : "linear")));
  if (chance(50)) output.add("s", one("method", name("locf")));
  if (output.fields.empty() || chance(40))
    output.add("a", one("value", expression(Wanted::any, 1)));
  return one("$fill", object({{"sortBy", one("_id", 1)}, {"output", std::move(output)}}));
}

Node Generator::densify() {
  const auto low = static_cast<std::int32_t>(below(6)) - 2;
  return one(
      "$densify",
      object({{"field", name("_id")},
              {"range", object({{"step", static_cast<std::int32_t>(1 + below(3))},
                                {"bounds", chance(40) ? name("full")
                                                      : list({low, low + static_cast<std::int32_t>(
                                                                             below(12))})}})}}));
}

Node Generator::bucket_auto() {
  return one("$bucketAuto",
             object({{"groupBy", chance(50) ? name("$n") : expression(Wanted::any, 1)},
                     {"buckets", static_cast<std::int32_t>(1 + below(4))},
                     {"output", object({{"k", one("$sum", 1)}, {"m", one("$max", name("$s"))}})}}));
}

Node Generator::range_window() {
  Node output;
  const auto kind = below(6);
  if (kind == 0) {
    output = one("$expMovingAvg", object({{"input", name("$n")}, {"N", 3}}));
  } else if (kind == 1) {
    output = one(chance(50) ? "$locf" : "$linearFill", name("$n"));
  } else {
    static const char* const names[] = {"$sum", "$avg", "$min", "$max", "$push", "$count"};
    const char* operation = pick(names);
    output =
        one(operation,
            std::string_view(operation) == "$count" ? object() : expression(Wanted::number, 0));
    const auto low = static_cast<std::int32_t>(below(5)) - 3;
    output.add("window",
               one("range", list({chance(30) ? name("unbounded") : Node(low),
                                  chance(30) ? name("unbounded")
                                             : Node(low + static_cast<std::int32_t>(below(4)))})));
  }
  Node out = object();
  if (chance(30)) out.add("partitionBy", name("$s"));
  out.add("sortBy", one("_id", 1));
  out.add("output", one("o", std::move(output)));
  return one("$setWindowFields", std::move(out));
}

Node Generator::rarer_number(int depth) {
  const auto inner = [&] { return expression(Wanted::number, depth - 1); };
  switch (below(6)) {
    case 0: {
      static const char* const names[] = {"$exp", "$ln", "$log10", "$sin", "$degreesToRadians"};
      return one(pick(names), inner());
    }
    case 1:
      return one("$pow", list({inner(), static_cast<std::int32_t>(below(5)) - 1}));
    case 2: {
      static const char* const names[] = {"$bitAnd", "$bitOr", "$bitXor"};
      return one(pick(names), list({inner(), static_cast<std::int32_t>(below(16))}));
    }
    case 3: {
      static const char* const units[] = {"year", "quarter", "month", "week", "day", "hour"};
      Node arguments = object({{"startDate", expression(Wanted::date, depth - 1)},
                               {"endDate", expression(Wanted::date, depth - 1)},
                               {"unit", name(pick(units))}});
      if (chance(30)) arguments.add("timezone", name("Europe/Berlin"));
      if (chance(20)) arguments.add("startOfWeek", name("monday"));
      return one("$dateDiff", std::move(arguments));
    }
    case 4:
      return one("$strcasecmp",
                 list({expression(Wanted::text, depth - 1), expression(Wanted::text, depth - 1)}));
    default: {
      Node arguments = object({{"input", expression(Wanted::any, depth - 1)},
                               {"to", name(chance(50) ? "int" : "double")},
                               {"onError", -7}});
      if (chance(50)) arguments.add("onNull", -8);
      return one("$convert", std::move(arguments));
    }
  }
}

Node Generator::rarer(int depth) {
  switch (below(7)) {
    case 0: {
      Node branch = object({{"case", expression(Wanted::boolean, depth - 1)},
                            {"then", expression(Wanted::any, depth - 1)}});
      Node out = one("branches", list({std::move(branch)}));
      if (chance(70)) out.add("default", expression(Wanted::any, depth - 1));
      return one("$switch", std::move(out));
    }
    case 1:
      return one("$getField",
                 object({{"field", name(chance(50) ? "x" : "0")},
                         {"input", chance(50) ? literal_object(depth - 1) : name("$a")}}));
    case 2:
      return one("$setField",
                 object({{"field", name("x")},
                         {"input", chance(60) ? literal_object(depth - 1) : name("$c")},
                         {"value", expression(Wanted::any, depth - 1)}}));
    case 3: {
      static const char* const names[] = {"$regexMatch", "$regexFind", "$regexFindAll"};
      static const char* const patterns[] = {"a", "^a", "(b)?.", "[0-9]+", ""};
      return one(pick(names), object({{"input", expression(Wanted::text, depth - 1)},
                                      {"regex", name(pick(patterns))}}));
    }
    case 4:
      return one("$dateToParts", one("date", expression(Wanted::date, depth - 1)));
    case 5:
      return one("$arrayToObject", one("$objectToArray", literal_object(depth - 1)));
    default:
      return one("$toBool", expression(Wanted::any, depth - 1));
  }
}

}  // namespace quire::differential
