#include "migrate/apply.hpp"

#include "migrate/support.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire::migrate {
namespace {

using detail::Operation;

bson::Document exists(std::string_view field, bool yes) {
  bson::Writer filter;
  filter.begin_document(field).append("$exists", yes).end();
  return filter.finish();
}

bson::Document one_operator(std::string_view op, std::string_view field, bson::ValueView value) {
  bson::Writer update;
  update.begin_document(op).append(field, value).end();
  return update.finish();
}

Job::Counts update_all(Database& db, const std::string& collection, const bson::Document& filter,
                       const bson::Document& update, store::Session* session) {
  auto options = safe<store::UpdateOptions>(session);
  options.multi = true;
  const auto result = db.store().update(db.ns(collection), filter, {update.view()}, options);
  return {result.matched, result.modified, 0};
}

void rename_must_not_overwrite(Database& db, const detail::StepData& step, const std::string& from,
                               const std::string& to, store::Session* session) {
  bson::Writer both;
  both.append_all(exists(from, true)).append_all(exists(to, true));
  const auto clash = find_document(db, step.collection, both.finish(), session);
  if (!clash) return;
  throw StepError(ErrorCode::invalid_migration,
                  "the document has both \"" + from + "\" and \"" + to +
                      "\"; renaming would overwrite the second",
                  step.collection, bson::Value((*clash)["_id"]));
}

/// Runs `work`; an error of that code means that the work was done before.
template <class F>
void unless(ErrorCode done, ErrorCode also, F work) {
  try {
    work();
  } catch (const StoreError& error) {
    if (error.code() != done && error.code() != also) throw;
  }
}

}  // namespace

Job::Counts apply_step(Database& db, const detail::StepData& step, store::Session* session) {
  const auto ns = db.ns(step.collection);
  const auto options = safe<store::OperationOptions>(session);
  switch (step.operation) {
    case Operation::add_field: {
      const std::string field = get_text(step.spec, "field");
      return update_all(db, step.collection, exists(field, false),
                        one_operator("$set", field, step.spec["value"]), session);
    }
    case Operation::remove_default: {
      const std::string field = get_text(step.spec, "field");
      const auto value = step.spec["value"];
      bson::Writer still;
      still.begin_document(field);
      if (value.type() == bson::Type::null) {
        still.append("$type", std::int32_t{10});
      } else {
        still.append("$eq", value);
      }
      still.end();
      return update_all(db, step.collection, still.finish(),
                        one_operator("$unset", field, bson::Value("").view()), session);
    }
    case Operation::rename_field: {
      const std::string from = get_text(step.spec, "from");
      const std::string to = get_text(step.spec, "to");
      rename_must_not_overwrite(db, step, from, to, session);
      return update_all(db, step.collection, exists(from, true),
                        one_operator("$rename", from, bson::Value(to).view()), session);
    }
    case Operation::unset_field: {
      const std::string field = get_text(step.spec, "field");
      return update_all(db, step.collection, exists(field, true),
                        one_operator("$unset", field, bson::Value("").view()), session);
    }
    case Operation::create_index: {
      const bson::View index = step.spec["index"].as_document();
      db.store().create_indexes(ns, {&index, 1}, options);
      return {};
    }
    case Operation::drop_index: {
      const std::string name = get_text(step.spec["index"].as_document(), "name");
      unless(ErrorCode::index_not_found, ErrorCode::namespace_not_found,
             [&] { db.store().drop_index(ns, name, options); });
      return {};
    }
    case Operation::create_collection:
      unless(ErrorCode::namespace_exists, ErrorCode::namespace_exists, [&] {
        db.store().create_collection(ns, step.spec["options"].as_document(), options);
      });
      return {};
    case Operation::drop_collection:
      (void)db.store().drop_collection(ns, options);
      return {};
    case Operation::drop_if_empty:
      if (const auto one = find_document(db, step.collection, {}, session)) {
        throw StepError(ErrorCode::irreversible,
                        "the collection has documents; going back must not drop them",
                        step.collection, bson::Value((*one)["_id"]));
      }
      (void)db.store().drop_collection(ns, options);
      return {};
    default:
      throw Error(ErrorCode::internal, "a step of another kind");
  }
}

}  // namespace quire::migrate
