#include "importer/verify_target.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_set>

#include "importer/hash_spill.hpp"
#include "importer/import_writer.hpp"
#include "importer/index_entries.hpp"
#include "migrate/data/key_range.hpp"
#include "quire/bson/json.hpp"

namespace quire::importer {
namespace {

using migrate::data::KeyRange;

constexpr std::int64_t page_documents = 1000;
constexpr std::size_t page_bytes = 8 * 1024 * 1024;

bson::ValueView whole(bson::View document) {
  return {bson::Type::document, document.data(), document.size()};
}

/// Calls `fn` with pages of documents. False: it was asked to stop.
template <class F>
bool each_page(Database& to, const std::string& collection, bson::View filter,
               const std::stop_token& stop, F fn) {
  KeyRange range(to, collection, filter);
  migrate::KeyBounds rest;
  while (!stop.stop_requested()) {
    const auto page = range.read(rest, page_documents, page_bytes);
    if (!page.documents.empty()) {
      rest.after.emplace(page.documents.back()["_id"]);
      fn(page.documents);
    }
    if (page.end) return true;
  }
  return false;
}

/// The documents that one field refers to.
class ReferenceCheck {
 public:
  ReferenceCheck(Database& to, const ReferenceRule& rule, std::size_t most)
      : to_(to), rule_(rule), most_(most) {
    out_.kind = "reference";
    out_.of = rule.field + " -> " + rule.collection;
  }

  void page(const std::vector<bson::Document>& documents) {
    struct Wanted {
      const bson::Document* document;
      bson::ValueView value;
      std::string key;
    };
    std::vector<Wanted> wanted;
    std::vector<bson::Value> unknown;
    std::unordered_set<std::string> asked;
    for (const auto& document : documents) {
      std::vector<bson::ValueView> values;
      add_values(whole(document), rule_.field, values);
      for (const auto& value : values) {
        if (value.is_null()) continue;
        ++out_.checked;
        std::string key = id_text(value);
        if (known_.contains(key)) continue;
        if (asked.insert(key).second) unknown.emplace_back(value);
        wanted.push_back({&document, value, std::move(key)});
      }
    }
    if (wanted.empty()) return;
    if (known_.size() > most_known) known_.clear();
    const bson::Document only_id = bson::make_document("_id", std::int32_t{1});
    for (const auto& found : migrate::find_keys(to_, rule_.collection, unknown, nullptr, only_id))
      known_.insert(id_text(found["_id"]));
    for (const Wanted& one : wanted) {
      if (known_.contains(one.key)) continue;
      ++out_.wrong;
      if (out_.examples.size() < most_)
        out_.examples.push_back(fmt::format("_id {}: {} {}", bson::to_json((*one.document)["_id"]),
                                            rule_.field, bson::to_json(one.value)));
    }
  }

  TargetCheck result() {
    if (out_.wrong > 0)
      out_.problem = fmt::format("{} of {} values refer to no document of {}", out_.wrong,
                                 out_.checked, rule_.collection);
    return std::move(out_);
  }

