#include "store/embedded/engine/index_spec.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "store/embedded/engine/compare.hpp"
#include "store/embedded/engine/index_parse.hpp"
#include "store/embedded/expression/value.hpp"

namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;
using bson::View;
using namespace index_parse;

namespace {

bool is_id_key(View key) {
  auto it = key.begin();
  return it != key.end() && it->key == "_id" && it->value.is_number() && key.count() == 1;
}

}  // namespace

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
  return !partial_filter ||
         filter_signature(*partial_filter) == filter_signature(*other.partial_filter);
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
