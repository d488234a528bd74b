// Steps that go over documents in batches: by a function, or into another collection.
#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "migrate/documents.hpp"
#include "migrate/step_make.hpp"
#include "migrate/support.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "quire/migrate/migration.hpp"

namespace quire::migrate {
namespace {

using detail::CopyWork;
using detail::RowWork;

MutableStep documents_step(CopyWork::Kind kind, const char* op, std::string_view from,
                           std::string_view to, bson::View filter) {
  check_step_name(from, "collection");
  check_step_name(to, "collection");
  if (from == to) {
    throw MigrationError(ErrorCode::invalid_migration,
                         std::string(op) + " needs two different collections");
  }
  auto step =
      make_step(from, bson::make_document("op", op, "collection", from, "to", to, "filter", filter),
                CopyWork{kind, std::string(to)});
  step->touches = {touch(from), touch(to)};
  return step;
}

/// Calls the user's function for each, and names the document at which it throws.
detail::BatchFunction by_document(std::string collection, RowFunction rows) {
  return [collection = std::move(collection), rows = std::move(rows)](
             Database&, store::Session*, std::span<const bson::Document> documents) {
    std::vector<RowImages> images;
    images.reserve(documents.size());
    for (const bson::Document& document : documents) {
      try {
        images.push_back(rows(document));
      } catch (...) {
        const Caught caught = current_failure();
        throw StepError(caught.code, caught.text, collection, bson::Value(document["_id"]),
                        caught.backend_code);
      }
    }
    return images;
  };
}

RowImages one_field(std::string_view gone, const bson::ValueView& old, std::string_view made,
                    const bson::Value& value) {
  return {bson::make_document(gone, old), bson::make_document(made, value)};
}

RowImages as_it_is() { return {{}, bson::Document()}; }

struct Reference {
  std::string collection, field, other, as;
};

bson::Document reference_spec(const char* op, const Reference& of) {
  return bson::make_document("op", op, "collection", of.collection, "field", of.field, "other",
                             of.other, "as", of.as);
}

/// The same for numbers that are the same whole one, whatever their types.
std::string reference_key(bson::ValueView key) {
  std::int64_t number = 0;
  if (key.type() == bson::Type::int32) {
    number = key.as_int32();
  } else if (key.type() == bson::Type::int64) {
    number = key.as_int64();
  } else if (key.type() == bson::Type::double_ && std::abs(key.as_double()) < 9e15 &&
             std::trunc(key.as_double()) == key.as_double()) {
    number = static_cast<std::int64_t>(key.as_double());
  } else {
    return key_text(key);
  }
  return key_text(bson::Value(number));
}

/// What references of a batch lead to.
class Others {
 public:
  Others(Database& db, store::Session* session, const Reference& of,
         std::span<const bson::Document> documents)
      : db_(db), session_(session), collection_(of.other) {
    std::vector<bson::Value> keys;
    for (const auto& document : documents)
      if (const auto key = document.find(of.field)) keys.emplace_back(*key);
    for (auto& other : find_keys(db, of.other, keys, session)) {
      std::string key = reference_key(other["_id"]);
      found_.emplace(std::move(key), std::move(other));
    }
  }

  /// Null: there is none.
  const bson::Document* find(bson::ValueView key) {
    const auto known = found_.find(reference_key(key));
    if (known != found_.end()) return &known->second;
    // Decimals, documents with numbers, symbols: what is equal the store says.
    bson::Writer filter;
    filter.begin_document("_id").append("$eq", key).end();
    auto other = find_document(db_, collection_, filter.finish(), session_);
    if (!other) return nullptr;
    return &found_.emplace(reference_key(key), std::move(*other)).first->second;
  }

