#include <algorithm>
#include <set>

#include "migrate/reject_row.hpp"
#include "migrate/value_path.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "quire/migrate/type_report.hpp"

namespace quire::migrate {
namespace {

using bson::Type;
using bson::Value;
using bson::ValueView;
using bson::View;

struct Rule {
  const ConvertRule* rule;
  std::vector<PathPart> path;
};

/// One document's new top-level fields, and why values could not be converted.
struct Outcome {
  std::vector<std::pair<std::string, Value>> fields;
  std::string failed_path;
  std::string failed_text;
};

std::string reason(ValueView value, Type to) {
  std::string shown = bson::to_json(value);
  if (shown.size() > 200) shown = "a long value";
  return std::string(type_name(value.type())) + " " + shown + " cannot become " +
         std::string(type_name(to));
}

Outcome convert(View document, const std::vector<Rule>& rules) {
  Outcome out;
  for (const Rule& one : rules) {
    const std::string& top = one.path.front().name;
    const auto stored = document.find(top);
    if (!stored) continue;
    auto at = std::find_if(out.fields.begin(), out.fields.end(),
                           [&](const auto& field) { return field.first == top; });
    const Value before = at == out.fields.end() ? Value(*stored) : at->second;
    bool changed = false;
    const Value after =
        with_changed(before, one.path, 1, [&](ValueView value) -> std::optional<Value> {
          if (value.type() == one.rule->to || value.is_null()) return std::nullopt;
          std::string text;
          try {
            auto made =
                one.rule->convert ? one.rule->convert(value) : convert_value(value, one.rule->to);
            if (made) {
              changed = true;
              return made;
            }
            text = reason(value, one.rule->to);
          } catch (...) {
            text = current_failure().text;
          }
          if (out.failed_path.empty()) {
            out.failed_path = one.rule->path;
            out.failed_text = std::move(text);
          }
          return std::nullopt;
        });
    if (!changed) continue;
    if (at == out.fields.end()) {
      out.fields.emplace_back(top, after);
    } else {
      at->second = after;
    }
  }
  return out;
}

/// {_id, each of the fields as it was read}: by bytes of the whole field, not by one of a list.
bson::Document as_read(View document, const std::vector<std::pair<std::string, Value>>& fields) {
  bson::Writer w;
  w.append("_id", document["_id"]);
  w.begin_document("$expr").begin_array("$and");
  for (const auto& [name, value] : fields) {
    w.push_document_begin().begin_array("$eq").push("$" + name);
    w.push_document_begin().append("$literal", document[name]).end();
    w.end().end();
  }
  w.end().end();
  return w.finish();
}

class Converter {
 public:
  Converter(const Database& db, std::string_view collection, const std::vector<Rule>& rules,
            const ConvertTypesOptions& options)
      : db_(db), collection_(collection), rules_(rules), options_(options) {}

  ConvertReport run() {
    constexpr int most_passes = 20;
    for (int pass = 0; pass < most_passes; ++pass) {
      missed_ = false;
      seen_ = 0;
      read_all();
      if (pass == 0) report_.read = seen_;
      if (!missed_) return report_;
    }
    throw StoreError(ErrorCode::write_conflict,
                     "documents of " + collection_ +
                         " change faster than they can be converted; stop what writes them");
  }

 private:
  [[nodiscard]] bson::Document filter() const {
    bson::Writer w;
    std::set<std::string> tops;
    for (const Rule& rule : rules_) tops.insert(rule.path.front().name);
    w.begin_array("$or");
    for (const std::string& top : tops) {
      w.push_document_begin().begin_document(top).append("$exists", true).end().end();
    }
    w.end();
    if (!options_.filter.empty()) w.begin_array("$and").push(options_.filter).end();
    return w.finish();
  }

  void read_all() {
    const bson::Document wanted = filter();
    const auto cursor = db_.store().find(db_.ns(collection_), wanted, safe<store::FindOptions>());
    while (const auto document = cursor->next()) {
      ++seen_;
      take(*document);
      if (filters_.size() >= static_cast<std::size_t>(std::max(options_.batch, 1))) flush();
    }
    flush();
  }

  void take(View document) {
    Outcome outcome = convert(document, rules_);
    if (!outcome.failed_path.empty()) {
      reject(document, outcome);
      if (options_.on_reject == OnReject::move) return;
    }
    if (outcome.fields.empty()) return;
    filters_.push_back(as_read(document, outcome.fields));
    bson::Writer update;
    update.begin_document("$set");
    for (const auto& [name, value] : outcome.fields) update.append(name, value);
    update.end();
    updates_.push_back(update.finish());
  }

  void reject(View document, const Outcome& outcome) {
    const Value id(document["_id"]);
    const RejectRow row{"types:" + collection_,
                        id,
                        "map",
                        collection_,
                        ErrorCode::conversion_failed,
                        outcome.failed_path,
                        outcome.failed_text,
                        document,
                        options_.on_reject == OnReject::move};
    keep_rejects(db_, {&row, 1}, nullptr);
    if (rejected_.insert(bson::to_json(id.view(), bson::JsonMode::canonical)).second)
      ++report_.rejected;
    if (options_.on_reject != OnReject::move) return;
    bson::Writer w;
    w.append("_id", id);
    w.begin_document("$expr").begin_array("$eq").push("$$ROOT");
    w.push_document_begin().append("$literal", document).end().end().end();
    const bson::Document same = w.finish();
    const auto removed =
        db_.store().remove(db_.ns(collection_), same, safe<store::RemoveOptions>());
    report_.removed += removed;
    if (removed == 0) missed_ = true;
  }

  void flush() {
    if (filters_.empty()) return;
    std::vector<store::BulkOperation> operations(filters_.size());
    for (std::size_t i = 0; i < operations.size(); ++i) {
      operations[i].kind = store::BulkOperation::Kind::update_one;
      operations[i].filter = filters_[i];
      operations[i].update.body = updates_[i];
    }
    const auto result =
        db_.store().bulk_write(db_.ns(collection_), operations, safe<store::BulkOptions>());
    if (!result.errors.empty()) throw result.errors.front().error;
    report_.changed += result.modified;
    if (result.matched < static_cast<std::int64_t>(operations.size())) missed_ = true;
    filters_.clear();
    updates_.clear();
  }

  Database db_;
  std::string collection_;
  const std::vector<Rule>& rules_;
  const ConvertTypesOptions& options_;
  ConvertReport report_;
  std::int64_t seen_ = 0;
  bool missed_ = false;
  std::set<std::string> rejected_;
  std::vector<bson::Document> filters_, updates_;
};

}  // namespace

ConvertReport convert_types(const Database& db, std::string_view collection,
                            const std::vector<ConvertRule>& given,
                            const ConvertTypesOptions& options) {
  if (given.empty())
    throw StoreError(ErrorCode::invalid_argument, "convert_types needs at least one rule");
  std::vector<Rule> rules;
  for (const ConvertRule& one : given) {
    auto path = parse_value_path(one.path);
    if (!path || path->front().name == "_id") {
      throw StoreError(ErrorCode::invalid_argument, FieldPath(one.path),
                       "convert_types takes paths like \"age\", \"address.zip\" and "
                       "\"lines[].count\", and not _id");
    }
    rules.push_back({&one, std::move(*path)});
  }
  return Converter(db, collection, rules, options).run();
}

}  // namespace quire::migrate
