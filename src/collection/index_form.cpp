#include "collection/index_form.hpp"

#include <map>

#include "collection/same_value.hpp"
#include "quire/bson/writer.hpp"

namespace quire::collection_detail {

using bson::Document;
using bson::Type;
using bson::Value;
using bson::ValueView;
using bson::View;
using bson::Writer;

namespace {

bool is_text(ValueView kind) { return kind.is_string() && kind.as_string() == "text"; }

bool is_false(ValueView v) {
  return v.type() == Type::boolean ? !v.as_bool() : v.type() == Type::null;
}

View part(View index, std::string_view name) {
  const auto found = index.find(name);
  return found && found->is_document() ? found->as_document() : View{};
}

/// What a server makes of a text index, in one order: every field with a weight, the languages.
Document listed(View index) {
  if (!is_text_index(index)) return Document(index);
  std::map<std::string, Value, std::less<>> weights;
  for (const auto& key : part(index, "key")) {
    if (is_text(key.value) && key.key != "_fts") weights.emplace(key.key, Value(1));
  }
  for (const auto& weight : part(index, "weights"))
    weights.insert_or_assign(std::string(weight.key), Value(weight.value));
  Writer writer;
  for (const auto& field : index) {
    if (field.key == "key")
      writer.append("key", listed_keys(part(index, "key")));
    else if (field.key != "weights")
      writer.append(field.key, field.value);
  }
  writer.begin_document("weights");
  for (const auto& [name, weight] : weights) writer.append(name, weight);
  writer.end();
  if (!index.contains("default_language")) writer.append("default_language", "english");
  if (!index.contains("language_override")) writer.append("language_override", "language");
  return writer.finish();
}

/// Documents whose order means nothing.
bool same_fields(View a, View b) {
  if (a.count() != b.count()) return false;
  for (const auto& field : a) {
    const auto other = b.find(field.key);
    if (!other) return false;
    const bool nested = field.value.is_document() && other->is_document();
    if (nested ? !same_fields(field.value.as_document(), other->as_document())
               : !same_value(field.value, *other))
      return false;
  }
  return true;
}

bool is_simple(View collation) {
  const auto locale = collation.find("locale");
  return !locale || (locale->is_string() && locale->as_string() == "simple");
}

/// What a server fills in where nothing is said.
Value collation_default(std::string_view name) {
  if (name == "strength") return 3;
  if (name == "caseFirst") return "off";
  if (name == "alternate") return "non-ignorable";
  if (name == "maxVariable") return "punct";
  return false;  // caseLevel, numericOrdering, normalization, backwards
}

/// Options whose default the locale's own rules may change (French of Canada, Danish, Thai …).
bool is_tailored(std::string_view name) {
  return name == "backwards" || name == "caseFirst" || name == "alternate";
}

bool same_collation(View wanted, View present) {
  if (is_simple(wanted) || is_simple(present)) return is_simple(wanted) && is_simple(present);
  for (const auto& field : wanted) {
    if (field.key == "version") continue;  // of the library on the server
    const auto other = present.find(field.key);
    if (!same_value(field.value, other ? *other : collation_default(field.key).view()))
      return false;
  }
  for (const auto& field : present) {
    if (field.key == "version" || field.key == "locale" || wanted.contains(field.key)) continue;
    if (!is_tailored(field.key) && !same_value(field.value, collation_default(field.key)))
      return false;
  }
  return true;
}

bool is_skipped(std::string_view key) {
  return key == "v" || key == "name" || key == "ns" || key == "background" || key == "collation";
}

/// Versions of a kind that the server chose by itself.
bool is_version(std::string_view key) {
  return key == "textIndexVersion" || key == "2dsphereIndexVersion" || key == "hashVersion";
}

}  // namespace

bool is_text_index(View index) {
  for (const auto& key : part(index, "key")) {
    if (is_text(key.value)) return true;
  }
  return false;
}

Document listed_keys(View keys) {
  Writer writer;
  bool written = keys.contains("_fts");
  for (const auto& key : keys) {
    if (is_text(key.value) && key.key != "_fts") {
      if (!written) writer.append("_fts", "text").append("_ftsx", 1);
      written = true;
    } else {
      writer.append(key.key, key.value);
    }
  }
  return writer.finish();
}

bool same_keys(View wanted, View present) {
  const Document a = listed_keys(wanted);
  const Document b = listed_keys(present);
  return same_value(Value(a), Value(b));
}

std::string difference(View wanted_index, View present_index, View inherited) {
  const Document wanted = listed(wanted_index);
  const Document present = listed(present_index);
  for (const auto& field : wanted) {
    if (is_skipped(field.key)) continue;
    const auto other = present.find(field.key);
    const bool named = field.key == "weights" || field.key == "wildcardProjection";
    const bool same = !other ? is_false(field.value)
                      : named && field.value.is_document() && other->is_document()
                          ? same_fields(field.value.as_document(), other->as_document())
                          : same_value(field.value, *other);
    if (!same) return std::string(field.key);
  }
  for (const auto& field : present) {
    if (is_skipped(field.key) || is_version(field.key)) continue;
    if (!wanted.contains(field.key) && !is_false(field.value)) return std::string(field.key);
  }
  const View collation = wanted.contains("collation") ? part(wanted, "collation") : inherited;
  if (!same_collation(collation, part(present, "collation"))) return "collation";
  return {};
}

}  // namespace quire::collection_detail
