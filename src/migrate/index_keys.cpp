#include "migrate/index_keys.hpp"

#include <algorithm>
#include <memory>

#include "migrate/json_text.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/value.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {
namespace {

constexpr std::size_t most_parts = 6;  // of a path: each is some levels of the expression

/// The paths of an index as a tree of field names.
struct Node {
  std::string name;
  int key = -1;  ///< the index's field that ends here
  std::vector<std::unique_ptr<Node>> children;

  Node& child(std::string_view wanted) {
    for (const auto& one : children) {
      if (one->name == wanted) return *one;
    }
    children.push_back(std::make_unique<Node>());
    children.back()->name = wanted;
    return *children.back();
  }
};

std::string variable(const std::string& name) { return json_text("$$" + name); }
/// A field of the document (object: empty), or of one in a variable.
std::string field_of(const std::string& object, const std::string& name) {
  return json_text(object.empty() ? "$" + name : "$$" + object + "." + name);
}
std::string cond(const std::string& test, const std::string& yes, const std::string& no) {
  return R"({"$cond":[)" + test + "," + yes + "," + no + "]}";
}
std::string is_type(const std::string& value, const char* type) {
  return R"({"$eq":[{"$type":)" + value + "},\"" + type + "\"]}";
}
std::string is_array(const std::string& value) { return R"({"$isArray":[)" + value + "]}"; }
std::string let(const std::string& name, const std::string& value, const std::string& in) {
  return R"({"$let":{"vars":{")" + name + "\":" + value + R"(},"in":)" + in + "}}";
}
std::string map(const std::string& input, const std::string& as, const std::string& in) {
  return R"({"$map":{"input":)" + input + R"(,"as":")" + as + R"(","in":)" + in + "}}";
}
std::string part(int key) { return "k" + std::to_string(key); }

/// Follows MongoDB's key generator: a path is walked through documents down to its end or a list;
/// of a list each element goes on where it is a document, and as an empty one where it is none.
/// Lists within lists are values.
class Builder {
 public:
  /// Keys of the fields below a node, of an object that is a document.
  std::string keys_below(const Node& node, const std::string& object) {
    std::string all;
    for (const auto& child : node.children) {
      const std::string one = keys_of(*child, field_of(object, child->name));
      all = all.empty() ? one : product(all, one);
    }
    return all;
  }

  /// How many lists the paths below reach first.
  std::string lists_below(const Node& node, const std::string& object) {
    std::string sum = R"({"$add":[0)";
    for (const auto& child : node.children) {
      const std::string v = fresh("v");
      const std::string nested = child->children.empty() ? "0"
                                                         : cond(is_type(variable(v), "object"),
                                                                lists_below(*child, v), "0");
      sum += "," + let(v, field_of(object, child->name), cond(is_array(variable(v)), "1", nested));
    }
    return sum + "]}";
  }
  /// Whether two paths reach different lists, in the object or in an element of a list.
  std::string parallel_below(const Node& node, const std::string& object) {
    std::string any = R"({"$or":[{"$gt":[)" + lists_below(node, object) + ",1]}";
    for (const auto& child : node.children) {
      if (child->children.empty()) continue;
      const std::string v = fresh("v"), e = fresh("e");
      const std::string elements =
          cond(is_array(variable(v)), variable(v), "[" + variable(v) + "]");
      const std::string found = map(
          elements, e, cond(is_type(variable(e), "object"), parallel_below(*child, e), "false"));
      any += "," + let(v, field_of(object, child->name), R"({"$anyElementTrue":[)" + found + "]}");
    }
    return any + "]}";
  }

 private:
  std::string fresh(const char* prefix) { return prefix + std::to_string(next_++); }

