#include <charconv>
#include <cmath>

#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "store/embedded/storage/rows.hpp"

namespace quire::store::embedded {
namespace {

void collect_values(bson::ValueView value, std::string_view path, std::vector<bson::ValueView>& out,
                    int depth) {
  if (depth > bson::max_depth) return;
  if (path.empty()) {
    out.push_back(value);
    if (value.is_array()) {
      for (const auto& element : value.as_array()) out.push_back(element.value);
    }
    return;
  }
  const auto point = path.find('.');
  const auto step = path.substr(0, point);
  const auto rest = point == std::string_view::npos ? std::string_view{} : path.substr(point + 1);
  if (value.is_document() || value.is_array()) {
    if (const auto field = value.as_nested().find(step))
      collect_values(*field, rest, out, depth + 1);
  }
  if (value.is_array()) {
    for (const auto& element : value.as_array()) {
      if (element.value.is_document()) collect_values(element.value, path, out, depth + 1);
    }
  }
}

void put_value(std::string& out, bson::ValueView value) {
  switch (value.type()) {
    case bson::Type::int32:
      out += std::to_string(value.as_int32());
      break;
    case bson::Type::int64:
      out += std::to_string(value.as_int64());
      break;
    case bson::Type::double_: {
      const double number = value.as_double();
      char text[40];
      const auto end = std::to_chars(text, text + sizeof text, number).ptr;
      out.append(text, end);
      if (std::isfinite(number) &&
          out.find_first_of(".e", out.size() - static_cast<std::size_t>(end - text)) ==
              std::string::npos)
        out += ".0";
      break;
    }
    case bson::Type::boolean:
      out += value.as_bool() ? "true" : "false";
      break;
    case bson::Type::null:
      out += "null";
      break;
    case bson::Type::string:
      out += '"';
      out += value.as_string();
      out += '"';
      break;
    case bson::Type::object_id:
      out += "ObjectId('" + value.as_object_id().str() + "')";
      break;
    case bson::Type::date_time:
      out += "new Date(" + std::to_string(value.as_date_time().time_since_epoch().count()) + ")";
      break;
    case bson::Type::decimal128:
      out += value.as_decimal128().str();
      break;
    case bson::Type::document:
      out += shell_text(value.as_document());
      break;
    case bson::Type::array: {
      out += "[";
      bool first = true;
      for (const auto& element : value.as_array()) {
        out += first ? " " : ", ";
        first = false;
        put_value(out, element.value);
      }
      out += first ? "]" : " ]";
      break;
    }
    default:
      out += bson::type_name(value.type());
  }
}

}  // namespace

std::string shell_text(bson::View document) {
  std::string out = "{";
  for (const auto& field : document) {
    out += out.size() == 1 ? " " : ", ";
    out += field.key;
    out += ": ";
    put_value(out, field.value);
  }
  return out + (out.size() == 1 ? "}" : " }");
}

bson::Document key_value(const std::vector<IndexField>& fields, const std::string& key,
                         bson::View document) {
  bson::Writer out;
  std::size_t done = 0;
  for (const auto& field : fields) {
    std::vector<bson::ValueView> values;
    collect_values({bson::Type::document, document.data(), document.size()}, field.path, values, 0);
    values.emplace_back();  // a missing field counts as null
    for (const auto& value : values) {
      std::string part;
      append_key(part, value, field.descending);
      if (key.compare(done, part.size(), part) != 0) continue;
      done += part.size();
      out.append(field.path, value);
      break;
    }
  }
  return out.finish();
}

void check_storable(bson::View document) {
  bson::validate(document);
  const auto id = document.begin();
  switch (id->value.type()) {
    case bson::Type::array:
    case bson::Type::regex:
    case bson::Type::undefined:
      throw StoreError(
          ErrorCode::invalid_key, FieldPath("_id"),
          "The '_id' value cannot be of type " + std::string(bson::type_name(id->value.type())),
          53);
    case bson::Type::document:
      for (const auto& field : id->value.as_document()) {
        if (field.key.starts_with('$'))
          throw StoreError(ErrorCode::invalid_key, FieldPath("_id." + std::string(field.key)),
                           "The field '" + std::string(field.key) + "' in '_id' begins with $", 52);
      }
      break;
    default:
      break;
  }
}

bson::View with_id_first(bson::View document, bson::Document& buffer) {
  if (const auto first = document.begin(); first != document.end() && first->key == "_id")
    return document;
  bson::Writer out;
  const auto id = document.find("_id");
  if (id) {
    out.append("_id", *id);
  } else {
    out.append("_id", bson::ObjectId::generate());
  }
  for (const auto& field : document) {
    if (field.key != "_id") out.append_raw(field);
  }
  buffer = out.finish();
  return buffer;
}

}  // namespace quire::store::embedded