 private:
  static constexpr std::size_t most_known = 200'000;
  Database& to_;
  const ReferenceRule& rule_;
  std::size_t most_;
  TargetCheck out_;
  std::unordered_set<std::string> known_;  ///< that are there
};

/// Directions as numbers of any type are one.
bool same_keys(bson::View a, bson::View b) {
  if (a.count() != b.count()) return false;
  auto other = b.begin();
  for (const auto& field : a) {
    const auto there = *other;
    ++other;
    const bool alike = field.value.is_number() && there.value.is_number()
                           ? migrate::get_int(a, field.key) == migrate::get_int(b, there.key)
                           : bson::Value(field.value) == bson::Value(there.value);
    if (field.key != there.key || !alike) return false;
  }
  return true;
}

struct There {
  bool found = false;   ///< an index of these keys
  std::string differs;  ///< from the one that is wanted
};

There look_for(const std::vector<bson::Document>& indexes, const IndexInfo& wanted) {
  There out;
  for (const auto& index : indexes) {
    const auto keys = index.find("key");
    if (!keys || !keys->is_document() || !same_keys(keys->as_document(), wanted.keys)) continue;
    out.found = true;
    const auto partial = index.find("partialFilterExpression");
    const bson::Document filter = partial && partial->is_document()
                                      ? bson::Document(partial->as_document())
                                      : bson::Document();
    out.differs = !migrate::get_flag(index, "unique")                   ? "it is not unique"
                  : migrate::get_flag(index, "sparse") != wanted.sparse ? "sparse is another"
                  : !(bson::View(filter) == bson::View(wanted.partial)) ? "it is of other documents"
                                                                        : "";
    if (out.differs.empty()) return out;
  }
  return out;
}

struct Twice {
  std::int64_t documents = 0;
  std::int64_t surplus = 0;
  std::vector<std::string> examples;
};

/// Twice over the documents: hashes, then those whose hash comes again.
template <class F>
std::optional<Twice> find_twice(Database& to, const std::string& collection, bson::View filter,
                                const TargetQuestions& asked, F entries_of_document) {
  constexpr std::size_t most_hashes = 1000;  // of which examples are looked for
  const auto hash_of = [](const std::string& entry) {
    return migrate::hash_of(bson::make_document("", entry));
  };
  Twice out;
  HashSpill hashes;
  const bool through = each_page(to, collection, filter, asked.stop, [&](const auto& page) {
    out.documents += static_cast<std::int64_t>(page.size());
    for (const auto& document : page)
      for (const std::string& entry : entries_of_document(document)) hashes.add(hash_of(entry));
  });
  if (!through) return std::nullopt;
  std::vector<migrate::Hash128> repeated;
  hashes.each_repeated([&](migrate::Hash128 hash, std::int64_t times) {
    out.surplus += times - 1;
    if (repeated.size() < most_hashes) repeated.push_back(hash);
  });
  if (repeated.empty()) return out;
  const auto is_repeated = [&](const migrate::Hash128& hash) {
    return std::any_of(repeated.begin(), repeated.end(), [&](const migrate::Hash128& one) {
      return one.high == hash.high && one.low == hash.low;
    });
  };
  (void)each_page(to, collection, filter, asked.stop, [&](const auto& page) {
    if (out.examples.size() >= asked.most_examples) return;
    for (const auto& document : page) {
      for (const std::string& entry : entries_of_document(document)) {
        if (out.examples.size() < asked.most_examples && is_repeated(hash_of(entry)))
          out.examples.push_back(
              fmt::format("_id {}: {}", bson::to_json(document.view()["_id"]), entry));
      }
    }
  });
  return out;
}

TargetCheck check_index(Database& to, const TargetQuestions& asked, const IndexInfo& index,
                        const std::vector<bson::Document>& indexes) {
  TargetCheck out{.kind = "unique", .of = fmt::format("index {}", index.name)};
  const There there = look_for(indexes, index);
  if (there.found && there.differs.empty()) return out;  // the store keeps it
  out.problem = there.found
                    ? fmt::format("the collection has the index otherwise: {}", there.differs)
                    : "the collection has no such index; create it by a migration";
  const auto twice = find_twice(to, asked.mapping.into, index.partial, asked,
                                [&](bson::View document) { return entries_of(document, index); });
  if (!twice) return out;
  out.checked = twice->documents;
  out.wrong = twice->surplus;
  out.examples = twice->examples;
  if (out.wrong > 0)
    out.problem += fmt::format("; {} documents too many stand against it", out.wrong);
  return out;
}

/// Fields of the mapping that come once, as a key of the source does: nulls are no duplicates.
TargetCheck check_fields(Database& to, const TargetQuestions& asked,
                         const std::vector<std::string>& fields) {
  TargetCheck out{.kind = "unique", .of = fmt::format("{}", fmt::join(fields, ", "))};
  const auto entries = [&](bson::View document) {
    std::string entry;
    for (const std::string& field : fields) {
      std::vector<bson::ValueView> values;
      add_values(whole(document), field, values);
      if (values.empty() || values[0].is_null()) return std::vector<std::string>{};
      if (!entry.empty()) entry += ", ";
      for (const auto& value : values) entry += id_text(value);
    }
    return std::vector<std::string>{entry};
  };
  const auto twice = find_twice(to, asked.mapping.into, {}, asked, entries);
  if (!twice) return out;
  out.checked = twice->documents;
  out.wrong = twice->surplus;
  out.examples = twice->examples;
  if (out.wrong > 0)
    out.problem = fmt::format("{} documents too many have the same values", out.wrong);
  return out;
}

}  // namespace

std::vector<TargetCheck> check_target(Database& to, const TargetQuestions& asked) {
  std::vector<TargetCheck> out;
  std::vector<ReferenceCheck> references;
  for (const ReferenceRule& rule : asked.references)
    references.emplace_back(to, rule, asked.most_examples);
  if (!references.empty())
    (void)each_page(to, asked.mapping.into, asked.of_part, asked.stop, [&](const auto& page) {
      for (ReferenceCheck& one : references) one.page(page);
    });
  for (ReferenceCheck& one : references) out.push_back(one.result());
  if (asked.model != nullptr) {
    const auto indexes = to.store().list_indexes(to.ns(asked.mapping.into));
    for (const IndexInfo& index : asked.model->indexes)
      if (index.unique) out.push_back(check_index(to, asked, index, indexes));
  }
  for (const auto& fields : asked.mapping.unique) out.push_back(check_fields(to, asked, fields));
  return out;
}

}  // namespace quire::importer
