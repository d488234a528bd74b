#include "quire/migrate/type_report.hpp"

#include <map>
#include <memory>

#include "migrate/drift_shape.hpp"
#include "migrate/support.hpp"
#include "migrate/value_path.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {
namespace {

constexpr std::size_t most_findings = 1000;

std::string example_of(bson::View document, const std::string& path, const std::string& found) {
  std::string text;
  const auto parts = parse_value_path(path);
  if (!parts) return text;
  for_each_value(document, *parts, [&](bson::ValueView value) {
    if (text.empty() && type_name(value.type()) == found) text = bson::to_json(value);
  });
  constexpr std::size_t most = 60;
  if (text.size() > most) {
    std::size_t end = most;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    text.resize(end);
    text += "…";
  }
  return text;
}

struct Entry {
  TypeFinding finding;
  std::int64_t last = 0;  ///< the document that was counted last
};

}  // namespace

TypeReport type_report(const Database& db, const ModelInfo& model,
                       const TypeReportOptions& options) {
  if (model.collection.empty() || model.list_fields == nullptr) {
    throw ModelError(ErrorCode::invalid_model,
                     "type_report: the model of \"" + model.type +
                         "\" names no collection, so there is nothing to compare it with");
  }
  if (options.sample < 0) {
    throw StoreError(ErrorCode::invalid_argument, FieldPath("sample"),
                     "type_report: the sample is a number of documents, 0 or more");
  }
  TypeReport report;
  report.collection = model.collection;
  report.model = model.type;
  const auto ns = db.ns(model.collection);
  std::unique_ptr<store::Cursor> cursor;
  if (options.sample > 0 && db.store().estimated_count(ns) > options.sample) {
    report.all_read = false;
    bson::Writer stages;
    stages.push_document_begin()
        .begin_document("$sample")
        .append("size", options.sample)
        .end()
        .end();
    const bson::Document pipeline = stages.finish();
    cursor = db.store().aggregate(ns, pipeline, safe<store::AggregateOptions>());
  } else {
    cursor = db.store().find(ns, {}, safe<store::FindOptions>());
  }
  const Shape shape = shape_of(model);
  std::map<std::pair<std::string, std::string>, Entry> entries;
  std::vector<ShapeFinding> found;
  while (const auto document = cursor->next()) {
    ++report.read;
    found.clear();
    compare_document(shape, *document, found);
    for (ShapeFinding& one : found) {
      if (one.kind != ShapeFinding::Kind::type) continue;
      auto at = entries.find({one.path, one.found});
      if (at == entries.end()) {
        if (entries.size() >= most_findings) {
          ++report.not_listed;
          continue;
        }
        Entry fresh;
        fresh.finding.path = one.path;
        fresh.finding.found = one.found;
        fresh.finding.wanted = one.wanted;
        at = entries.emplace(std::pair(one.path, one.found), std::move(fresh)).first;
      }
      Entry& entry = at->second;
      if (entry.last == report.read) continue;
      entry.last = report.read;
      ++entry.finding.documents;
      if (entry.finding.ids.size() >= options.examples) continue;
      if (const auto id = document->find("_id")) entry.finding.ids.emplace_back(*id);
      entry.finding.examples.push_back(example_of(*document, one.path, one.found));
    }
  }
  for (auto& [key, entry] : entries) report.findings.push_back(std::move(entry.finding));
  return report;
}

std::string TypeReport::str() const {
  std::string out = collection + " (" + model + "): " + std::to_string(read) +
                    (read == 1 ? " document" : " documents") +
                    (all_read ? ", all read" : " of a sample") + "\n";
  for (const TypeFinding& one : findings) {
    out += "  " + one.path + " is " + one.found + " in " + std::to_string(one.documents) +
           (one.documents == 1 ? " document" : " documents") + "; read is " + one.wanted;
    for (std::size_t i = 0; i < one.ids.size(); ++i) {
      out += (i == 0 ? ": _id " : ", ") + bson::to_json(one.ids[i].view());
      if (i < one.examples.size() && !one.examples[i].empty()) out += " has " + one.examples[i];
    }
    out += "\n";
  }
  if (not_listed > 0) out += "  … and " + std::to_string(not_listed) + " more\n";
  return out;
}

std::string TypeReport::json() const {
  bson::Writer w;
  w.append("schema", "quire.types/1")
      .append("collection", collection)
      .append("model", model)
      .append("read", read)
      .append("all_read", all_read);
  w.begin_array("findings");
  for (const TypeFinding& one : findings) {
    w.push_document_begin()
        .append("path", one.path)
        .append("found", one.found)
        .append("wanted", one.wanted)
        .append("documents", one.documents);
    w.begin_array("ids");
    for (const auto& id : one.ids) w.push(id);
    w.end();
    w.begin_array("examples");
    for (const auto& text : one.examples) w.push(text);
    w.end().end();
  }
  w.end();
  w.append("not_listed", not_listed);
  return bson::to_json(w.finish());
}

}  // namespace quire::migrate
