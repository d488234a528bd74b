// Expressions of aggregation.
#include "generator.hpp"

namespace quire::differential {

namespace {

Node name(const char* text) { return bson::Value(text); }

}  // namespace

Node Generator::expression(Wanted wanted, int depth) {
  if (chance(4)) return expression_any(depth);
  if (depth > 0 && chance(8)) {
    if (chance(50))
      return one("$cond", list({expression(Wanted::boolean, depth - 1),
                                expression(wanted, depth - 1), expression(wanted, depth - 1)}));
    if (chance(50)) return one("$ifNull", list({name("$zz"), expression(wanted, depth - 1)}));
    return one("$let",
               object({{"vars", one("v", expression(wanted, depth - 1))}, {"in", name("$$v")}}));
  }
  if (depth > 0 && chance(4)) return rarer(depth);
  switch (wanted) {
    case Wanted::number:
      return expression_number(depth);
    case Wanted::text:
      return expression_text(depth);
    case Wanted::array:
      return expression_array(depth);
    case Wanted::boolean:
      return expression_boolean(depth);
    case Wanted::date:
      return expression_date(depth);
    case Wanted::object:
      return literal_object(depth);
    case Wanted::any:
      return expression_any(depth);
  }
  return expression_any(depth);
}

Node Generator::literal_object(int depth) {
  Node out = object();
  for (const char* key : {"x", "y", "q"}) {
    if (chance(60)) out.add(key, depth > 0 ? expression(Wanted::any, depth - 1) : number());
  }
  return out;
}

Node Generator::expression_number(int depth) {
  if (depth == 0) return chance(60) ? name("$n") : number();
  const auto inner = [&] { return expression(Wanted::number, depth - 1); };
  if (chance(8)) return rarer_number(depth);
  switch (below(14)) {
    case 0:
      return one(chance(50) ? "$add" : "$multiply", list({inner(), inner(), inner()}));
    case 1:
      return one("$subtract", list({inner(), inner()}));
    case 2:
      return one(chance(50) ? "$divide" : "$mod", list({inner(), inner()}));
    case 3: {
      static const char* const names[] = {"$abs", "$ceil", "$floor", "$sqrt", "$trunc"};
      return one(pick(names), inner());
    }
    case 4:
      return one(chance(50) ? "$round" : "$trunc",
                 list({inner(), static_cast<std::int32_t>(below(5)) - 2}));
    case 5:
      return one("$size", expression(Wanted::array, depth - 1));
    case 6: {
      static const char* const names[] = {"$sum", "$avg", "$max", "$min"};
      return one(pick(names), expression(Wanted::array, depth - 1));
    }
    case 7:
      return one(chance(50) ? "$strLenCP" : "$strLenBytes", expression(Wanted::text, depth - 1));
    case 8:
      return one("$indexOfArray", list({expression(Wanted::array, depth - 1), inner()}));
    case 9:
      return one(chance(50) ? "$indexOfCP" : "$indexOfBytes",
                 list({expression(Wanted::text, depth - 1), text()}));
    case 10:
      return one("$cmp",
                 list({expression(Wanted::any, depth - 1), expression(Wanted::any, depth - 1)}));
    case 11: {
      static const char* const names[] = {"$toInt", "$toLong", "$toDouble", "$toDecimal"};
      return one(pick(names), chance(70) ? inner() : expression(Wanted::text, depth - 1));
    }
    case 12: {
      static const char* const names[] = {"$year",        "$month",  "$dayOfMonth",  "$hour",
                                          "$minute",      "$second", "$millisecond", "$dayOfWeek",
                                          "$dayOfYear",   "$week",   "$isoWeek",     "$isoWeekYear",
                                          "$isoDayOfWeek"};
      if (chance(60)) return one(pick(names), expression(Wanted::date, depth - 1));
      return one(pick(names), object({{"date", expression(Wanted::date, depth - 1)},
                                      {"timezone", name(chance(50) ? "Europe/Berlin" : "+0530")}}));
    }
    default:
      return one("$reduce", object({{"input", expression(Wanted::array, depth - 1)},
                                    {"initialValue", 0},
                                    {"in", one("$add", list({name("$$value"), name("$$this")}))}}));
  }
}

Node Generator::expression_text(int depth) {
  if (depth == 0)
    return chance(65)                                        ? name("$s")
           : text().leaf.view().as_string().starts_with('$') ? name("a")
                                                             : text();
  const auto inner = [&] { return expression(Wanted::text, depth - 1); };
  switch (below(10)) {
    case 0:
      return one("$concat", list({inner(), inner()}));
    case 1:
      return one(chance(50) ? "$toUpper" : "$toLower", inner());
    case 2:
      return one(chance(50) ? "$substrCP" : "$substrBytes",
                 list({inner(), static_cast<std::int32_t>(below(3)),
                       static_cast<std::int32_t>(below(4)) - 1}));
    case 3: {
      static const char* const names[] = {"$trim", "$ltrim", "$rtrim"};
      Node arguments = one("input", inner());
      if (chance(50)) arguments.add("chars", name("a "));
      return one(pick(names), std::move(arguments));
    }
    case 4:
      return one("$toString", chance(50) ? expression(Wanted::number, depth - 1)
                                         : expression(Wanted::date, depth - 1));
    case 5:
      return one("$type", expression(Wanted::any, depth - 1));
    case 6:
      return one(chance(50) ? "$replaceOne" : "$replaceAll",
                 object({{"input", inner()}, {"find", name("a")}, {"replacement", inner()}}));
    case 7: {
      static const char* const formats[] = {"%Y-%m-%d", "%H:%M:%S.%L", "%G-W%V-%u", "%j %z"};
      Node arguments =
          object({{"date", expression(Wanted::date, depth - 1)}, {"format", name(pick(formats))}});
      if (chance(40)) arguments.add("timezone", name(chance(50) ? "America/New_York" : "-03:30"));
      return one("$dateToString", std::move(arguments));
    }
    case 8:
      return one("$arrayElemAt", list({one("$split", list({inner(), name("a")})),
                                       static_cast<std::int32_t>(below(3)) - 1}));
    default:
      return one("$reduce",
                 object({{"input", list({inner(), inner()})},
                         {"initialValue", name("")},
                         {"in", one("$concat", list({name("$$value"), name("$$this")}))}}));
  }
}

Node Generator::expression_array(int depth) {
  if (depth == 0) return chance(70) ? name("$t") : list({number(), number()});
  const auto inner = [&] { return expression(Wanted::array, depth - 1); };
  switch (below(13)) {
    case 0:
      return one("$map", object({{"input", inner()},
                                 {"as", name("e")},
                                 {"in", chance(50) ? one("$add", list({name("$$e"), number()}))
                                                   : expression(Wanted::any, depth - 1)}}));
    case 1:
      return one(
          "$filter",
          object({{"input", inner()},
                  {"cond", one(chance(50) ? "$gt" : "$lte", list({name("$$this"), number()}))}}));
    case 2: {
      Node bounds = list({inner(), static_cast<std::int32_t>(below(5)) - 2});
      if (chance(40)) bounds.push(static_cast<std::int32_t>(1 + below(2)));
      return one("$slice", std::move(bounds));
    }
    case 3:
      return one("$concatArrays", list({inner(), inner()}));
    case 4:
      return one("$reverseArray", inner());
    case 5:
      return one("$sortArray", object({{"input", inner()}, {"sortBy", chance(50) ? 1 : -1}}));
    case 6:
      return one("$range",
                 list({static_cast<std::int32_t>(below(3)), static_cast<std::int32_t>(below(6)),
                       static_cast<std::int32_t>(below(4)) - 1}));
    case 7: {
      Node arguments = one("inputs", list({inner(), inner()}));
      if (chance(50)) {
        arguments.add("useLongestLength", bson::Value(true));
        if (chance(50)) arguments.add("defaults", list({number(), number()}));
      }
      return one("$zip", std::move(arguments));
    }
    case 8:
      return one("$objectToArray", chance(50) ? literal_object(depth - 1) : name("$a"));
    case 9:
      return one(chance(50) ? "$firstN" : "$lastN",
                 object({{"n", static_cast<std::int32_t>(1 + below(3))}, {"input", inner()}}));
    case 10:
      return one(chance(50) ? "$maxN" : "$minN",
                 object({{"n", static_cast<std::int32_t>(1 + below(3))}, {"input", inner()}}));
    case 11:
      return one("$split", list({expression(Wanted::text, depth - 1), name("a")}));
    default: {
      // A set has no order of its own.
      static const char* const names[] = {"$setUnion", "$setIntersection", "$setDifference"};
      return one("$sortArray",
                 object({{"input", one(pick(names), list({inner(), inner()}))}, {"sortBy", 1}}));
    }
  }
}

Node Generator::expression_boolean(int depth) {
  static const char* const comparisons[] = {"$eq", "$ne", "$gt", "$gte", "$lt", "$lte"};
  if (depth == 0) return one(pick(comparisons), list({name("$n"), number()}));
  switch (below(8)) {
    case 0:
    case 1:
      return one(pick(comparisons),
                 list({expression(Wanted::any, depth - 1), expression(Wanted::any, depth - 1)}));
    case 2:
      return one(chance(50) ? "$and" : "$or", list({expression(Wanted::any, depth - 1),
                                                    expression(Wanted::boolean, depth - 1)}));
    case 3:
      return one("$not", list({expression(Wanted::any, depth - 1)}));
    case 4:
      return one("$in",
                 list({expression(Wanted::any, depth - 1), expression(Wanted::array, depth - 1)}));
    case 5:
      return one(chance(50) ? "$isArray" : "$isNumber", expression(Wanted::any, depth - 1));
    case 6: {
      static const char* const names[] = {"$setEquals", "$setIsSubset"};
      return one(pick(names), list({expression(Wanted::array, depth - 1),
                                    expression(Wanted::array, depth - 1)}));
    }
    default:
      return one(chance(50) ? "$anyElementTrue" : "$allElementsTrue",
                 list({expression(Wanted::array, depth - 1)}));
  }
}

Node Generator::expression_date(int depth) {
  if (depth == 0) return chance(70) ? name("$w") : date();
  static const char* const units[] = {"year", "quarter", "month",  "week",       "day",
                                      "hour", "minute",  "second", "millisecond"};
  switch (below(4)) {
    case 0: {
      Node arguments = object({{"startDate", expression(Wanted::date, depth - 1)},
                               {"unit", name(pick(units))},
                               {"amount", static_cast<std::int32_t>(below(40)) - 20}});
      if (chance(30)) arguments.add("timezone", name("America/New_York"));
      return one(chance(60) ? "$dateAdd" : "$dateSubtract", std::move(arguments));
    }
    case 1: {
      Node arguments =
          object({{"date", expression(Wanted::date, depth - 1)}, {"unit", name(pick(units))}});
      if (chance(30)) arguments.add("binSize", static_cast<std::int32_t>(1 + below(5)));
      if (chance(30)) arguments.add("timezone", name("Europe/Berlin"));
      return one("$dateTrunc", std::move(arguments));
    }
    case 2:
      return one("$dateFromParts", object({{"year", static_cast<std::int32_t>(1970 + below(60))},
                                           {"month", static_cast<std::int32_t>(below(16)) - 1},
                                           {"day", static_cast<std::int32_t>(below(40))}}));
    default:
      return one("$add", list({expression(Wanted::date, depth - 1),
                               static_cast<std::int32_t>(below(100000))}));
  }
}

Node Generator::expression_any(int depth) {
  static const char* const fields[] = {"$a",   "$b", "$c", "$d", "$a.x",
                                       "$c.y", "$n", "$s", "$t", "$$ROOT"};
  switch (below(depth > 0 ? 9 : 2)) {
    case 0:
      return name(pick(fields));
    case 1:
      return one("$literal", operand());
    case 2:
      return expression_number(depth);
    case 3:
      return expression_text(depth);
    case 4:
      return expression_array(depth);
    case 5:
      return expression_boolean(depth);
    case 6:
      return expression_date(depth);
    case 7:
      switch (below(4)) {
        case 0:
          return one("$mergeObjects", list({literal_object(depth - 1),
                                            chance(50) ? name("$c") : literal_object(0)}));
        case 1:
          return one("$arrayElemAt", list({expression(Wanted::array, depth - 1),
                                           static_cast<std::int32_t>(below(5)) - 2}));
        case 2:
          return one(chance(50) ? "$first" : "$last", expression(Wanted::array, depth - 1));
        default:
          return one(
              "$switch",
              object({{"branches", list({object({{"case", expression(Wanted::boolean, depth - 1)},
                                                 {"then", expression(Wanted::any, depth - 1)}})})},
                      {"default", number()}}));
      }
    default: {
      static const char* const targets[] = {"int",    "long", "double", "decimal",
                                            "string", "bool", "date"};
      return one("$convert", object({{"input", expression(Wanted::any, depth - 1)},
                                     {"to", name(pick(targets))},
                                     {"onError", name("bad")},
                                     {"onNull", name("none")}}));
    }
  }
}

}  // namespace quire::differential