  /// Each of a with each of b.
  std::string product(const std::string& a, const std::string& b) {
    const std::string x = fresh("x"), y = fresh("y"), z = fresh("z");
    return R"({"$let":{"vars":{")" + x + "\":" + a + ",\"" + y + "\":" + b +
           R"(},"in":{"$reduce":{"input":)" + variable(x) +
           R"(,"initialValue":[],"in":{"$concatArrays":["$$value",)" +
           map(variable(y), z, R"({"$mergeObjects":["$$this",)" + variable(z) + "]}") + "]}}}}}";
  }

  std::string keys_of(const Node& node, const std::string& value) {
    // Values are wrapped, so that an absent one can be in a list: {} is absent.
    const std::string v = fresh("v"), w = fresh("w"), e = fresh("e");
    const std::string present = cond(is_array(variable(v)),
                                     cond(R"({"$eq":[)" + variable(v) + ",[]]}", R"([{"u":true}])",
                                          map(variable(v), e, R"({"v":)" + variable(e) + "}")),
                                     R"([{"v":)" + variable(v) + "}]");
    // Asked of the field: not every server hands "missing" on through a variable.
    const std::string list = cond(is_type(value, "missing"), "[{}]", present);
    const std::string own = node.key < 0 ? "" : "{\"" + part(node.key) + "\":" + variable(w) + "}";
    if (node.children.empty()) return let(v, value, map(list, w, own));
    const std::string o = fresh("o"), t = fresh("t");
    const std::string inner = field_of(w, "v");
    std::string below = let(o, cond(is_type(inner, "object"), inner, "{}"), keys_below(node, o));
    if (!own.empty())
      below = map(below, t, R"({"$mergeObjects":[)" + variable(t) + "," + own + "]}");
    return let(v, value,
               R"({"$reduce":{"input":)" + map(list, w, below) +
                   R"(,"initialValue":[],"in":{"$concatArrays":["$$value","$$this"]}}})");
  }

  int next_ = 0;
};

[[noreturn]] void invalid(std::string_view field, const std::string& text) {
  throw QueryError(ErrorCode::invalid_index, FieldPath(std::string(field)), text, 67);
}

void add_path(Node& root, std::string_view path, int key) {
  Node* node = &root;
  std::size_t parts = 0;
  std::string_view rest = path;
  while (true) {
    const auto dot = rest.find('.');
    const std::string_view name = rest.substr(0, dot);
    if (name.empty()) invalid(path, "an index's field has a name between all dots");
    if (name.front() == '$') invalid(path, "an index's field does not begin with $");
    if (std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      throw StoreError(ErrorCode::unsupported, FieldPath(std::string(path)),
                       "duplicates are not looked for by the position in a list");
    }
    if (++parts > most_parts) {
      throw StoreError(ErrorCode::unsupported, FieldPath(std::string(path)),
                       "duplicates are looked for in paths of up to 6 parts");
    }
    node = &node->child(name);
    if (dot == rest.npos) break;
    rest.remove_prefix(dot + 1);
  }
  if (node->key >= 0) invalid(path, "the field is named twice");
  node->key = key;
}

}  // namespace

IndexKeys index_keys(bson::View definition, bool sparse) {
  IndexKeys out;
  Node root;
  for (const auto& [path, value] : definition) {
    const bool direction = value.is_number() && value.type() != bson::Type::decimal128 &&
                           (value.type() == bson::Type::double_
                                ? value.as_double() != 0 && value.as_double() == value.as_double()
                            : value.type() == bson::Type::int32 ? value.as_int32() != 0
                                                                : value.as_int64() != 0);
    if (!direction) invalid(path, "a unique index has 1 or -1 for each of its fields");
    add_path(root, path, static_cast<int>(out.fields.size()));
    out.fields.emplace_back(path);
  }
  if (out.fields.empty()) invalid("", "an index has at least one field: {email: 1}");

  Builder builder;
  std::string keys = builder.keys_below(root, "");
  if (sparse) {
    std::string any = R"({"$or":[)";
    for (std::size_t i = 0; i < out.fields.size(); ++i) {
      any += (i == 0 ? "" : ",") +
             (R"({"$ne":[)" + field_of("t", part(static_cast<int>(i))) + ",{}]}");
    }
    keys = R"({"$filter":{"input":)" + keys + R"(,"as":"t","cond":)" + any + "]}}}";
  }
  std::string whole = "{";
  for (std::size_t i = 0; i < out.fields.size(); ++i) {
    const std::string name = part(static_cast<int>(i));
    const std::string own = field_of("t", name);
    const std::string value = json_text("$$t." + name + ".v");
    whole += (i == 0 ? "\"" : ",\"") + name + "\":" +
             cond(R"({"$eq":[)" + own + ",{}]}", R"({"v":null})",
                  cond(is_type(value, "undefined"), R"({"u":true})", own));
  }
  out.keys = R"({"$setUnion":[)" + map(keys, "t", whole + "}") + "]}";
  if (out.fields.size() > 1) out.parallel = builder.parallel_below(root, "");
  return out;
}

}  // namespace quire::migrate
