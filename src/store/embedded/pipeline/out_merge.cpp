#include <array>
#include <exception>
#include <map>
#include <set>

#include "quire/core/error.hpp"
#include "store/embedded/commands/arguments.hpp"
#include "store/embedded/engine/compare.hpp"
#include "store/embedded/pipeline/write.hpp"
#include "store/embedded/storage/mutate.hpp"
#include "store/embedded/store.hpp"

/// $out, $merge.
namespace quire::store::embedded {

using bson::Type;
using bson::ValueView;
using bson::View;

namespace {

struct Target {
  std::string database, collection;
  [[nodiscard]] Namespace ns() const { return {database, collection}; }
};

void check_target(const Target& target, std::string_view stage, int code_special) {
  commands::check_database_name(target.database);
  commands::check_collection_name(target.database, target.collection);
  if (target.collection.starts_with("system."))
    fail_expression(code_special, std::string(stage) + " cannot write to a system collection: '" +
                                      target.collection + "'");
}

void check_not_view(const CollectionMeta* meta, std::string_view stage) {
  if (meta == nullptr || !meta->traits.view) return;
  throw StoreError(ErrorCode::command_failed,
                   "Namespace " + meta->full_name() + " is a view, not a collection; " +
                       std::string(stage) + " cannot write to it",
                   166);
}

class OutSpec final : public WriteSpec {
 public:
  OutSpec(ValueView given, Target target) : WriteSpec("$out", given), target_(std::move(target)) {}

  void write(EmbeddedStore& store, Spool& documents,
             const AggregateOptions& options) const override {
    check_concern(options.write_concern);
    WriteScope scope(store.file(), options.session, true);
    const auto present = scope.find(target_.ns());
    check_not_view(present.get(), "$out");
    if (present != nullptr) {
      if (const auto capped = present->options.find("capped"); capped && commands::truthy(*capped))
        throw StoreError(
            ErrorCode::command_failed,
            "namespace '" + present->full_name() + "' is capped so it can't be used for $out",
            17152);
      RemoveOptions all;
      all.multi = true;
      (void)remove_rows(scope, target_.ns(), {}, all);
    }
    RowWriter rows(scope, scope.find_or_create(target_.ns()), options.bypass_document_validation);
    while (const auto document = documents.next()) insert_one(rows, *document);
    scope.commit();
  }

 private:
  Target target_;
};

StageSpecPtr parse_out(ValueView given, PipelineContext& context) {
  Target target{context.database, {}};
  if (given.is_string()) {
    target.collection = given.as_string();
  } else if (given.is_document()) {
    bool has_db = false, has_coll = false;
    for (const auto& field : given.as_document()) {
      if ((field.key == "db" && has_db) || (field.key == "coll" && has_coll))
        fail_expression(40413,
                        "BSON field '$out." + std::string(field.key) + "' is a duplicate field");
      const auto text = [&]() -> std::string {
        if (!field.value.is_string())
          fail_expression(
              14, "BSON field '$out." + std::string(field.key) + "' is the wrong type '" +
                      std::string(value_type_name(field.value)) + "', expected type 'string'");
        return std::string(field.value.as_string());
      };
      if (field.key == "db") {
        target.database = text();
        has_db = true;
      } else if (field.key == "coll") {
        target.collection = text();
        has_coll = true;
      } else if (field.key == "timeseries") {
        refuse_expression("$out to a time series collection");
      } else {
        fail_expression(40415,
                        "BSON field '$out." + std::string(field.key) + "' is an unknown field.");
      }
    }
    if (!has_db) fail_expression(40414, "BSON field '$out.db' is missing but a required field");
    if (!has_coll) fail_expression(40414, "BSON field '$out.coll' is missing but a required field");
  } else {
    fail_expression(16990, "$out only supports a string or object argument, but found " +
                               std::string(value_type_name(given)));
  }
  if (target.collection.starts_with('$') ||
      target.database.size() + 1 + target.collection.size() > 255)
    fail_expression(20,
                    "Invalid $out target namespace, " + target.database + "." + target.collection);
  check_target(target, "$out", 17385);
  if (target.database == "admin" || target.database == "config" || target.database == "local")
    fail_expression(31321, "Can't $out to internal database: " + target.database);
  return std::make_shared<OutSpec>(given, std::move(target));
}

enum class WhenMatched { replace, keep_existing, merge, fail, pipeline };
enum class WhenNotMatched { insert, discard, fail };

struct MergeOptions {
  Target target;
  std::vector<std::string> on;
  WhenMatched matched = WhenMatched::merge;
  WhenNotMatched not_matched = WhenNotMatched::insert;
  bson::Document pipeline;
  std::vector<std::pair<std::string, ExpressionPtr>> let;
  ParseScope scope;
};

class MergeSpec final : public WriteSpec {
 public:
  MergeSpec(ValueView given, MergeOptions options)
      : WriteSpec("$merge", given), options_(std::move(options)) {}

