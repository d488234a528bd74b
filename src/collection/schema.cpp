#include "quire/collection/schema.hpp"

#include "collection/same_value.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"
#include "quire/core/error.hpp"

namespace quire {

using bson::Document;
using bson::ValueView;
using bson::View;
using bson::Writer;

namespace {

const char* text_of(ValidationLevel level) {
  switch (level) {
    case ValidationLevel::off:
      return "off";
    case ValidationLevel::moderate:
      return "moderate";
    case ValidationLevel::strict:
      break;
  }
  return "strict";
}

/// Lists whose order means nothing in a schema.
bool is_set(std::string_view key) {
  return key == "required" || key == "enum" || key == "bsonType" || key == "type";
}

bool same(ValueView a, ValueView b, std::string_view key);

bool same_elements(View a, View b) {
  if (a.count() != b.count()) return false;
  const auto within = [](View all, ValueView one) {
    for (const auto& other : all) {
      if (same(one, other.value, {})) return true;
    }
    return false;
  };
  for (const auto& one : a) {
    if (!within(b, one.value)) return false;
  }
  for (const auto& one : b) {
    if (!within(a, one.value)) return false;
  }
  return true;
}

bool same(ValueView a, ValueView b, std::string_view key) {
  if (a.is_array() && b.is_array() && is_set(key)) return same_elements(a.as_array(), b.as_array());
  return collection_detail::same_value(a, b);
}

/// The paths of what differs; documents are compared by name, not by order.
void compare(View wanted, View present, const std::string& path,
             std::vector<std::string>& differences) {
  const auto below = [&](std::string_view key) {
    return path.empty() ? std::string(key) : path + "." + std::string(key);
  };
  for (const auto& field : wanted) {
    const auto other = present.find(field.key);
    if (other && field.value.is_document() && other->is_document())
      compare(field.value.as_document(), other->as_document(), below(field.key), differences);
    else if (!other || !same(field.value, *other, field.key))
      differences.push_back(below(field.key));
  }
  for (const auto& field : present) {
    if (!wanted.contains(field.key)) differences.push_back(below(field.key));
  }
}

Document three(ValueView validator, std::string_view level, std::string_view action) {
  return Writer()
      .append("validator", validator)
      .append("validationLevel", level)
      .append("validationAction", action)
      .finish();
}

/// What listCollections says of the validator; the server's defaults where it says nothing.
Document present_of(View options) {
  const auto validator = options.find("validator");
  if (!validator || !validator->is_document() || validator->as_document().empty()) return {};
  const auto text = [&](const char* name, const char* otherwise) {
    const auto value = options.find(name);
    return value && value->is_string() ? value->as_string() : std::string_view(otherwise);
  };
  return three(*validator, text("validationLevel", "strict"), text("validationAction", "error"));
}

bool is_pure(View validator) {
  return validator.count() == 1 && validator.begin()->key == "$jsonSchema";
}

/// Whether sync_schema may have made it: a schema, or that and the program's own rule.
bool made_here(View validator, bool with_rule) {
  if (is_pure(validator)) return true;
  if (!with_rule || validator.count() != 1 || validator.begin()->key != "$and") return false;
  const ValueView list = validator.begin()->value;
  if (!list.is_array() || list.as_array().count() != 2) return false;
  const ValueView first = list.as_array().begin()->value;
  return first.is_document() && is_pure(first.as_document());
}

/// The model's schema, and the program's own rule of collection_options({validator: …}) beside it.
Document validator_of(const ModelInfo& model, const Document& schema) {
  const auto own = model.collection_options.find("validator");
  if (!own || !own->is_document() || own->as_document().empty()) return schema;
  return Writer().begin_array("$and").push(schema).push(own->as_document()).end().finish();
}

void create(const collection_detail::Core& core, View wanted, const store::OperationOptions& to) {
  Writer writer;
  for (const auto& option : core.model().collection_options) {
    if (!wanted.contains(option.key)) writer.append(option.key, option.value);
  }
  writer.append_all(wanted);
  core.store().create_collection(core.ns(), writer.finish(), to);
}

void modify(const collection_detail::Core& core, View wanted, const SyncSchemaOptions& options) {
  const Document command = Writer().append("collMod", core.name()).append_all(wanted).finish();
  (void)core.store().run_command(core.database().name(), command, options.session.pointer);
}

}  // namespace

std::string SchemaPlan::str() const {
  const char* verb = action == Action::create   ? "create  "
                     : action == Action::modify ? "modify  "
                                                : "keep    ";
  std::string text = verb + collection;
  for (const char* name : {"validationLevel", "validationAction"}) {
    if (const auto value = wanted.find(name)) text += " " + std::string(value->as_string());
  }
  if (foreign) text += " (its validator was not made from a model)";
  text += '\n';
  for (const auto& path : differences) text += "  differs  " + path + "\n";
  for (const auto& rule : unsaid) {
    text += "  unsaid   " + (rule.path.empty() ? std::string("the document") : rule.path) + ": " +
            rule.check + " (" + rule.reason + ")\n";
  }
  if (violations) text += "  " + std::to_string(*violations) + " documents would not pass\n";
  return text;
}

namespace collection_detail {

SchemaPlan sync_schema(const Core& core, const SyncSchemaOptions& options) {
  auto& store = core.store();
  if (!store.capabilities().json_schema) {
    throw StoreError(ErrorCode::unsupported,
                     "sync_schema: the store \"" + std::string(store.kind()) +
                         "\" has no validators; the model's checks hold in this program alone");
  }
  if (core.model().list_fields == nullptr) {
    throw ModelError(ErrorCode::invalid_model,
                     "sync_schema: \"" + core.name() + "\" holds documents of no struct");
  }
  SchemaPlan plan;
  plan.collection = core.name();
  JsonSchema made = json_schema(core.model(), options.schema);
  plan.unsaid = std::move(made.unsaid);
  const Document validator = validator_of(core.model(), made.validator());
  plan.wanted = three(bson::Value(validator), text_of(options.level),
                      options.action == ValidationAction::warn ? "warn" : "error");

  bool there = false;
  for (const auto& info : store.list_collections(core.database().name())) {
    if (info.name != core.name()) continue;
    if (info.type == "view") {
      throw StoreError(ErrorCode::unsupported,
                       "sync_schema: \"" + core.name() + "\" is a view; it has no validator");
    }
    there = true;
    plan.present = present_of(info.options);
  }
  compare(plan.wanted, plan.present, {}, plan.differences);
  plan.action = !there                     ? SchemaPlan::Action::create
                : plan.differences.empty() ? SchemaPlan::Action::keep
                                           : SchemaPlan::Action::modify;
  if (const auto present = plan.present.find("validator")) {
    std::vector<std::string> other;
    compare(validator, present->as_document(), {}, other);
    plan.foreign = !other.empty() && !made_here(present->as_document(), !is_pure(validator));
  }
  if (options.check_existing) {
    plan.violations = 0;
    if (there) {
      const Document filter = Writer().begin_array("$nor").push(validator).end().finish();
      store::CountOptions to;
      to.session = options.session.pointer;
      plan.violations = store.count(core.ns(), filter, to);
    }
  }
  if (!options.apply) return plan;
  if (plan.action == SchemaPlan::Action::modify && plan.foreign && !options.replace_foreign) {
    throw StoreError(ErrorCode::invalid_argument, FieldPath("validator"),
                     "sync_schema: \"" + core.name() +
                         "\" has a validator that is more than one $jsonSchema: " +
                         bson::to_json(plan.present["validator"]) +
                         "; nothing was changed. Put its rules into the model's "
                         "collection_options, or replace it with {.replace_foreign = true}");
  }
  if (plan.action != SchemaPlan::Action::keep) core.before_write();
  if (plan.action == SchemaPlan::Action::create) {
    store::OperationOptions to;
    to.session = options.session.pointer;
    try {
      create(core, plan.wanted, to);
    } catch (const StoreError& error) {
      if (error.code() != ErrorCode::namespace_exists) throw;
      modify(core, plan.wanted, options);  // somebody else came first
    }
  }
  if (plan.action == SchemaPlan::Action::modify) modify(core, plan.wanted, options);
  plan.applied = true;
  return plan;
}

ShardPlan shard(const Core& core, const ShardOptions& options) {
  const ModelInfo& model = core.model();
  if (model.shard_key.empty()) {
    throw ModelError(ErrorCode::invalid_model,
                     "shard: the model of \"" + core.name() +
                         "\" declares no shard key; add .shard_key(field<…>.asc()) to it");
  }
  for (const auto& key : model.shard_key) {
    if (options.unique && key.value.is_string()) {
      throw QueryError(ErrorCode::invalid_index, FieldPath(std::string(key.key)),
                       "shard: a hashed shard key cannot be unique", 72);
    }
  }
  const std::string& database = core.database().name();
  ShardPlan plan;
  plan.commands.push_back(bson::make_document("enableSharding", database));
  Writer writer;
  writer.append("shardCollection", database + "." + core.name()).append("key", model.shard_key);
  if (options.unique) writer.append("unique", true);
  if (options.presplit_hashed_zones) writer.append("presplitHashedZones", true);
  if (options.initial_chunks > 0) writer.append("numInitialChunks", options.initial_chunks);
  // Chunks are ranges of plain values, whatever the collection's own order is.
  if (model.collection_options.contains("collation"))
    writer.append("collation", bson::make_document("locale", "simple"));
  plan.commands.push_back(writer.finish());
  if (!options.apply) return plan;
  auto& store = core.store();
  if (!store.capabilities().sharding) {
    throw StoreError(ErrorCode::unsupported,
                     "shard: the store \"" + std::string(store.kind()) +
                         "\" is no sharded deployment; connect to its router (mongos)");
  }
  core.before_write();
  for (const auto& command : plan.commands) (void)store.run_command("admin", command, nullptr);
  plan.applied = true;
  return plan;
}

}  // namespace collection_detail
}  // namespace quire
