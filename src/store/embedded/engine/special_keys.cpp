#include <algorithm>
#include <utility>

#include "quire/bson/value.hpp"
#include "quire/core/error.hpp"
#include "store/embedded/engine/keys.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

/// Keys of hashed and wildcard indexes.
namespace quire::store::embedded {
namespace {

using bson::ValueView;
using bson::View;

bool at_or_below(std::string_view path, std::string_view top) {
  return path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '.');
}

void collect_paths(View projection, const std::string& prefix, std::vector<std::string>& paths,
                   bool& includes, bool& with_id) {
  for (const auto& field : projection) {
    const std::string path =
        prefix.empty() ? std::string(field.key) : prefix + "." + std::string(field.key);
    if (field.value.is_document()) {
      collect_paths(field.value.as_document(), path, paths, includes, with_id);
      continue;
    }
    const bool on = field.value.type() == bson::Type::boolean   ? field.value.as_bool()
                    : field.value.type() == bson::Type::int32   ? field.value.as_int32() != 0
                    : field.value.type() == bson::Type::int64   ? field.value.as_int64() != 0
                    : field.value.type() == bson::Type::double_ ? field.value.as_double() != 0
                                                                : true;
    if (path == "_id") {
      with_id = on;
      continue;
    }
    includes = on;
    paths.push_back(path);
  }
}

/// The value at a path that leads through no array; nothing when it is missing. `array` tells that
/// one is in the way.
std::optional<ValueView> value_at(View document, std::string_view path, bool& array) {
  std::optional<View> here = document;
  for (;;) {
    const auto dot = path.find('.');
    const auto value = here->find(path.substr(0, dot));
    if (!value) return std::nullopt;
    if (value->is_array()) {
      array = true;
      return std::nullopt;
    }
    if (dot == path.npos) return value;
    if (!value->is_document()) return std::nullopt;
    path.remove_prefix(dot + 1);
    here = value->as_document();
  }
}

/// Makes the middle parts of wildcard keys: path and value.
class WildcardWalk {
 public:
  explicit WildcardWalk(const WildcardPaths& paths) : paths_(paths) {}

  void document(View document, const std::string& prefix, int depth) {
    if (depth > bson::max_depth) return;
    for (const auto& field : document) {
      if (field.key.find('.') != field.key.npos) continue;  // no path leads there
      const std::string path =
          prefix.empty() ? std::string(field.key) : prefix + "." + std::string(field.key);
      value(field.value, path, depth);
    }
  }

  std::vector<std::string> parts;
  bool several = false;
  bool descending = false;

 private:
  void value(ValueView value, const std::string& path, int depth) {
    if (value.is_document() && !value.as_document().empty()) {
      document(value.as_document(), path, depth + 1);
    } else if (value.is_array()) {
      several = true;
      if (value.as_array().empty()) return leaf(path, undefined());
      for (const auto& element : value.as_array()) {
        if (element.value.is_document() && !element.value.as_document().empty()) {
          document(element.value.as_document(), path, depth + 1);
        } else {
          leaf(path, element.value);
        }
      }
    } else {
      leaf(path, value);
    }
  }

  static ValueView undefined() { return {bson::Type::undefined, nullptr, 0}; }

  void leaf(const std::string& path, ValueView value) {
    if (!paths_.covers(path)) return;
    std::string part;
    append_key(part, bson::Value(path));
    append_key(part, value, descending);
    parts.push_back(std::move(part));
  }

  const WildcardPaths& paths_;
};

[[noreturn]] void fail_array(const IndexField& field, bool hashed) {
  throw StoreError(ErrorCode::command_failed, FieldPath(field.path),
                   hashed
                       ? "hashed indexes do not currently support array values"
                       : "a compound wildcard index takes no array in a field beside the wildcard",
                   hashed ? 16766 : 7246301);
}

}  // namespace

WildcardPaths::WildcardPaths(std::string_view field, View projection) {
  if (field != "$**") {
    base_ = std::string(field.substr(0, field.size() - std::string_view(".$**").size()));
    return;
  }
  collect_paths(projection, "", paths_, includes_, with_id_);
}

bool WildcardPaths::covers(std::string_view path) const {
  if (!base_.empty()) return at_or_below(path, base_);
  if (at_or_below(path, "_id")) return with_id_;
  const bool named = std::any_of(paths_.begin(), paths_.end(),
                                 [&](const std::string& one) { return at_or_below(path, one); });
  return named == includes_;
}

void append_hashed_key(std::string& out, ValueView value, bool descending) {
  std::string key;
  append_key(key, value);
  const auto hash = XXH3_64bits(key.data(), key.size());
  append_key(out, bson::Value(static_cast<std::int64_t>(hash)), descending);
}

bool KeyMaker::make_special(View document, std::vector<std::string>& keys) const {
  const bool hashes = std::any_of(fields_.begin(), fields_.end(), [](const IndexField& field) {
    return field.kind == IndexField::Kind::hashed;
  });
  std::string before;
  std::string after;
  bool passed = false;  // the wildcard
  bool found = false;
  WildcardWalk walk(wildcard_);
  for (const auto& field : fields_) {
    if (field.kind == IndexField::Kind::wildcard) {
      walk.descending = field.descending;
      passed = true;
      continue;
    }
    bool array = false;
    const auto value = value_at(document, field.path, array);
    if (array) fail_array(field, hashes);
    found = found || value.has_value();
    const ValueView used = value ? *value : ValueView(bson::Type::null, nullptr, 0);
    std::string& part = passed ? after : before;
    if (field.kind == IndexField::Kind::hashed) {
      append_hashed_key(part, used, field.descending);
    } else {
      append_key(part, used, field.descending);
    }
  }
  if (!passed) {
    if (found || !sparse_) keys.push_back(std::move(before));
    return false;
  }
  walk.document(document, "", 1);
  if (walk.parts.empty() && fields_.size() > 1) {
    // So that the fields beside it find the document.
    std::string part;
    append_key(part, bson::Value(std::string()));
    append_key(part, ValueView(bson::Type::null, nullptr, 0));
    walk.parts.push_back(std::move(part));
  }
  std::sort(walk.parts.begin(), walk.parts.end());
  walk.parts.erase(std::unique(walk.parts.begin(), walk.parts.end()), walk.parts.end());
  for (const auto& part : walk.parts) keys.push_back(before + part + after);
  return walk.several;
}

}  // namespace quire::store::embedded