 private:
  Database& db_;
  store::Session* session_;
  const std::string& collection_;
  std::unordered_map<std::string, bson::Document> found_;
};

MutableStep embed_step(const Reference& of) {
  RowWork work;
  work.images = [of](Database& db, store::Session* session,
                     std::span<const bson::Document> documents) {
    Others others(db, session, of, documents);
    std::vector<RowImages> images;
    for (const auto& document : documents) {
      const auto key = document.find(of.field);
      if (!key || key->type() == bson::Type::null) {
        images.push_back(as_it_is());
        continue;
      }
      const bson::Document* other = others.find(*key);
      if (other == nullptr) {
        throw StepError(ErrorCode::invalid_migration,
                        "\"" + of.field + "\" refers to " + bson::to_json(*key) + ", which " +
                            of.other + " does not have",
                        of.collection, bson::Value(document["_id"]));
      }
      images.push_back(one_field(of.field, *key, of.as, bson::Value(*other)));
    }
    return images;
  };
  work.check = [of](bson::View document) {
    return document.contains(of.field) && !document[of.field].is_null()
               ? "it still has \"" + of.field + "\""
               : std::string();
  };
  auto step = make_step(of.collection, reference_spec("embed", of), std::move(work));
  step->touches = {touch(of.collection, of.field), touch(of.collection, of.as), touch(of.other)};
  return step;
}

/// Puts the embedded document where it is missing; another one of that _id stops the step.
void put_once(Database& db, store::Session* session, const Reference& of, bson::View part,
              const bson::Document& owner) {
  const bson::Document key = bson::make_document("_id", part["_id"]);
  if (const auto there = find_document(db, of.other, key, session)) {
    if (there->view() == part) return;
    throw StepError(ErrorCode::duplicate_key,
                    of.other + " has another document with the _id of \"" + of.as + "\"",
                    of.collection, bson::Value(owner["_id"]));
  }
  const auto result =
      db.store().insert(db.ns(of.other), {&part, 1}, safe<store::InsertOptions>(session));
  if (!result.errors.empty()) throw result.errors.front().error;
}

MutableStep extract_step(const Reference& of) {
  RowWork work;
  work.images = [of](Database& db, store::Session* session,
                     std::span<const bson::Document> documents) {
    std::vector<RowImages> images;
    for (const auto& document : documents) {
      const auto part = document.find(of.as);
      if (!part || part->type() == bson::Type::null) {
        images.push_back(as_it_is());
        continue;
      }
      if (part->type() != bson::Type::document || !part->as_document().contains("_id")) {
        throw StepError(ErrorCode::invalid_migration,
                        "\"" + of.as + "\" is no document with an _id", of.collection,
                        bson::Value(document["_id"]));
      }
      put_once(db, session, of, part->as_document(), document);
      images.push_back(one_field(of.as, *part, of.field, bson::Value(part->as_document()["_id"])));
    }
    return images;
  };
  work.check = [of](bson::View document) {
    return document.contains(of.as) && !document[of.as].is_null() ? "it still has \"" + of.as + "\""
                                                                  : std::string();
  };
  auto step = make_step(of.collection, reference_spec("extract", of), std::move(work));
  step->touches = {touch(of.collection, of.field), touch(of.collection, of.as), touch(of.other)};
  return step;
}

Reference reference(std::string_view collection, std::string_view field, std::string_view other,
                    std::string_view as) {
  check_step_name(collection, "collection");
  check_step_name(other, "collection");
  for (const auto name : {field, as}) {
    check_step_name(name, "field");
    if (name.find('.') != std::string_view::npos) {
      throw MigrationError(ErrorCode::invalid_migration, FieldPath(std::string(name)),
                           "embed and extract take fields of the document itself, not paths");
    }
  }
  if (field == as)
    throw MigrationError(ErrorCode::invalid_migration,
                         "embed and extract need two different fields");
  return {std::string(collection), std::string(field), std::string(other), std::string(as)};
}

/// The projection of these fields and of what quire keeps in documents; empty: one of the names
/// means something else in a projection, or all fields are asked for.
bson::Document projection_of(const std::vector<std::string_view>& fields) {
  if (fields.empty()) return {};
  bson::Writer out;
  for (const std::string_view own : {"_id", "_v", "_q"}) out.append(own, std::int32_t{1});
  for (const std::string_view field : fields) {
    if (field.empty() || field.front() == '$' || field.find('.') != std::string_view::npos)
      return {};
    if (field != "_id" && field != "_v" && field != "_q") out.append(field, std::int32_t{1});
  }
  return out.finish();
}

}  // namespace

Step detail::row_step(std::string_view collection, RowStep row) {
  check_step_name(collection, "collection");
  bson::Writer spec;
  spec.append("op", row.fill ? "transform" : "each").append("collection", collection);
  if (!row.filter.empty()) spec.append("filter", row.filter);
  RowWork work;
  if (row.to_version > 0) work.on_read = row.rows;
  work.to_version = row.to_version;
  work.images = by_document(std::string(collection), std::move(row.rows));
  work.check = std::move(row.check);
  work.fill = row.fill;
  work.versioned = row.versioned;
  work.needs = projection_of(row.fields);
  auto step = make_step(collection, spec.finish(), std::move(work));
  step->touches = {touch(collection)};
  step->no_way_back = "the migration declares no way back for each or transform";
  return Step(std::move(step));
}

bool detail::has_version(bson::View document, std::int32_t least) {
  const auto version = document.find("_v");
  if (!version) return false;
  if (version->type() == bson::Type::int32) return version->as_int32() >= least;
  if (version->type() == bson::Type::int64) return version->as_int64() >= least;
  return version->type() == bson::Type::double_ && version->as_double() >= least;
}

bool detail::has_fields_of_the_new_only(bson::View document, const FieldNames& old,
                                        const FieldNames& now) {
  bool has_new = false;
  for (const auto& [key, value] : document) {
    const bool in_old = std::ranges::find(old, key) != old.end();
    const bool in_new = std::ranges::find(now, key) != now.end();
    if (in_old && !in_new) return false;
    has_new = has_new || (in_new && !in_old);
  }
  return has_new;
}

std::string detail::old_field(bson::View document, const FieldNames& old, const FieldNames& now) {
  for (const auto& [key, value] : document) {
    if (std::ranges::find(old, key) != old.end() && std::ranges::find(now, key) == now.end())
      return "it still has \"" + std::string(key) + "\"";
  }
  return {};
}

Step copy_documents(std::string_view from, std::string_view to, bson::View filter) {
  using enum CopyWork::Kind;
  return with_inverse(documents_step(copy, "copy_documents", from, to, filter),
                      documents_step(remove_copies, "remove_copies", from, to, filter));
}

Step move_documents(std::string_view from, std::string_view to, bson::View filter) {
  using enum CopyWork::Kind;
  return with_inverse(documents_step(move, "move_documents", from, to, filter),
                      documents_step(move, "move_documents", to, from, filter));
}

Step embed(std::string_view collection, std::string_view reference_field,
           std::string_view other_collection, std::string_view as) {
  const auto of = reference(collection, reference_field, other_collection, as);
  return with_inverse(embed_step(of), extract_step(of));
}

Step extract(std::string_view collection, std::string_view field, std::string_view other_collection,
             std::string_view reference_field) {
  const auto of = reference(collection, reference_field, other_collection, field);
  return with_inverse(extract_step(of), embed_step(of));
}

}  // namespace quire::migrate
