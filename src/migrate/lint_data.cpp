// What a step would meet in a database.
#include <algorithm>

#include "migrate/linter.hpp"
#include "migrate/step_filters.hpp"
#include "migrate/support.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "quire/migrate/duplicates.hpp"

namespace quire::migrate {
namespace {

std::string documents(std::int64_t n) {
  return std::to_string(n) + (n == 1 ? " document" : " documents");
}

bool overlaps(std::string_view a, std::string_view b) {
  const auto covers = [](std::string_view wide, std::string_view narrow) {
    return narrow.starts_with(wide) && (narrow.size() == wide.size() || narrow[wide.size()] == '.');
  };
  return covers(a, b) || covers(b, a);
}

}  // namespace

void Linter::unique_index(const Step& step) {
  const bson::View index = step.spec()["index"].as_document();
  if (!get_flag(index, "unique")) return;
  const std::string& collection = step.data().collection;
  const bson::View keys = index["key"].as_document();
  const std::string where = collection + " (" + get_text(index, "name") + ")";
  const std::string next = "look with find_duplicates(), resolve with resolve_duplicates()";
  const auto tell = [&](Severity severity, std::string text) {
    add({"Q201", severity, where, std::move(text), next, bson::Document(keys)});
  };
  bool by_steps = false;  // those before it in this run
  for (const auto& key : keys) {
    by_steps = by_steps || std::ranges::any_of(changed_, [&](const std::string& touched) {
                 return touched != "*" && overlaps(touched, field_of(collection, key.key));
               });
  }
  if (!with_data()) {
    tell(Severity::danger, "fails where documents have the same " + bson::to_json(keys));
    return;
  }
  DuplicateOptions look;
  look.most = 1;
  look.most_ids = 3;
  look.sparse = get_flag(index, "sparse");
  if (const auto partial = index.find("partialFilterExpression"))
    look.partial_filter = bson::Document(partial->as_document());
  DuplicateGroups found;
  try {
    found = find_duplicates(*db_, collection, keys, look);
  } catch (const Error& error) {
    tell(Severity::warning, "whether documents have the same " + bson::to_json(keys) +
                                " could not be found out: " + error.detail());
    return;
  }
  if (found.empty()) {
    if (by_steps)
      tell(Severity::warning,
           "there are no duplicates now, but a step before it changes these fields");
    return;
  }
  std::string text;
  if (!found.groups.empty()) {
    const auto& group = found.groups.front();
    text = documents(group.documents) + " have the same key " + bson::to_json(group.key) +
           (found.more ? ", and there are more such groups" : "");
  } else {
    text = documents(found.parallel_lists) + " have lists in two of the fields";
  }
  // What is there before may be resolved by then.
  const bool may_change = by_steps || changed_.contains("*");
  if (may_change) text += "; a step before it may change that";
  tell(may_change ? Severity::warning : Severity::danger, std::move(text));
}

bool Linter::converted_values(const Step& step, const std::string& where, const std::string& to) {
  const std::string field = get_text(step.spec(), "field");
  const bool keep = get_text(step.spec(), "unconvertible") == "keep";
  const bson::Document body = bson::from_json(
      R"({"p": [{"$project": {"v": )" + bson::to_json(bson::Value("$" + field).view()) +
      R"(}}, {"$project": {"v": 1, "c": {"$convert": {"input": "$v", "to": ")" + to +
      R"(", "onError": null, "onNull": null}}}},
         {"$project": {"v": 1, "c": 1, "b": {"$cond": [{"$eq": ["$c", null]}, null,
           {"$convert": {"input": "$c", "to": {"$type": "$v"}, "onError": null, "onNull": null}}]}}},
         {"$project": {"fails": {"$cond": [{"$eq": ["$c", null]}, 1, 0]},
           "loses": {"$cond": [{"$and": [{"$ne": ["$c", null]}, {"$ne": ["$b", "$v"]}]}, 1, 0]}}},
         {"$group": {"_id": null, "fails": {"$sum": "$fails"}, "loses": {"$sum": "$loses"},
           "failing": {"$max": {"$cond": [{"$eq": ["$fails", 1]}, "$_id", null]}},
           "losing": {"$max": {"$cond": [{"$eq": ["$loses", 1]}, "$_id", null]}}}}]})");
  bson::Writer pipeline;
  pipeline.push_document_begin().append("$match", detail::fields_of(step.data())->filter).end();
  for (const auto& stage : bson::View(body)["p"].as_array())
    pipeline.push(stage.value.as_document());
  const bson::Document all = pipeline.finish();
  try {
    const auto cursor = db_->store().aggregate(db_->ns(step.data().collection), all,
                                               safe<store::AggregateOptions>());
    const auto sums = cursor->next();
    if (!sums) return true;
    const auto say = [&](std::string_view count, std::string_view example, const char* what) {
      const std::int64_t n = get_int(*sums, count);
      if (n == 0) return;
      add({"Q202", Severity::danger, where,
           documents(n) + " (_id " + bson::to_json((*sums)[example]) + ") " + what + " as " + to,
           "convert those by a rule of their own, or leave them as they are"});
    };
    if (!keep) say("fails", "failing", "have a value that cannot be read");
    say("loses", "losing", "have a value that is not the same any more");
    return true;
  } catch (const Error& error) {
    report_.notes.push_back("values of " + where + ": " + error.detail());
    return false;
  }
}

