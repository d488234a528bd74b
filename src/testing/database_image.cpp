#include "quire/testing/database_image.hpp"

#include <algorithm>
#include <optional>

#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"

namespace quire::testing {
namespace {

std::string canonical(bson::View document) {
  return bson::to_json(document, bson::JsonMode::canonical);
}

std::vector<bson::Element> fields_of(bson::View document) {
  std::vector<bson::Element> fields;
  for (const auto& field : document) fields.push_back(field);
  return fields;
}

/// All fields in the order of their names, in nested documents too; arrays stay in theirs.
void put_sorted(bson::Writer& out, bson::View document, bool is_array = false) {
  auto fields = fields_of(document);
  if (!is_array) {
    std::sort(fields.begin(), fields.end(), [](const bson::Element& a, const bson::Element& b) {
      return a.key != b.key ? a.key < b.key : a.value.data() < b.value.data();
    });
  }
  for (const auto& [key, value] : fields) {
    if (value.is_document()) {
      put_sorted(out.begin_document(key), value.as_document());
      out.end();
    } else if (value.is_array()) {
      bson::Writer elements;
      put_sorted(elements, value.as_array(), true);
      out.append_array(key, elements.finish().view());
    } else {
      out.append(key, value);
    }
  }
}

std::string sorted(bson::View document) {
  bson::Writer out;
  put_sorted(out, document);
  return canonical(out.finish());
}

/// An index or the options of a collection: the order of the outer names says nothing, that within
/// a key does.
std::string outer_sorted(bson::View document, std::string_view without) {
  auto fields = fields_of(document);
  std::sort(fields.begin(), fields.end(),
            [](const bson::Element& a, const bson::Element& b) { return a.key < b.key; });
  bson::Writer out;
  for (const auto& field : fields) {
    if (field.key != without) out.append_raw(field);
  }
  return canonical(out.finish());
}

/// The first difference of two maps of texts.
std::string first_difference(const std::map<std::string, std::string>& a,
                             const std::map<std::string, std::string>& b, const std::string& where,
                             std::string_view mine, std::string_view theirs) {
  const auto missing = [&](const std::string& key, const std::string& text, std::string_view who) {
    return where + key + " is missing in " + std::string(who) + ": " + text;
  };
  for (const auto& [key, text] : a) {
    const auto found = b.find(key);
    if (found == b.end()) return missing(key, text, theirs);
    if (found->second != text) {
      return where + key + " differs: " + std::string(mine) + " has " + text + ", " +
             std::string(theirs) + " has " + found->second;
    }
  }
  for (const auto& [key, text] : b) {
    if (!a.contains(key)) return missing(key, text, mine);
  }
  return {};
}

std::string field_text(bson::View document, std::string_view key) {
  const auto value = document.find(key);
  return value ? bson::to_json(*value) : std::string("-");
}

}  // namespace

DatabaseImage::DatabaseImage(const Database& db, const ImageOptions& options) {
  auto& store = db.store();
  for (const auto& info : store.list_collections(db.name())) {
    if (info.name.starts_with("_quire") || info.name.starts_with("system.") ||
        std::find(options.ignore.begin(), options.ignore.end(), info.name) != options.ignore.end())
      continue;
    Collection read;
    const bool is_view = info.type == "view";
    if (options.collection_options && (is_view || !info.options.view().empty()))
      read.options = info.type + " " + outer_sorted(info.options, "uuid");
    if (options.indexes && !is_view) {
      for (const auto& index : store.list_indexes(db.ns(info.name))) {
        const auto name = index.view().find("name");
        const std::string key = name && name->is_string() ? std::string(name->as_string()) : "";
        if (key != "_id_") read.indexes.emplace(key, outer_sorted(index, "ns"));
      }
    }
    if (options.documents && !is_view) {
      const auto cursor = store.find(db.ns(info.name), {}, {});
      while (const auto document = cursor->next()) {
        const auto id = document->find("_id");
        read.documents.emplace(id ? bson::to_json(*id, bson::JsonMode::canonical) : "",
                               options.field_order ? canonical(*document) : sorted(*document));
      }
    }
    if (read != Collection{}) collections_.emplace(info.name, std::move(read));
  }
}

std::string DatabaseImage::difference(const DatabaseImage& other, std::string_view mine,
                                      std::string_view theirs) const {
  for (const auto& [name, one] : collections_) {
    const auto found = other.collections_.find(name);
    if (found == other.collections_.end())
      return "collection " + name + " is missing or empty in " + std::string(theirs);
    const Collection& two = found->second;
    if (one.options != two.options) {
      return "options of collection " + name + " differ: " + std::string(mine) + " has " +
             (one.options.empty() ? "none" : one.options) + ", " + std::string(theirs) + " has " +
             (two.options.empty() ? "none" : two.options);
    }
    auto text =
        first_difference(one.indexes, two.indexes, "collection " + name + ", index ", mine, theirs);
    if (text.empty()) {
      text = first_difference(one.documents, two.documents, "collection " + name + ", _id ", mine,
                              theirs);
    }
    if (!text.empty()) return text;
  }
  for (const auto& [name, two] : other.collections_) {
    if (!collections_.contains(name))
      return "collection " + name + " is missing or empty in " + std::string(mine);
  }
  return {};
}

std::vector<std::string> history_image(const Database& db) {
  std::vector<std::string> lines;
  const auto cursor = db.store().find(db.ns("_quire_history"), {}, {});
  while (const auto row = cursor->next()) {
    std::string line;
    for (const std::string_view key :
         {"_id", "state", "direction", "seq", "checksum", "out_of_order", "min_app"})
      line += (line.empty() ? "" : " ") + std::string(key) + "=" + field_text(*row, key);
    lines.push_back(std::move(line));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace quire::testing
