#include "quire/bson/writer.hpp"
#include "quire/collection/detail/core.hpp"
#include "quire/core/error.hpp"

namespace quire::collection_detail {

using bson::Buffer;
using bson::Document;
using bson::View;
using bson::Writer;

Document with_id(View document, const ObjectId& id) {
  Writer writer;
  writer.append("_id", id).append_all(document);
  return writer.finish();
}

void patch_id(Buffer& buffer, const void* bytes, std::size_t size) {
  const auto id = View(buffer.data(), buffer.size()).find("_id");
  if (!id || id->size() < size) throw Error(ErrorCode::internal, "no _id to be filled");
  std::memcpy(buffer.data() + (id->data() - buffer.data()) + (id->size() - size), bytes, size);
}

void drop_id(Buffer& buffer) {
  const Document before(View(buffer.data(), buffer.size()));
  Writer writer;
  for (const auto& field : before) {
    if (field.key != "_id") writer.append(field.key, field.value);
  }
  const View without = writer.finish_view();
  buffer.clear();
  buffer.append(without.data(), without.size());
}

namespace {
bool has_field(const std::vector<FieldInfo>& fields, std::string_view name) {
  for (const auto& field : fields) {
    if (field.flattened && field.nested != nullptr) {
      if (has_field(field.nested(), name)) return true;
    } else if (field.stored == name) {
      return true;
    }
  }
  return false;
}
void add_fields(Writer& writer, bool& id, const std::vector<FieldInfo>& fields,
                const ModelInfo& model, std::string_view into) {
  for (const auto& field : fields) {
    if (field.flattened && field.nested != nullptr) {
      add_fields(writer, id, field.nested(), model, into);
      continue;
    }
    if (model.list_fields != nullptr && !has_field(model.fields(), field.stored)) {
      throw ModelError(
          ErrorCode::invalid_model, FieldPath(field.stored),
          "project<" + std::string(into) + ">: " + model.type + " stores no field of this name");
    }
    writer.append(field.stored, 1);
    for (const auto& alias : field.aliases) writer.append(alias, 1);
    id = id || field.stored == "_id";
  }
}
}  // namespace

Document projection_of(const std::vector<FieldInfo>& fields, const ModelInfo& model,
                       std::string_view into) {
  Writer writer;
  bool id = false;
  add_fields(writer, id, fields, model, into);
  if (!id) writer.append("_id", 0);
  return writer.finish();
}

void fail_no_collection(std::string_view type) {
  throw ModelError(ErrorCode::invalid_model,
                   "the model of " + std::string(type) +
                       " names no collection; give db.collection<T>(\"name\")");
}
void fail_not_attached(std::string_view type) {
  throw ModelError(ErrorCode::not_attached,
                   "this " + std::string(type) +
                       " came from no database; call save(db) first, or load or insert it");
}

}  // namespace quire::collection_detail
