#include <cmath>
#include <limits>
#include <utility>

#include "quire/core/error.hpp"
#include "store/embedded/engine/index_parse.hpp"
#include "store/embedded/expression/value.hpp"

/// The options of an index definition.
namespace quire::store::embedded::index_parse {

using bson::Type;
using bson::ValueView;
using bson::View;

namespace {

void check_special_version(std::string_view option, ValueView value, double highest) {
  const double version = want_number(option, value);
  if (version != std::floor(version) || version < 1 || version > highest)
    fail(cannot_create_index, option, "there is no such version");
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

}  // namespace

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

}  // namespace quire::store::embedded::index_parse