void Linter::validator(const Step& step) {
  const bson::View options = step.spec()["options"].as_document();
  const bson::View wanted = options["validator"].as_document();
  if (wanted.empty() || get_text(options, "validationAction") == "warn") return;
  const std::string& collection = step.data().collection;
  const bool strict = get_text(options, "validationLevel") == "strict";
  const std::string next = "bring the documents to the new rules first";
  if (!with_data()) {
    if (strict)
      add({"Q203", Severity::warning, collection,
           "updates of documents that do not pass it will be refused", next});
    return;
  }
  bson::Writer other;
  other.begin_array("$nor").push(wanted).end();
  const bson::Document filter = other.finish();
  try {
    const std::int64_t n = sizes_->matching(collection, filter);
    if (n == 0) return;
    add({"Q203", strict ? Severity::danger : Severity::warning, collection,
         documents(n) + (n == 1 ? " does" : " do") + " not pass it" +
             (strict ? ", and can be changed only so that they do" : ""),
         next});
  } catch (const Error& error) {
    report_.notes.push_back("which documents of " + collection +
                            " pass the validator: " + error.detail());
  }
}

void Linter::index_build(const Step& step) {
  if (db_ == nullptr || !now_->pending || !can_.transactional_catalog) return;
  const std::string& collection = step.data().collection;
  const std::int64_t there = sizes_->estimate(collection);
  if (there <= options_.large) return;
  add({"Q403", Severity::warning,
       collection + " (" + get_text(step.spec()["index"].as_document(), "name") + ")",
       "the index over " + documents(there) + " is built in one transaction; writers wait for it",
       "run it when little is written"});
}

void Linter::one_transaction(const Step& step) {
  const auto wanted = wanted_by(step);
  if (!wanted) return;
  const std::string& collection = step.data().collection;
  const bool asked = info().atomicity == Atomicity::transactional;
  if (db_ == nullptr || !now_->pending || !now_->classified) {
    if (asked)
      add({"Q401", Severity::warning, collection,
           "all its documents are changed in one transaction, however many they are",
           "leave out .atomicity, so that large collections go by parts"});
    return;
  }
  if (now_->compiled.atomicity != Atomicity::transactional) return;
  if (sizes_->estimate(collection) <= options_.large) return;
  const std::int64_t n = sizes_->matching(collection, *wanted);
  if (n <= options_.large) return;
  // A server's transaction may live for a minute; the embedded store's holds back writers only.
  add({"Q401", can_.transactional_catalog ? Severity::warning : Severity::danger, collection,
       documents(n) + " are changed in one transaction" +
           (can_.transactional_catalog ? "; other writers wait for it"
                                       : ", which a server ends after a minute"),
       asked ? "leave out .atomicity, so that it goes by parts"
             : "set .atomicity = Atomicity::resumable, or run it when little is written"});
}

void Linter::unindexed_filter(const Step& step) {
  if (db_ == nullptr || !now_->pending || !detail::is_rows(step.data())) return;
  const bson::View filter = filter_of(step.data());
  if (filter.empty()) return;
  const std::string& collection = step.data().collection;
  const std::int64_t there = sizes_->estimate(collection);
  if (there <= options_.large) return;
  const auto made = [&](const std::string& field) {
    return indexed_.contains({collection, field});
  };
  if (std::ranges::any_of(filter_fields(filter), made)) return;
  if (serves(db_->store().list_indexes(db_->ns(collection)), filter)) return;
  add({"Q402", Severity::warning, collection,
       "all of " + documents(there) + " are read to find those that match " + bson::to_json(filter),
       "create an index on a field of the filter in a migration before it"});
}

}  // namespace quire::migrate