  void write(EmbeddedStore& store, Spool& documents,
             const AggregateOptions& options) const override {
    check_concern(options.write_concern);
    WriteScope scope(store.file(), options.session, true);
    check_not_view(scope.find(options_.target.ns()).get(), "$merge");
    // As on a server: the others are merged although one fails, and the first failure is told.
    std::exception_ptr failure;
    while (const auto document = documents.next()) {
      bson::Document buffer;
      try {
        merge(scope, prepared(*document, buffer), options);
      } catch (const Error& error) {
        if (!is_item_error(error)) throw;
        if (failure == nullptr) failure = std::current_exception();
      }
    }
    scope.commit();
    if (failure != nullptr) std::rethrow_exception(failure);
  }

 private:
  /// With null for fields of `on` that it lacks; with an _id where that is one of them.
  [[nodiscard]] View prepared(View document, bson::Document& buffer) const {
    bson::Writer out;
    bool changed = false;
    for (const auto& field : options_.on) {
      if (field == "_id") return with_id_first(document, buffer);
    }
    for (const auto& field : options_.on) {
      if (field.find('.') != std::string::npos || document.contains(field)) continue;
      if (!changed) out.append_all(document);
      changed = true;
      out.append_null(field);
    }
    if (!changed) return document;
    buffer = out.finish();
    return buffer;
  }

  /// The fields of `on` with the document's values.
  [[nodiscard]] bson::Document filter_of(View document) const {
    bson::Writer out;
    Evaluation e;
    for (const auto& field : options_.on) {
      const auto steps = parse_field_path(field);
      const ValueView value =
          value_at({Type::document, document.data(), document.size()}, steps, e);
      if (value.is_array())
        fail_expression(51185, "$merge write error: 'on' field '" + field +
                                   "' cannot be missing, null, undefined or an array");
      out.begin_document(field).append("$eq", is_nullish(value) ? null_value : value).end();
    }
    return out.finish();
  }

  void merge(WriteScope& scope, View document, const AggregateOptions& options) const {
    const bson::Document filter = filter_of(document);
    const Namespace ns = options_.target.ns();
    bool found = false;
    if (const auto collection = scope.find(ns)) {
      FindOptions one;
      one.limit = 1;
      found = !matching_rows(scope, collection, filter, one).empty();
    }
    if (!found) {
      switch (options_.not_matched) {
        case WhenNotMatched::discard:
          return;
        case WhenNotMatched::fail:
          fail_expression(13113,
                          "$merge could not find a matching document in the target "
                          "collection for at least one document in the source collection");
        case WhenNotMatched::insert:
          break;
      }
      insert(scope, document, options);
      return;
    }
    UpdateOptions update;
    update.bypass_document_validation = options.bypass_document_validation;
    switch (options_.matched) {
      case WhenMatched::keep_existing:
        return;
      case WhenMatched::fail:
        insert(scope, document, options);
        return;
      case WhenMatched::replace: {
        const Updater updater(document, std::nullopt);
        (void)update_rows(scope, ns, filter, updater, update);
        return;
      }
      case WhenMatched::merge: {
        const bson::Document set = bson::make_document("$set", document);
        const Updater updater(set, std::nullopt);
        (void)update_rows(scope, ns, filter, updater, update);
        return;
      }
      case WhenMatched::pipeline: {
        ParseScope variables = options_.scope;
        Evaluation e;
        e.begin(document);
        if (options_.let.empty())
          variables.define_constant("new", {Type::document, document.data(), document.size()});
        for (const auto& [name, value] : options_.let) {
          const ValueView known = value->evaluate(e);
          if (!is_missing(known)) variables.define_constant(name, known);
        }
        const Updater updater = Updater::of_pipeline(options_.pipeline, variables);
        (void)update_rows(scope, ns, filter, updater, update);
        return;
      }
    }
  }

