#include "store/embedded/engine/sort.hpp"

#include <cmath>

#include "quire/core/error.hpp"

namespace quire::store::embedded {

namespace {

[[noreturn]] void fail(std::string_view path, const std::string& what, int server_code) {
  throw QueryError(ErrorCode::invalid_sort, FieldPath(std::string(path)), what, server_code);
}

/// 1 or -1 of any numeric type.
bool is_descending(const bson::Element& element) {
  const auto value = element.value;
  double direction = 0;
  switch (value.type()) {
    case bson::Type::int32:
      direction = value.as_int32();
      break;
    case bson::Type::int64:
      direction = static_cast<double>(value.as_int64());
      break;
    case bson::Type::double_:
      direction = value.as_double();
      break;
    case bson::Type::decimal128:
      direction = std::strtod(value.as_decimal128().str().c_str(), nullptr);
      break;
    case bson::Type::document:
      if (value.as_document().contains("$meta")) {
        throw StoreError(ErrorCode::unsupported, FieldPath(std::string(element.key)),
                         "sorting by $meta is not supported by the embedded store");
      }
      fail(element.key, "a sort direction is 1 or -1", 15974);
    default:
      fail(element.key, "a sort direction is 1 or -1", 15974);
  }
  if (direction != 1 && direction != -1) fail(element.key, "a sort direction is 1 or -1", 15975);
  return direction < 0;
}

}  // namespace

Sorter::Sorter(bson::View sort) {
  std::vector<IndexField> fields;
  for (const auto& element : sort) {
    const auto path = element.key;
    if (path.empty()) fail(path, "a sort field has no name", 15976);
    if (path.front() == '.' || path.back() == '.' || path.find("..") != std::string_view::npos) {
      fail(path, "a sort field has an empty step in its path", 15998);
    }
    if (path.front() == '$' && path != "$natural") fail(path, "a sort field begins with $", 16410);
    const bool descending = is_descending(element);
    for (const auto& field : fields) {
      if (field.path == path) fail(path, "a sort field stands twice", 7472500);
    }
    fields.push_back({std::string(path), descending});
  }
  maker_ = KeyMaker(std::move(fields), false);
}

void Sorter::append_sort_key(bson::View document, std::string& out) const {
  bool found = false;
  if (maker_.append_single(document, out, found)) return;
  std::vector<std::string> keys;
  try {
    maker_.make(document, keys);
  } catch (const StoreError& error) {
    if (error.backend_code() != 171) throw;
    throw QueryError(ErrorCode::invalid_sort, error.path(),
                     "two fields of the sort order are arrays in one document", 2);
  }
  out += keys.front();  // the smallest: arrays sort by their first element in this order
}

}  // namespace quire::store::embedded
