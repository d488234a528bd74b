#include "store/embedded/engine/index_spec.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>

#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "store/embedded/engine/compare.hpp"
#include "store/embedded/engine/matcher.hpp"
#include "store/embedded/expression/value.hpp"

namespace quire::store::embedded {

namespace {

using bson::Type;
using bson::ValueView;
using bson::View;

constexpr int bad_value = 2;
constexpr int failed_to_parse = 9;
constexpr int type_mismatch = 14;
constexpr int cannot_create_index = 67;
constexpr int invalid_options = 72;
constexpr int invalid_specification_option = 197;
constexpr int query_feature_not_allowed = 224;
constexpr std::size_t max_fields = 32;

[[noreturn]] void fail(int code, std::string_view path, std::string detail) {
  throw QueryError(ErrorCode::invalid_index, FieldPath(std::string(path)), detail, code);
}
[[noreturn]] void refuse(std::string_view path, const std::string& what) {
  throw StoreError(ErrorCode::unsupported, FieldPath(std::string(path)),
                   what + " is not supported by the embedded store");
}

std::string wrong_type(std::string_view wanted, ValueView found) {
  return "expected " + std::string(wanted) + ", found " + std::string(type_name(found.type()));
}

double want_number(std::string_view option, ValueView value) {
  if (!value.is_number()) fail(type_mismatch, option, wrong_type("a number", value));
  return to_double(value);
}
bool want_flag(std::string_view option, ValueView value) {
  if (value.type() == Type::boolean) return value.as_bool();
  return want_number(option, value) != 0;
}
View want_document(std::string_view option, ValueView value) {
  if (!value.is_document()) fail(type_mismatch, option, wrong_type("an object", value));
  return value.as_document();
}
std::string_view want_text(std::string_view option, ValueView value) {
  if (!value.is_string()) fail(type_mismatch, option, wrong_type("a string", value));
  return value.as_string();
}

/// What kind of index the key asks for beside ascending and descending.
struct KeyKinds {
  std::string special;  // "text", "2d", "hashed", …; the first
  std::size_t wildcards = 0;
  bool wildcard_at_root = false;
  std::size_t texts = 0;
  std::size_t hashed = 0;
  bool text_run_ended = false;  // a plain field after text fields
};

bool is_wildcard_name(std::string_view name) { return name == "$**" || name.ends_with(".$**"); }

void check_field_name(std::string_view name) {
  if (name.empty()) fail(cannot_create_index, "key", "an index field has no name");
  std::size_t start = 0;
  while (start <= name.size()) {
    const auto dot = std::min(name.find('.', start), name.size());
    const auto part = name.substr(start, dot - start);
    if (part.empty())
      fail(cannot_create_index, "key." + std::string(name), "a part of the path is empty");
    if (part == "$**") {
      if (dot != name.size())
        fail(cannot_create_index, "key." + std::string(name), "$** stands only at the end");
    } else if (part.front() == '$' &&
               !(start != 0 && (part == "$id" || part == "$ref" || part == "$db"))) {
      fail(cannot_create_index, "key." + std::string(name), "a part of the path begins with $");
    }
    start = dot + 1;
  }
}

void check_plugin(std::string_view name, std::string_view plugin, KeyKinds& kinds) {
  static constexpr std::array<std::string_view, 4> known{"text", "2d", "2dsphere", "hashed"};
  bool found = false;
  for (const auto& one : known) found = found || one == plugin;
  if (!found)
    fail(cannot_create_index, "key." + std::string(name),
         "there is no kind of index \"" + std::string(plugin) + "\"");
  if (is_wildcard_name(name) && plugin != "text")
    fail(cannot_create_index, "key." + std::string(name), "a wildcard index is not of that kind");
  if (plugin == "text") {
    if (kinds.text_run_ended)
      fail(cannot_create_index, "key", "the text fields of an index must be adjacent");
    ++kinds.texts;
  } else if (kinds.texts != 0) {
    fail(cannot_create_index, "key", "a text index takes no fields of other special kinds");
  }
  if (plugin == "hashed" && ++kinds.hashed > 1)
    fail(31303, "key", "at most one field of an index is hashed");
  if (kinds.special.empty() || kinds.special == "hashed") kinds.special = std::string(plugin);
}

KeyKinds read_key(View key, std::vector<IndexField>& fields) {
  KeyKinds kinds;
  std::size_t count = 0;
  for (const auto& [name, value] : key) {
    if (++count > max_fields) fail(13103, "key", "an index has at most 32 fields");
    check_field_name(name);
    if (value.is_string()) {
      check_plugin(name, value.as_string(), kinds);
      if (value.as_string() == "hashed")
        fields.push_back({std::string(name), false, IndexField::Kind::hashed});
      continue;
    }
    if (!value.is_number())
      fail(cannot_create_index, "key." + std::string(name),
           wrong_type("1, -1 or the name of an index kind", value));
    const double direction = to_double(value);
    if (direction == 0 || std::isnan(direction))
      fail(cannot_create_index, "key." + std::string(name), "the direction is 1 or -1");
    if (kinds.texts != 0) kinds.text_run_ended = true;
    if (is_wildcard_name(name)) {
      ++kinds.wildcards;
      kinds.wildcard_at_root = name == "$**";
    }
    fields.push_back(
        {std::string(name), direction < 0,
         is_wildcard_name(name) ? IndexField::Kind::wildcard : IndexField::Kind::plain});
  }
  if (count == 0) fail(cannot_create_index, "key", "an index needs at least one field");
  return kinds;
}

// ---- partial filters

[[noreturn]] void fail_partial() {
  fail(cannot_create_index, "partialFilterExpression",
       "a partial filter takes only equality, $in, $gt, $gte, $lt, $lte, $type, "
       "$exists: true, $and and $or");
}

void check_partial_node(const FilterNode& node) {
  using Kind = FilterNode::Kind;
  switch (node.kind) {
    case Kind::always_true:
    case Kind::always_false:
    case Kind::comment:
    case Kind::eq:
    case Kind::lt:
    case Kind::lte:
    case Kind::gt:
    case Kind::gte:
    case Kind::in:
    case Kind::type:
    case Kind::conjunction:
    case Kind::disjunction:
      break;
    case Kind::exists:
      if (node.flag) break;
      fail_partial();
    case Kind::json_schema:
      fail(query_feature_not_allowed, "partialFilterExpression",
           "$jsonSchema is not allowed in a partial filter");
    case Kind::expr:
      fail(query_feature_not_allowed, "partialFilterExpression",
           "$expr is not allowed in a partial filter");
    default:
      fail_partial();
  }
  for (const auto& child : node.children) check_partial_node(*child);
}

/// Operators that a partial filter never takes, wherever they stand. Only looked at when the filter
/// uses something that the embedded store does not support, to tell which of the two it is.
void check_refused_operators(View filter, int depth) {
  if (depth > bson::max_depth) return;
  for (const auto& [name, value] : filter) {
    if (name == "$expr" || name == "$jsonSchema" || name == "$where")
      fail(query_feature_not_allowed, "partialFilterExpression",
           std::string(name) + " is not allowed in a partial filter");
    if (name == "$text") fail(bad_value, "partialFilterExpression", "$text is not allowed here");
    if (value.is_document() || value.is_array())
      check_refused_operators(value.as_nested(), depth + 1);
  }
}

void check_partial_filter(View filter) {
  try {
    check_partial_node(Matcher(filter).root());
  } catch (const StoreError& error) {
    if (error.code() == ErrorCode::unsupported) check_refused_operators(filter, 1);
    throw;
  }
}

/// Bytes that are the same for filters that say the same in another order.
void append_terms(View filter, std::vector<std::string>& terms);

std::string signature(View filter) {
  std::vector<std::string> terms;
  append_terms(filter, terms);
  std::sort(terms.begin(), terms.end());
  terms.erase(std::unique(terms.begin(), terms.end()), terms.end());
  std::string out;
  for (const auto& term : terms) out += std::to_string(term.size()) + ':' + term;
  return out;
}

void append_terms(View filter, std::vector<std::string>& terms) {
  const auto term = [&terms](std::string_view path, std::string_view op, ValueView value) {
    std::string text(path);
    text += '\0';
    text += op;
    text += '\0';
    append_key(text, value);
    terms.push_back(std::move(text));
  };
  for (const auto& [name, value] : filter) {
    if (name == "$and" && value.is_array()) {
      for (const auto& [index, part] : value.as_array()) append_terms(part.as_document(), terms);
    } else if (name == "$or" && value.is_array()) {
      std::vector<std::string> parts;
      for (const auto& [index, part] : value.as_array())
        parts.push_back(signature(part.as_document()));
      std::sort(parts.begin(), parts.end());
      std::string text("$or");
      for (const auto& part : parts) text += '\0' + std::to_string(part.size()) + ':' + part;
      terms.push_back(std::move(text));
    } else if (value.is_document() && !value.as_document().empty() &&
               value.as_document().begin()->key.starts_with('$')) {
      for (const auto& [op, operand] : value.as_document()) term(name, op, operand);
    } else {
      term(name, "$eq", value);
    }
  }
}

// ---- options

std::int64_t read_ttl(ValueView value) {
  constexpr std::string_view option = "expireAfterSeconds";
  if (!value.is_number()) fail(cannot_create_index, option, wrong_type("a number", value));
  const double seconds = to_double(value);
  // NaN fails too.
  if (!(seconds > -1 && seconds <= std::numeric_limits<std::int32_t>::max()))
    fail(cannot_create_index, option, "the value lies outside of 0 to 2147483647 seconds");
  return static_cast<std::int64_t>(seconds);
}

void check_version(ValueView value) {
  const double version = want_number("v", value);
  if (version != 1 && version != 2)
    fail(cannot_create_index, "v", "the index version is 2 (or 1, kept for old programs)");
}

void check_special_version(std::string_view option, ValueView value, double highest) {
  const double version = want_number(option, value);
  if (version != std::floor(version) || version < 1 || version > highest)
    fail(cannot_create_index, option, "there is no such version");
}

struct SpecialOptions {
  double min = -180;
  double max = 180;
  std::optional<View> wildcard_projection;
  double version = 2;
};

/// Options of index kinds that are refused: malformed ones are the mistake that is told first.
bool read_special_option(std::string_view name, ValueView value, SpecialOptions& special) {
  if (name == "default_language" || name == "language_override") {
    (void)want_text(name, value);
  } else if (name == "weights") {
    for (const auto& [field, weight] : want_document(name, value)) {
      const double number = want_number("weights." + std::string(field), weight);
      if (!(number >= 1 && number < 99999))
        fail(cannot_create_index, "weights." + std::string(field), "a weight is 1 to 99998");
    }
  } else if (name == "textIndexVersion") {
    check_special_version(name, value, 3);
  } else if (name == "2dsphereIndexVersion") {
    check_special_version(name, value, 3);
  } else if (name == "bits") {
    const double bits = want_number(name, value);
    if (!(bits >= 1 && bits <= 32)) fail(invalid_options, name, "bits is 1 to 32");
  } else if (name == "min") {
    special.min = want_number(name, value);
  } else if (name == "max") {
    special.max = want_number(name, value);
  } else if (name == "bucketSize" || name == "coarsestIndexedLevel" ||
             name == "finestIndexedLevel") {
    (void)want_number(name, value);
  } else if (name == "wildcardProjection") {
    special.wildcard_projection = want_document(name, value);
  } else if (name == "columnstoreProjection" || name == "storageEngine") {
    (void)want_document(name, value);
  } else if (name == "background" || name == "dropDups" || name == "clustered") {
    (void)want_flag(name, value);
  } else if (name == "ns") {
    (void)want_text(name, value);
  } else {
    return false;
  }
  return true;
}

void check_wildcard_projection(View projection, std::optional<bool>& inclusive,
                               const std::string& prefix, std::vector<std::string>& seen) {
  if (projection.empty()) fail(failed_to_parse, "wildcardProjection", "it is empty");
  for (const auto& [name, value] : projection) {
    const auto path = prefix.empty() ? std::string(name) : prefix + "." + std::string(name);
    if (value.is_document()) {
      check_wildcard_projection(value.as_document(), inclusive, path, seen);
      continue;
    }
    if (value.type() != Type::boolean && !value.is_number())
      fail(51271, "wildcardProjection." + path, "only inclusion and exclusion are allowed here");
    if (path == "_id") continue;
    for (const auto& other : seen) {
      if (path.starts_with(other + ".") || other.starts_with(path + "."))
        fail(31249, "wildcardProjection." + path, "the path collides with " + other);
    }
    seen.push_back(path);
    const bool includes = value.is_number() ? to_double(value) != 0 : value.as_bool();
    if (inclusive && *inclusive != includes)
      fail(*inclusive ? 31254 : 31253, "wildcardProjection." + path,
           "inclusion and exclusion do not mix");
    inclusive = includes;
  }
}

void check_wildcard(const IndexSpec& spec, const KeyKinds& kinds, const SpecialOptions& special) {
  if (kinds.wildcards > 1)
    fail(cannot_create_index, "key", "an index has at most one wildcard field");
  if (special.version != 2) fail(cannot_create_index, "v", "a wildcard index is of version 2");
  for (const auto& [set, name] :
       {std::pair{spec.unique, "unique"}, std::pair{spec.sparse, "sparse"},
        std::pair{spec.expire_after_seconds.has_value(), "expireAfterSeconds"}}) {
    if (set) fail(cannot_create_index, name, "a wildcard index does not take this option");
  }
  if (special.wildcard_projection) {
    if (!kinds.wildcard_at_root)
      fail(failed_to_parse, "wildcardProjection", "only the wildcard $** takes a projection");
    std::optional<bool> inclusive;
    std::vector<std::string> seen;
    check_wildcard_projection(*special.wildcard_projection, inclusive, "", seen);
  } else if (kinds.wildcard_at_root && spec.fields.size() > 1) {
    fail(cannot_create_index, "wildcardProjection",
         "a compound index with $** needs a projection that leaves its other fields out");
  }
}

bool is_id_key(View key) {
  auto it = key.begin();
  return it != key.end() && it->key == "_id" && it->value.is_number() && key.count() == 1;
}

}  // namespace

void require_simple_collation(ValueView collation, std::string_view path) {
  const View options = want_document(path, collation);
  const std::string prefix = std::string(path) + ".";
  std::optional<std::string_view> locale;
  for (const auto& [name, value] : options) {
    const auto at = prefix + std::string(name);
    if (value.is_null() && name != "locale") continue;  // as if it were not there
    if (name == "locale") {
      locale = want_text(at, value);
    } else if (name == "strength") {
      const double strength = want_number(at, value);
      if (!(strength >= 1 && strength <= 5)) fail(bad_value, at, "the strength is 1 to 5");
    } else if (name == "caseLevel" || name == "numericOrdering" || name == "backwards" ||
               name == "normalization") {
      (void)want_flag(at, value);
    } else if (name == "caseFirst") {
      const auto text = want_text(at, value);
      if (text != "upper" && text != "lower" && text != "off")
        fail(bad_value, at, "caseFirst is upper, lower or off");
    } else if (name == "alternate") {
      const auto text = want_text(at, value);
      if (text != "non-ignorable" && text != "shifted")
        fail(bad_value, at, "alternate is non-ignorable or shifted");
    } else if (name == "maxVariable") {
      const auto text = want_text(at, value);
      if (text != "punct" && text != "space") fail(bad_value, at, "maxVariable is punct or space");
    } else if (name == "version") {
      (void)want_text(at, value);
    } else {
      fail(40415, at, "a collation has no such option");
    }
  }
  // Without a locale the server answers as to a bad one.
  if (!locale) fail(options.empty() ? bad_value : 40414, prefix + "locale", "it is missing");
  if (*locale == "simple") {
    if (options.count() != 1)
      fail(bad_value, path, "the locale \"simple\" takes no further options");
    return;
  }
  // Language, then script, region and variant: "en", "zh_Hant", "fr_CA", "de@collation=phonebook".
  const auto language = locale->substr(0, locale->find_first_of("_@-"));
  bool plausible = language.size() == 2 || language.size() == 3;
  for (const char c : language) plausible = plausible && c >= 'a' && c <= 'z';
  if (!plausible) fail(bad_value, prefix + "locale", "there is no such locale");
  refuse(path, "a collation other than {locale: \"simple\"}");
}

std::string IndexSpec::default_name(View key) {
  std::string name;
  for (const auto& [field, value] : key) {
    if (!name.empty()) name += '_';
    name += field;
    name += '_';
    if (value.is_string()) {
      name += value.as_string();
    } else if (value.type() == Type::decimal128) {
      name += value.as_decimal128().str();
    } else if (value.is_number()) {
      const double direction = to_double(value);
      if (direction == std::floor(direction) && std::abs(direction) < 1e15) {
        name += std::to_string(static_cast<std::int64_t>(direction));
      } else {
        name += std::to_string(direction);
      }
    }
  }
  return name;
}

IndexSpec IndexSpec::parse(View given) {
  IndexSpec spec;
  KeyKinds kinds;
  SpecialOptions special;
  bool has_key = false;
  bool has_name = false;
  std::optional<ValueView> collation;
  std::string_view id_refuses;  // an option that an index of _id does not take

  if (const auto key = given.find("key")) {
    has_key = true;
    const View pattern = want_document("key", *key);
    kinds = read_key(pattern, spec.fields);
    spec.key = bson::Document(pattern);
  }
  for (const auto& [name, value] : given) {
    if (name == "key") continue;
    if (name == "name") {
      const auto text = want_text(name, value);
      if (text.empty()) fail(cannot_create_index, name, "the name of an index is not empty");
      if (text == "*") fail(bad_value, name, "* stands for all indexes; it names none");
      spec.name = std::string(text);
      has_name = true;
      continue;
    }
    if (name == "v") {
      check_version(value);
      special.version = to_double(value);
      continue;
    }
    if (name == "unique") {
      spec.unique = want_flag(name, value);
    } else if (name == "sparse") {
      spec.sparse = want_flag(name, value);
    } else if (name == "hidden") {
      if (value.type() != Type::boolean) fail(type_mismatch, name, wrong_type("a bool", value));
      spec.hidden = value.as_bool();
    } else if (name == "prepareUnique") {
      spec.prepare_unique = want_flag(name, value);
    } else if (name == "partialFilterExpression") {
      spec.partial_filter = bson::Document(want_document(name, value));
    } else if (name == "expireAfterSeconds") {
      spec.expire_after_seconds = read_ttl(value);
    } else if (name == "collation") {
      (void)want_document(name, value);
      collation = value;
      continue;
    } else if (!read_special_option(name, value, special)) {
      fail(invalid_specification_option, name, "an index has no such option");
    }
    if (name != "ns" && name != "background") id_refuses = name;
  }
  if (!has_key) fail(failed_to_parse, "key", "an index definition needs its key");

  if (is_id_key(spec.key)) {
    if (spec.fields.front().descending)
      fail(bad_value, "key", "the index of _id has the key {_id: 1}");
    if (!id_refuses.empty())
      fail(id_refuses == "hidden" ? bad_value : invalid_specification_option, id_refuses,
           "the index of _id does not take this option");
    if (collation) require_simple_collation(*collation);
    spec.name = "_id_";
    spec.key = bson::make_document("_id", 1);
    spec.definition = bson::make_document("v", 2, "key", spec.key, "name", "_id_");
    return spec;
  }
  if (!has_name) spec.name = default_name(spec.key);
  if (spec.name == "_id_") fail(bad_value, "name", "_id_ names the index with the key {_id: 1}");
  if (spec.expire_after_seconds && kinds.wildcards == 0 && spec.key.view().count() != 1)
    fail(cannot_create_index, "expireAfterSeconds", "a TTL index has one field");
  if (special.wildcard_projection && kinds.wildcards == 0)
    fail(bad_value, "wildcardProjection", "only a wildcard index takes it");
  if (special.min >= special.max)
    fail(invalid_options, "min", "the bounds of a 2d index are min < max");
  if (spec.partial_filter) {
    if (spec.sparse)
      fail(cannot_create_index, "partialFilterExpression", "an index is sparse or partial");
    check_partial_filter(*spec.partial_filter);
  }
  if (collation) require_simple_collation(*collation);
  if (kinds.wildcards != 0) check_wildcard(spec, kinds, special);
  if (special.wildcard_projection)
    spec.wildcard_projection = bson::Document(*special.wildcard_projection);
  if (!kinds.special.empty()) {
    if (kinds.special == "hashed" && spec.unique)
      fail(16764, "unique", "a hashed index is not unique");
    if (kinds.wildcards != 0)
      fail(cannot_create_index, "key", "a wildcard index takes no hashed fields");
    if (kinds.special != "hashed") refuse("key", "an index of kind \"" + kinds.special + "\"");
  }
  for (const auto* option : {"storageEngine", "columnstoreProjection"}) {
    if (given.contains(option)) refuse(option, std::string("the index option ") + option);
  }

  bson::Writer out;
  out.append("v", 2).append("key", spec.key).append("name", spec.name);
  for (const auto& [name, value] : given) {
    if (name == "unique" || name == "sparse" || name == "hidden" || name == "prepareUnique") {
      // As the server keeps them: true, or not at all.
      if (name == "unique"   ? spec.unique
          : name == "sparse" ? spec.sparse
          : name == "hidden" ? spec.hidden
                             : spec.prepare_unique)
        out.append(name, true);
    } else if (name == "background" || name == "wildcardProjection") {
      out.append(name, value);
    } else if (name == "partialFilterExpression") {
      out.append(name, *spec.partial_filter);
    } else if (name == "expireAfterSeconds") {
      out.append(name, static_cast<std::int32_t>(*spec.expire_after_seconds));
    }
  }
  spec.definition = out.finish();
  return spec;
}

bool IndexSpec::same_signature(const IndexSpec& other) const {
  if (unique != other.unique || sparse != other.sparse) return false;
  if (compare_documents(key, other.key) != 0) return false;
  if (compare_documents(wildcard_projection, other.wildcard_projection) != 0) return false;
  if (partial_filter.has_value() != other.partial_filter.has_value()) return false;
  return !partial_filter || signature(*partial_filter) == signature(*other.partial_filter);
}

bool IndexSpec::special() const noexcept {
  return std::any_of(fields.begin(), fields.end(),
                     [](const IndexField& field) { return field.kind != IndexField::Kind::plain; });
}

const IndexField* IndexSpec::wildcard() const noexcept {
  for (const auto& field : fields) {
    if (field.kind == IndexField::Kind::wildcard) return &field;
  }
  return nullptr;
}

KeyMaker IndexSpec::key_maker() const {
  const IndexField* field = wildcard();
  return {fields, sparse,
          field == nullptr ? WildcardPaths() : WildcardPaths(field->path, wildcard_projection)};
}

bool IndexSpec::same_options(const IndexSpec& other) const {
  return same_signature(other) && hidden == other.hidden &&
         expire_after_seconds == other.expire_after_seconds;
}

}  // namespace quire::store::embedded