  void insert(WriteScope& scope, View document, const AggregateOptions& options) const {
    RowWriter rows(scope, scope.find_or_create(options_.target.ns()),
                   options.bypass_document_validation);
    if (options_.matched != WhenMatched::merge && options_.matched != WhenMatched::keep_existing) {
      insert_one(rows, document);
      return;
    }
    // A server inserts these by $set, which orders the fields by their names.
    std::map<std::string_view, ValueView> fields;
    bson::Writer out;
    for (const auto& field : document) {
      if (field.key == "_id") {
        out.append(field.key, field.value);
      } else {
        fields.emplace(field.key, field.value);
      }
    }
    for (const auto& [name, value] : fields) out.append(name, value);
    insert_one(rows, out.finish_view());
  }

  MergeOptions options_;
};

Target merge_target(ValueView given, const PipelineContext& context) {
  Target target{context.database, {}};
  if (given.is_string()) {
    target.collection = given.as_string();
    if (target.collection.empty())
      fail_expression(73, "Invalid $merge target namespace: the name is empty");
    return target;
  }
  if (!given.is_document())
    fail_expression(51178, "$merge 'into' field must be either a string or an object, but found " +
                               std::string(value_type_name(given)));
  for (const auto& field : given.as_document()) {
    if (field.key != "db" && field.key != "coll")
      fail_expression(40415,
                      "BSON field 'into." + std::string(field.key) + "' is an unknown field.");
    if (field.key == "db" && field.value.is_null()) continue;
    if (!field.value.is_string())
      fail_expression(14, "BSON field 'into." + std::string(field.key) + "' is the wrong type '" +
                              std::string(value_type_name(field.value)) +
                              "', expected type 'string'");
    if (field.key == "coll") {
      target.collection = field.value.as_string();
    } else if (!field.value.as_string().empty()) {
      target.database = field.value.as_string();
    }
  }
  if (target.collection.empty())
    fail_expression(51181, "$merge 'into' field must specify a 'coll' that is not empty");
  return target;
}

std::vector<std::string> merge_on(ValueView given) {
  std::vector<std::string> out;
  std::set<std::string> seen;
  const auto add = [&](ValueView field) {
    if (!field.is_string())
      fail_expression(51134, "$merge 'on' array elements must be strings, but found " +
                                 std::string(value_type_name(field)));
    if (!seen.insert(std::string(field.as_string())).second)
      fail_expression(31465, "Found a duplicate field '" + std::string(field.as_string()) + "'");
    (void)parse_field_path(field.as_string());
    out.emplace_back(field.as_string());
  };
  if (given.is_string()) {
    add(given);
  } else if (given.is_array()) {
    for (const auto& field : given.as_array()) add(field.value);
    if (out.empty())
      fail_expression(51187,
                      "If explicitly specifying $merge 'on', must include at least one field");
  } else {
    fail_expression(51186,
                    "$merge 'on' field  must be either a string or an array of strings, but "
                    "found " +
                        std::string(value_type_name(given)));
  }
  return out;
}

StageSpecPtr parse_merge(ValueView given, PipelineContext& context) {
  MergeOptions options;
  options.scope = context.scope;
  std::optional<ValueView> into, let, on;
  std::optional<ValueView> pipeline;
  if (given.is_string()) {
    into = given;
  } else if (given.is_document()) {
    for (const auto& field : given.as_document()) {
      const ValueView value = field.value;
      if (value.is_null() && field.key != "into") {
        if (field.key == "on" || field.key == "let" || field.key == "whenNotMatched")
          continue;  // as if it were not there
      }
      if (field.key == "into") {
        into = value;
      } else if (field.key == "on") {
        on = value;
      } else if (field.key == "let") {
        if (!value.is_document())
          fail_expression(14, "BSON field '$merge.let' is the wrong type '" +
                                  std::string(value_type_name(value)) +
                                  "', expected type 'object'");
        let = value;
      } else if (field.key == "whenMatched") {
        if (value.is_array()) {
          pipeline = value;
          options.matched = WhenMatched::pipeline;
        } else if (value.is_string()) {
          const auto word = value.as_string();
          if (word == "replace") {
            options.matched = WhenMatched::replace;
          } else if (word == "keepExisting") {
            options.matched = WhenMatched::keep_existing;
          } else if (word == "merge") {
            options.matched = WhenMatched::merge;
          } else if (word == "fail") {
            options.matched = WhenMatched::fail;
          } else {
            fail_expression(2, "Enumeration value '" + std::string(word) +
                                   "' for field 'whenMatched' is not a valid value.");
          }
        } else {
          fail_expression(51191,
                          "$merge 'whenMatched' field  must be either a string or an array, "
                          "but found " +
                              std::string(value_type_name(value)));
        }
      } else if (field.key == "whenNotMatched") {
        if (!value.is_string())
          fail_expression(14, "BSON field '$merge.whenNotMatched' is the wrong type '" +
                                  std::string(value_type_name(value)) +
                                  "', expected type 'string'");
        const auto word = value.as_string();
        if (word == "insert") {
          options.not_matched = WhenNotMatched::insert;
        } else if (word == "discard") {
          options.not_matched = WhenNotMatched::discard;
        } else if (word == "fail") {
          options.not_matched = WhenNotMatched::fail;
        } else {
          fail_expression(2, "Enumeration value '" + std::string(word) +
                                 "' for field '$merge.whenNotMatched' is not a valid value.");
        }
      } else {
        fail_expression(40415,
                        "BSON field '$merge." + std::string(field.key) + "' is an unknown field.");
      }
    }
  } else {
    fail_expression(14, "$merge requires a string or object argument, but found " +
                            std::string(value_type_name(given)));
  }
  if (!into) fail_expression(40414, "BSON field '$merge.into' is missing but a required field");
  options.target = merge_target(*into, context);
  check_target(options.target, "$merge", 31319);
  if (options.target.database == "admin" || options.target.database == "config" ||
      options.target.database == "local")
    fail_expression(31320, "Cannot $merge to internal database: " + options.target.database);
  if (let && !pipeline)
    fail_expression(51199, "Cannot use 'let' variables with 'whenMatched: " +
                               std::string("...' mode: a pipeline is needed"));
  if (options.not_matched != WhenNotMatched::insert && options.matched == WhenMatched::fail &&
      options.not_matched == WhenNotMatched::fail)
    fail_expression(51189,
                    "Combination of $merge modes 'whenMatched: fail' and 'whenNotMatched: "
                    "fail' is not supported");
  if ((options.matched == WhenMatched::keep_existing || options.matched == WhenMatched::fail) &&
      options.not_matched != WhenNotMatched::insert)
    fail_expression(51189,
                    "Combination of $merge modes is not supported: with 'whenMatched: "
                    "keepExisting' or 'fail', 'whenNotMatched' is 'insert'");
  options.on = on ? merge_on(*on) : std::vector<std::string>{"_id"};
  if (on && context.has_unique_index && !context.has_unique_index(options.target.ns(), options.on))
    fail_expression(51183, "Cannot find index to verify that join fields will be unique");
  if (pipeline) {
    options.pipeline = bson::Document(View(pipeline->data(), pipeline->size()));
    if (let) {
      for (const auto& field : let->as_document()) {
        check_variable_name(field.key);
        if (field.key == "new" && !(field.value.is_string() && field.value.as_string() == "$$ROOT"))
          fail_expression(51273,
                          "'let' may not define a value for the reserved 'new' variable "
                          "other than '$$ROOT'");
        options.let.emplace_back(field.key, parse_expression(field.value, context.scope));
      }
    }
  }
  return std::make_shared<MergeSpec>(given, std::move(options));
}

constexpr auto table = std::to_array<StageKind>({
    {.name = "$out", .parse = parse_out, .last_only = true, .in_facet = false, .in_lookup = false},
    {.name = "$merge",
     .parse = parse_merge,
     .last_only = true,
     .in_facet = false,
     .in_lookup = false},
});

}  // namespace

std::span<const StageKind> write_stages() noexcept { return table; }

}  // namespace quire::store::embedded
