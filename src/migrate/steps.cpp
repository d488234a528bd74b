#include "quire/migrate/steps.hpp"

#include <algorithm>
#include <utility>

#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"
#include "quire/migrate/migration.hpp"

namespace quire::migrate {
namespace {

using detail::Operation;
using detail::StepData;
using Data = std::shared_ptr<StepData>;

void check_name(std::string_view text, const char* what) {
  if (text.empty() || text.find('\0') != std::string_view::npos || text.front() == '$') {
    throw MigrationError(ErrorCode::invalid_migration,
                         std::string("a step needs the name of a ") + what +
                             ": not empty, without zero bytes and not beginning with $");
  }
}

std::string touch(std::string_view collection, std::string_view field = {}) {
  std::string text(collection);
  if (!field.empty()) text.append(".").append(field);
  return text;
}

Data make(Operation operation, std::string_view collection, bson::Document spec) {
  auto data = std::make_shared<StepData>();
  data->operation = operation;
  data->collection = std::string(collection);
  data->spec = std::move(spec);
  return data;
}

/// Two steps that undo each other; the given one is returned with its inverse inside. The inverse
/// knows its own way back by name only, so that no cycle of ownership arises.
Step with_inverse(const Data& data, const Data& inverse) {
  if (inverse->no_way_back.empty()) inverse->no_way_back = "this step is itself a way back";
  inverse->touches = data->touches;
  data->inverse = inverse;
  return Step(data);
}

Data field_step(Operation operation, const char* op, std::string_view collection,
                std::string_view field, const bson::Value* value) {
  check_name(collection, "collection");
  check_name(field, "field");
  bson::Writer spec;
  spec.append("op", op).append("collection", collection).append("field", field);
  if (value != nullptr) spec.append("value", *value);
  auto data = make(operation, collection, spec.finish());
  data->touches = {touch(collection, field)};
  return data;
}

Data rename(std::string_view collection, std::string_view from, std::string_view to) {
  auto data = make(
      Operation::rename_field, collection,
      bson::make_document("op", "rename_field", "collection", collection, "from", from, "to", to));
  data->touches = {touch(collection, from), touch(collection, to)};
  return data;
}

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

Data index_step(bool create, std::string_view collection, bson::View keys,
                const IndexOptions& options) {
  check_name(collection, "collection");
  bson::Writer spec;
  spec.append("op", create ? "create_index" : "drop_index").append("collection", collection);
  spec.begin_document("index").append("key", keys);
  spec.append("name", options.name.empty() ? index_name(keys) : options.name);
  if (options.unique) spec.append("unique", true);
  if (options.sparse) spec.append("sparse", true);
  if (!options.partial_filter.empty())
    spec.append("partialFilterExpression", options.partial_filter);
  if (options.expire_after_seconds)
    spec.append("expireAfterSeconds", *options.expire_after_seconds);
  spec.end();
  auto data =
      make(create ? Operation::create_index : Operation::drop_index, collection, spec.finish());
  for (const auto& element : keys) data->touches.push_back(touch(collection, element.key));
  return data;
}

Data documents_step(Operation operation, const char* op, std::string_view from, std::string_view to,
                    bson::View filter) {
  check_name(from, "collection");
  check_name(to, "collection");
  if (from == to) {
    throw MigrationError(ErrorCode::invalid_migration,
                         std::string(op) + " needs two different collections");
  }
  auto data = make(operation, from,
                   bson::make_document("op", op, "collection", from, "to", to, "filter", filter));
  data->touches = {touch(from), touch(to)};
  return data;
}

}  // namespace

Step detail::row_step(Operation operation, std::string_view collection, RowFunction rows) {
  check_name(collection, "collection");
  const bool each = operation == Operation::each;
  auto data =
      make(operation, collection,
           bson::make_document("op", each ? "each" : "transform", "collection", collection));
  data->touches = {touch(collection)};
  data->rows = std::move(rows);
  data->no_way_back = "the migration declares no way back for each or transform";
  return Step(std::move(data));
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

Step run(Atomicity atomicity, Code code) {
  auto data = make(Operation::code, "",
                   bson::make_document("op", "run", "atomicity", to_string(atomicity)));
  if (!code) throw MigrationError(ErrorCode::invalid_migration, "run() needs a function");
  data->code = std::move(code);
  data->code_class = atomicity;
  data->no_way_back = "the migration declares no way back for its own code";
  return Step(std::move(data));
}

MigrationContext& MigrationContext::run(Atomicity atomicity, Code code) {
  return step(migrate::run(atomicity, std::move(code)));
}

Undo irreversible(std::string reason) {
  Undo undo;
  undo.reason_ = reason.empty() ? "the migration says that it cannot be undone" : std::move(reason);
  return undo;
}

Step add_field(std::string_view collection, std::string_view field, const bson::Value& value) {
  return with_inverse(
      field_step(Operation::add_field, "add_field", collection, field, &value),
      field_step(Operation::remove_default, "remove_default", collection, field, &value));
}

Step rename_field(std::string_view collection, std::string_view from, std::string_view to) {
  check_name(collection, "collection");
  check_name(from, "field");
  check_name(to, "field");
  if (from == to)
    throw MigrationError(ErrorCode::invalid_migration, "rename_field needs two different fields");
  return with_inverse(rename(collection, from, to), rename(collection, to, from));
}

Step unset_field(std::string_view collection, std::string_view field) {
  auto data = field_step(Operation::unset_field, "unset_field", collection, field, nullptr);
  data->no_way_back = "the values of " + touch(collection, field) + " are not kept";
  return Step(std::move(data));
}

Step create_index(std::string_view collection, bson::View keys, const IndexOptions& options) {
  return with_inverse(index_step(true, collection, keys, options),
                      index_step(false, collection, keys, options));
}

Step drop_index(std::string_view collection, bson::View keys, const IndexOptions& options) {
  return with_inverse(index_step(false, collection, keys, options),
                      index_step(true, collection, keys, options));
}

Step drop_index(std::string_view collection, std::string_view name) {
  check_name(collection, "collection");
  check_name(name, "index");
  bson::Writer spec;
  spec.append("op", "drop_index").append("collection", collection);
  spec.begin_document("index").append("name", name).end();
  auto data = make(Operation::drop_index, collection, spec.finish());
  data->touches = {touch(collection)};
  data->no_way_back = "the definition of index " + std::string(name) + " is not known";
  return Step(std::move(data));
}

Step create_collection(std::string_view collection, bson::View options) {
  check_name(collection, "collection");
  auto data = make(
      Operation::create_collection, collection,
      bson::make_document("op", "create_collection", "collection", collection, "options", options));
  data->touches = {touch(collection)};
  return with_inverse(data,
                      make(Operation::drop_if_empty, collection,
                           bson::make_document("op", "drop_if_empty", "collection", collection)));
}

Step drop_collection(std::string_view collection) {
  check_name(collection, "collection");
  auto data = make(Operation::drop_collection, collection,
                   bson::make_document("op", "drop_collection", "collection", collection));
  data->touches = {touch(collection)};
  data->no_way_back = "the documents of " + std::string(collection) + " are not kept";
  return Step(std::move(data));
}

Step copy_documents(std::string_view from, std::string_view to, bson::View filter) {
  return with_inverse(documents_step(Operation::copy_documents, "copy_documents", from, to, filter),
                      documents_step(Operation::remove_copies, "remove_copies", from, to, filter));
}

Step move_documents(std::string_view from, std::string_view to, bson::View filter) {
  return with_inverse(
      documents_step(Operation::move_documents, "move_documents", from, to, filter),
      documents_step(Operation::move_documents, "move_documents", to, from, filter));
}

}  // namespace quire::migrate
