// What a comparison of documents does not show: indexes, validators, references, the program's own
// check.
#include <algorithm>
#include <unordered_set>

#include "migrate/data/compare.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"

namespace quire::migrate::data {
namespace {

using Kind = VerifyDifference::Kind;

void add(const CompareJob& job, VerifyReport& report, VerifyDifference found) {
  ++report.findings;
  if (report.differences.size() < job.options.most_differences)
    report.differences.push_back(std::move(found));
}

/// An index without what only its own server knows.
bson::Document index_shape(bson::View index) {
  bson::Writer w;
  std::vector<bson::Element> fields;
  for (const auto& field : index) {
    if (field.key != "v" && field.key != "ns" && field.key != "name" && field.key != "background")
      fields.push_back(field);
  }
  std::sort(fields.begin(), fields.end(),
            [](const auto& a, const auto& b) { return a.key < b.key; });
  for (const auto& field : fields) {
    // 1, 1.0 and NumberLong(1) are one direction.
    if (field.key != "key" || !field.value.is_document()) {
      w.append_raw(field);
      continue;
    }
    w.begin_document("key");
    for (const auto& part : field.value.as_document()) {
      if (part.value.is_number() && part.value.type() != bson::Type::decimal128) {
        w.append(part.key, get_int(field.value.as_document(), part.key));
      } else {
        w.append_raw(part);
      }
    }
    w.end();
  }
  return w.finish();
}

void check_indexes(const CompareJob& job, VerifyReport& report) {
  std::vector<bson::Document> there;
  for (const auto& index : job.to.store().list_indexes(job.to.ns(job.into)))
    there.push_back(index_shape(index));
  for (const auto& index : job.from->store().list_indexes(job.from->ns(job.collection))) {
    const bson::Document shape = index_shape(index);
    if (std::find(there.begin(), there.end(), shape) != there.end()) continue;
    add(job, report,
        {Kind::index, std::nullopt, get_text(index, "name"),
         "the target has no index like " + bson::to_json(shape)});
  }
}

bson::Document validation_of(const Database& db, const std::string& collection) {
  bson::Writer w;
  for (const auto& one : db.store().list_collections(db.name())) {
    if (one.name != collection) continue;
    if (const auto validator = one.options.find("validator");
        validator && validator->is_document() && !validator->as_document().empty()) {
      w.append("validator", *validator);
      const auto or_default = [&](std::string_view key, std::string_view otherwise) {
        const std::string text = get_text(one.options, key);
        w.append(key, text.empty() ? otherwise : std::string_view(text));
      };
      or_default("validationLevel", "strict");
      or_default("validationAction", "error");
    }
  }
  return w.finish();
}

void check_validators(const CompareJob& job, VerifyReport& report) {
  const bson::Document source = validation_of(*job.from, job.collection);
  const bson::Document target = validation_of(job.to, job.into);
  if (source == target) return;
  add(job, report,
      {Kind::validator, std::nullopt, first_difference(source, target),
       "the source has " + bson::to_json(source) + ", the target " + bson::to_json(target)});
}

/// The values at a path, elements of lists one by one.
void values_at(bson::ValueView value, std::string_view path, std::vector<bson::Value>& out) {
  if (value.is_array()) {
    for (const auto& element : value.as_array()) values_at(element.value, path, out);
    return;
  }
  if (path.empty()) {
    if (!value.is_null()) out.emplace_back(value);
    return;
  }
  if (!value.is_document()) return;
  const auto dot = path.find('.');
  const auto next = value.as_document().find(path.substr(0, dot));
  if (next) values_at(*next, dot == std::string_view::npos ? "" : path.substr(dot + 1), out);
}

void check_references(const CompareJob& job, const std::vector<bson::Document>& page,
                      VerifyReport& report) {
  const bson::Document only_id = bson::make_document("_id", std::int32_t{1});
  for (const Reference& reference : job.options.references) {
    std::vector<bson::Value> keys;
    std::vector<std::pair<std::size_t, std::string>> wanted;
    for (std::size_t i = 0; i < page.size(); ++i) {
      std::vector<bson::Value> values;
      const bson::Value whole(page[i].view());
      values_at(whole, reference.field, values);
      for (auto& value : values) {
        wanted.emplace_back(i, key_text(value));
        keys.push_back(std::move(value));
      }
    }
    std::unordered_set<std::string> there;
    const auto look = [&](const std::vector<bson::Value>& some) {
      for (const auto& document : find_keys(job.to, reference.collection, some, nullptr, only_id))
        there.insert(key_text(document["_id"]));
    };
    look(keys);
    std::vector<bson::Value> again;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (!there.contains(wanted[i].second)) again.push_back(keys[i]);
    }
    if (again.empty()) continue;
    sleep_or_stop(job.options.settle, job.stop);
    look(again);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (there.contains(wanted[i].second)) continue;
      add(job, report,
          {Kind::orphan, bson::Value(page[wanted[i].first]["_id"]), reference.field,
           reference.collection + " has no document with _id " + bson::to_json(keys[i].view())});
    }
  }
}

}  // namespace

void check_target(const CompareJob& job, VerifyReport& report) {
  const VerifyOptions& options = job.options;
  if (options.indexes) check_indexes(job, report);
  if (options.validators) check_validators(job, report);
  if (options.references.empty() && !options.check) return;
  KeyRange target(job.to, job.into, {});
  KeyBounds rest;
  while (!job.stop.stop_requested()) {
    const auto page = target.read(rest, 1000, 8 * 1024 * 1024);
    if (!page.documents.empty()) {
      rest.after.emplace(page.documents.back()["_id"]);
      check_references(job, page.documents, report);
      for (const auto& document : page.documents) {
        if (!options.check) break;
        std::string wrong = options.check(document);
        if (!wrong.empty())
          add(job, report, {Kind::check, bson::Value(document["_id"]), "", std::move(wrong)});
      }
    }
    if (page.end) return;
  }
  report.stopped = true;
}

}  // namespace quire::migrate::data
