// Steps that make, change and drop indexes and collections.
#include "migrate/step_make.hpp"
#include "migrate/support.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "quire/migrate/steps.hpp"

namespace quire::migrate {
namespace {

using detail::CatalogWork;
using detail::StepPlace;

std::string index_name(bson::View keys) {
  std::string name;
  for (const auto& [key, value] : keys) {
    if (!name.empty()) name += '_';
    name.append(key).append("_");
    switch (value.type()) {
      case bson::Type::int32:
        name += std::to_string(value.as_int32());
        break;
      case bson::Type::int64:
        name += std::to_string(value.as_int64());
        break;
      case bson::Type::double_:
        name += std::to_string(static_cast<std::int64_t>(value.as_double()));
        break;
      case bson::Type::string:
        name += value.as_string();
        break;
      default:
        throw MigrationError(ErrorCode::invalid_migration, FieldPath(std::string(key)),
                             "an index key is 1, -1 or the name of an index type");
    }
  }
  if (name.empty())
    throw MigrationError(ErrorCode::invalid_migration, "an index needs at least one key");
  return name;
}

/// Runs `work`; an error of one of these codes means that the work was done before.
template <class F>
void unless(ErrorCode done, ErrorCode also, F work) {
  try {
    work();
  } catch (const StoreError& error) {
    if (error.code() != done && error.code() != also) throw;
  }
}

CatalogWork create_index_work(std::string collection, bson::Document index) {
  return {[collection = std::move(collection), index = std::move(index)](
              Database& db, store::Session* session, const StepPlace&) {
    const bson::View view = index;
    db.store().create_indexes(db.ns(collection), {&view, 1},
                              safe<store::OperationOptions>(session));
  }};
}

CatalogWork drop_index_work(std::string collection, std::string name) {
  return {[collection = std::move(collection), name = std::move(name)](
              Database& db, store::Session* session, const StepPlace&) {
    unless(ErrorCode::index_not_found, ErrorCode::namespace_not_found, [&] {
      db.store().drop_index(db.ns(collection), name, safe<store::OperationOptions>(session));
    });
  }};
}

MutableStep index_step(bool create, std::string_view collection, bson::View keys,
                       const IndexOptions& options) {
  check_step_name(collection, "collection");
  const std::string name = options.name.empty() ? index_name(keys) : options.name;
  bson::Writer index;
  index.append("key", keys).append("name", name);
  if (options.unique) index.append("unique", true);
  if (options.sparse) index.append("sparse", true);
  if (!options.partial_filter.empty())
    index.append("partialFilterExpression", options.partial_filter);
  if (options.expire_after_seconds)
    index.append("expireAfterSeconds", *options.expire_after_seconds);
  bson::Document body = index.finish();
  auto spec = bson::make_document("op", create ? "create_index" : "drop_index", "collection",
                                  collection, "index", body);
  auto step = make_step(collection, std::move(spec),
                        create ? create_index_work(std::string(collection), std::move(body))
                               : drop_index_work(std::string(collection), name));
  for (const auto& element : keys) step->touches.push_back(touch(collection, element.key));
  return step;
}

CatalogWork create_collection_work(std::string collection, bson::Document options) {
  return {[collection = std::move(collection), options = std::move(options)](
              Database& db, store::Session* session, const StepPlace&) {
    unless(ErrorCode::namespace_exists, ErrorCode::namespace_exists, [&] {
      db.store().create_collection(db.ns(collection), options,
                                   safe<store::OperationOptions>(session));
    });
  }};
}

CatalogWork drop_collection_work(std::string collection, bool only_empty) {
  return {[collection = std::move(collection), only_empty](Database& db, store::Session* session,
                                                           const StepPlace&) {
    if (only_empty) {
      if (const auto one = find_document(db, collection, {}, session)) {
        throw StepError(ErrorCode::irreversible,
                        "the collection has documents; going back must not drop them", collection,
                        bson::Value((*one)["_id"]));
      }
    }
    (void)db.store().drop_collection(db.ns(collection), safe<store::OperationOptions>(session));
  }};
}

bson::Document options_of(Database& db, const std::string& collection) {
  for (const auto& one : db.store().list_collections(db.name()))
    if (one.name == collection) return one.options;
  return {};
}

void collection_modify(Database& db, const std::string& collection, bson::View options,
                       store::Session* session) {
  bson::Writer command;
  command.append("collMod", collection).append_all(options);
  const bson::Document body = command.finish();
  (void)db.store().run_command(db.name(), body, session);
}

/// What of the validator was there before, as collMod takes it; kept once, however often it is run.
void keep_validator(Database& db, const std::string& collection, store::Session* session,
                    const StepPlace& place) {
  const bson::Document key = bson::make_document("_id", place.kept);
  if (find_document(db, undo_collection, key, session)) return;
  const bson::Document before = options_of(db, collection);
  bson::Writer kept;
  kept.append("_id", place.kept).append("migration", place.migration).append("fence", place.fence);
  kept.begin_document("options");
  if (const auto value = before.find("validator")) {
    kept.append("validator", *value);
  } else {
    kept.begin_document("validator").end();
  }
  const auto level = before.find("validationLevel");
  const auto action = before.find("validationAction");
  kept.append("validationLevel", level ? bson::Value(*level) : bson::Value("strict"));
  kept.append("validationAction", action ? bson::Value(*action) : bson::Value("error"));
  kept.end();
  const bson::Document body = kept.finish();
  const bson::View view = body;
  const auto result =
      db.store().insert(db.ns(undo_collection), {&view, 1}, safe<store::InsertOptions>(session));
  if (!result.errors.empty()) throw result.errors.front().error;
}

CatalogWork set_validator_work(std::string collection, bson::Document options) {
  return {[collection = std::move(collection), options = std::move(options)](
              Database& db, store::Session* session, const StepPlace& place) {
            unless(ErrorCode::namespace_exists, ErrorCode::namespace_exists, [&] {
              db.store().create_collection(db.ns(collection), {},
                                           safe<store::OperationOptions>(session));
            });
            keep_validator(db, collection, session, place);
            collection_modify(db, collection, options, session);
          },
          false};
}

CatalogWork restore_validator_work(std::string collection) {
  return {[collection = std::move(collection)](Database& db, store::Session* session,
                                               const StepPlace& place) {
            const auto kept =
                find_document(db, undo_collection, bson::make_document("_id", place.kept), session);
            if (!kept) {
              throw StepError(ErrorCode::irreversible,
                              "the validator from before is not kept in _quire_undo", collection,
                              std::nullopt);
            }
            collection_modify(db, collection, (*kept)["options"].as_document(), session);
          },
          false};
}

}  // namespace

Step create_index(std::string_view collection, bson::View keys, const IndexOptions& options) {
  return with_inverse(index_step(true, collection, keys, options),
                      index_step(false, collection, keys, options));
}

Step drop_index(std::string_view collection, bson::View keys, const IndexOptions& options) {
  return with_inverse(index_step(false, collection, keys, options),
                      index_step(true, collection, keys, options));
}

Step drop_index(std::string_view collection, std::string_view name) {
  check_step_name(collection, "collection");
  check_step_name(name, "index");
  bson::Writer spec;
  spec.append("op", "drop_index").append("collection", collection);
  spec.begin_document("index").append("name", name).end();
  auto step = make_step(collection, spec.finish(),
                        drop_index_work(std::string(collection), std::string(name)));
  step->touches = {touch(collection)};
  step->no_way_back = "the definition of index " + std::string(name) + " is not known";
  return Step(std::move(step));
}

Step create_collection(std::string_view collection, bson::View options) {
  check_step_name(collection, "collection");
  auto step = make_step(
      collection,
      bson::make_document("op", "create_collection", "collection", collection, "options", options),
      create_collection_work(std::string(collection), bson::Document(options)));
  step->touches = {touch(collection)};
  return with_inverse(
      step,
      make_step(collection, bson::make_document("op", "drop_if_empty", "collection", collection),
                drop_collection_work(std::string(collection), true)));
}

Step drop_collection(std::string_view collection) {
  check_step_name(collection, "collection");
  auto step =
      make_step(collection, bson::make_document("op", "drop_collection", "collection", collection),
                drop_collection_work(std::string(collection), false));
  step->touches = {touch(collection)};
  step->no_way_back = "the documents of " + std::string(collection) + " are not kept";
  return Step(std::move(step));
}

Step set_validator(std::string_view collection, bson::View validator,
                   const ValidatorOptions& options) {
  check_step_name(collection, "collection");
  bson::Writer settings;
  settings.append("validator", validator)
      .append("validationLevel", options.moderate ? "moderate" : "strict")
      .append("validationAction", options.warn ? "warn" : "error");
  bson::Document body = settings.finish();
  auto spec = bson::make_document("op", "set_validator", "collection", collection, "options", body);
  auto step = make_step(collection, std::move(spec),
                        set_validator_work(std::string(collection), std::move(body)));
  step->touches = {touch(collection)};
  return with_inverse(
      step, make_step(collection,
                      bson::make_document("op", "restore_validator", "collection", collection),
                      restore_validator_work(std::string(collection))));
}

}  // namespace quire::migrate
