#include "importer/files/position.hpp"

#include <algorithm>
#include <limits>

#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::importer::files {
namespace {

[[noreturn]] void refuse(const FileTable& table, const std::string& why) {
  throw ImportError(ErrorCode::invalid_mapping, "table \"" + table.table.name + "\": " + why);
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

std::int64_t whole(const FileTable& table, bson::ValueView value) {
  if (value.type() == bson::Type::int32) return value.as_int32();
  if (value.type() == bson::Type::int64) return value.as_int64();
  refuse(table, "_record in a key is a whole number");
}

Position position_of(const FileTable& table, bson::ValueView value) {
  if (table.single) {
    if (value.is_string()) return {std::string(value.as_string()), 1};
    refuse(table, "its key is the text of _file");
  }
  if (value.is_document()) {
    const bson::View key = value.as_document();
    const auto file = key.find(file_column);
    const auto record = key.find(record_column);
    if (file && record && file->is_string())
      return {std::string(file->as_string()), whole(table, *record)};
  }
  refuse(table, "its key is a document {_file, _record}");
}

}  // namespace

Bounds bounds_of(const FileTable& table, const RowQuery& query) {
  if (query.owner)
    refuse(table, "rows of files do not come below those of \"" + query.owner->table +
                      "\": files are read in their own order. Import both, and refer from one to "
                      "the other; or import them into SQLite first");
  if (!query.key.empty() && query.key != table.table.key)
    refuse(table, "files are not sorted by what is in them: their key is " +
                      joined(table.table.key) + ", not " + joined(query.key) +
                      ". Leave `key` out, and take the _id from a column by IdRule");
  if (!query.order.empty())
    refuse(table, "files are read in their own order, not in that of " + query.order[0].column);
  if (!query.where.empty()) refuse(table, "files have no conditions (`where`)");
  Bounds bounds;
  if (query.after) bounds.after = position_of(table, *query.after);
  if (query.until) bounds.until = position_of(table, *query.until);
  bounds.only_keys = !query.keys.empty();
  for (const bson::Value& key : query.keys) bounds.keys.push_back(position_of(table, key));
  std::sort(bounds.keys.begin(), bounds.keys.end());
  bounds.keys.erase(std::unique(bounds.keys.begin(), bounds.keys.end()), bounds.keys.end());
  std::erase_if(bounds.keys, [&](const Position& key) {
    return (bounds.after && key <= *bounds.after) || (bounds.until && key > *bounds.until);
  });
  bounds.limit = query.limit;
  return bounds;
}

bson::Value key_of(const FileTable& table, const Position& position) {
  if (table.single) return bson::Value(position.file);
  return bson::Value(bson::make_document(file_column, std::string_view(position.file),
                                         record_column, position.record));
}

Stretch stretch_of(const Bounds& bounds, const std::string& file) {
  Stretch out{1, std::numeric_limits<std::int64_t>::max()};
  if (bounds.after && file < bounds.after->file) return {};
  if (bounds.until && file > bounds.until->file) return {};
  if (bounds.after && file == bounds.after->file) out.first = bounds.after->record + 1;
  if (bounds.until && file == bounds.until->file) out.last = bounds.until->record;
  return out;
}

}  // namespace quire::importer::files
