#include <array>
#include <limits>

#include "store/embedded/commands/catalog_support.hpp"
#include "store/embedded/commands/collmod_index.hpp"
#include "store/embedded/commands/context.hpp"
#include "store/embedded/commands/create_options.hpp"
#include "store/embedded/commands/reply.hpp"
#include "store/embedded/engine/view_pipeline.hpp"
#include "store/embedded/observed.hpp"
#include "store/embedded/storage/views.hpp"
#include "store/embedded/store.hpp"

namespace quire::store::embedded::commands {
namespace {

constexpr auto collmod_rules = std::to_array<Rule>({
    {"collMod", Takes::collection},
    {"index", Takes::document},
    {"validator", Takes::document},
    {"validationLevel", Takes::string},
    {"validationAction", Takes::string},
    {"viewOn", Takes::string},
    {"pipeline", Takes::array},
    {"changeStreamPreAndPostImages", Takes::document},
    {"expireAfterSeconds", Takes::any},
    {"timeseries", Takes::document},
    {"cappedSize", Takes::number},
    {"cappedMax", Takes::number},
    {"dryRun", Takes::flag},
    {"recordPreImages", Takes::unsupported_flag},
    {"isTimeseriesNamespace", Takes::unsupported_flag},
});

constexpr auto timeseries_rules = std::to_array<Rule>({
    {"granularity", Takes::string},
    {"bucketMaxSpanSeconds", Takes::number},
    {"bucketRoundingSeconds", Takes::number},
});

/// A collection's options under change: a field is replaced where it stands, or put at the end.
class Options {
 public:
  explicit Options(bson::View options) : options_(options) {}

  template <class Value>
  void set(std::string_view name, const Value& value) {
    rewrite(name, [&](bson::Writer& out) { out.append(name, value); });
  }
  void set_array(std::string_view name, bson::View elements) {
    rewrite(name, [&](bson::Writer& out) { out.append_array(name, elements); });
  }
  void remove(std::string_view name) {
    if (options_.view().contains(name)) rewrite(name, [](bson::Writer&) {}, false);
  }
  void replace(bson::Document options) {
    options_ = std::move(options);
    changed_ = true;
  }
  [[nodiscard]] bson::View view() const { return options_; }
  [[nodiscard]] bool changed() const noexcept { return changed_; }

 private:
  template <class Put>
  void rewrite(std::string_view name, const Put& put, bool append = true) {
    bson::Writer out;
    bool done = !append;
    for (const auto& field : options_.view()) {
      if (field.key != name) {
        out.append_raw(field);
      } else if (!done) {
        put(out);
        done = true;
      }
    }
    if (!done) put(out);
    options_ = out.finish();
    changed_ = true;
  }

  bson::Document options_;
  bool changed_ = false;
};

/// The options of a validator that the command names.
bson::Document validation_changes(const Arguments& arguments) {
  bson::Writer out;
  for (const auto* name : {"validator", "validationLevel", "validationAction"}) {
    if (const auto value = arguments.get(name)) out.append(name, *value);
  }
  return out.finish();
}

/// What the command asks for, as events tell it.
bson::Document description(bson::View command) {
  bson::Writer out;
  for (const auto& field : command) {
    if (field.key != "collMod" && !is_common(field.key)) out.append_raw(field);
  }
  return out.finish();
}

/// What may be changed of a view is its definition.
void modify_view(const Arguments& arguments, const CollectionMeta& meta, const Catalog& catalog,
                 Options& options) {
  for (const auto* option :
       {"index", "validator", "validationLevel", "validationAction", "changeStreamPreAndPostImages",
        "expireAfterSeconds", "timeseries", "cappedSize", "cappedMax"}) {
    const auto value = arguments.get(option);
    if (value && !value->is_null())
      fail(code::invalid_options, "'collMod." + std::string(option) + "' is not for views");
  }
  if (arguments.has("viewOn")) {
    const auto view_on = arguments.string("viewOn");
    if (view_on.empty()) fail(code::bad_value, "'collMod.viewOn' must not be empty");
    if (view_on.front() == '$' || view_on.find('\0') != view_on.npos)
      fail(code::invalid_namespace, "'" + std::string(view_on) + "' is no name of a collection");
    options.set("viewOn", view_on);
  }
  if (arguments.has("pipeline")) {
    check_view_pipeline(arguments.array("pipeline"), "collMod.pipeline");
    options.set_array("pipeline", arguments.array("pipeline"));
  }
  if (options.changed())
    check_view_graph(catalog, meta.database, meta.name,
                     {std::string(options.view()["viewOn"].as_string()),
                      collections_of(options.view()["pipeline"].as_array())});
}

void modify_capped(const Arguments& arguments, const CollectionMeta& meta, Options& options) {
  for (const auto* option : {"cappedSize", "cappedMax"}) {
    const auto value = arguments.get(option);
    if (!value) continue;
    if (!meta.traits.capped)
      fail(code::invalid_options,
           "'collMod." + std::string(option) + "' is for capped collections");
    if (std::string_view(option) == "cappedSize") {
      options.set("size", read_capped_size(*value, "collMod.cappedSize"));
    } else if (const auto most = read_capped_max(*value, "collMod.cappedMax"); most > 0) {
      options.set("max", most);
    } else {
      options.remove("max");
    }
  }
}

void modify_collection(const Arguments& arguments, const CollectionMeta& meta, Options& options) {
  for (const auto* option : {"viewOn", "pipeline"}) {
    if (arguments.has(option))
      fail(code::invalid_options, "'collMod." + std::string(option) + "' is for views");
  }
  if (arguments.has("timeseries"))
    fail(code::invalid_options, "'collMod.timeseries' is for time series collections");
  modify_capped(arguments, meta, options);
  if (const auto ttl = arguments.get("expireAfterSeconds"); ttl && !ttl->is_null()) {
    const auto seconds = read_collection_ttl(*ttl, "collMod");
    if (!meta.traits.clustered)
      fail(code::invalid_options,
           "'collMod.expireAfterSeconds' is for clustered and time series collections");
    if (seconds) {
      options.set("expireAfterSeconds", *seconds);
    } else {
      options.remove("expireAfterSeconds");
    }
  }
  if (arguments.has("changeStreamPreAndPostImages")) {
    if (read_pre_images(arguments.document("changeStreamPreAndPostImages"), "collMod")) {
      options.set("changeStreamPreAndPostImages", bson::make_document("enabled", true));
    } else {
      options.remove("changeStreamPreAndPostImages");
    }
  }
  const auto changes = validation_changes(arguments);
  if (!changes.view().empty()) options.replace(changed_validation_options(options.view(), changes));
}

void check_shapes(const Arguments& arguments) {
  if (arguments.has("timeseries")) {
    const Arguments given(arguments.document("timeseries"), timeseries_rules, "collMod.timeseries");
    for (const auto* field : {"bucketMaxSpanSeconds", "bucketRoundingSeconds"}) {
      if (!given.has(field)) continue;
      const auto seconds = given.integer(field);
      if (seconds < 1 || seconds > 31'536'000)
        fail(code::bad_value, "'" + std::string(field) + "' must be from 1 to 31536000");
    }
  }
  if (const auto size = arguments.get("cappedSize"))
    (void)read_capped_size(*size, "collMod.cappedSize");
  if (const auto most = arguments.get("cappedMax"))
    (void)read_capped_max(*most, "collMod.cappedMax");
  if (arguments.has("changeStreamPreAndPostImages"))
    (void)read_pre_images(arguments.document("changeStreamPreAndPostImages"), "collMod");
}

void modify(Context& context, Namespace ns, bson::Writer& reply) {
  const Arguments arguments(context.command, collmod_rules, "collMod");
  check_shapes(arguments);
  std::optional<IndexChange> change;
  if (arguments.has("index")) change = read_index_change(arguments.document("index"));
  if (ns.collection == "system.views")
    fail(code::invalid_options, "collMod does not change system.views");
  check_validation_options(ns, validation_changes(arguments));
  WriteScope scope(embedded_store(context.store).file(), context.options().session, true);
  const auto meta = scope.find(ns);
  if (meta == nullptr) fail(code::namespace_not_found, "ns does not exist: " + full_name(ns));
  const bool dry = arguments.flag("dryRun");
  if (dry && !(change && change->unique))
    fail(code::invalid_options, "'collMod.dryRun' is for turning an index into a unique one");
  Options options(meta->options);
  if (meta->traits.view) {
    modify_view(arguments, *meta, *scope.connection().catalog, options);
  } else {
    modify_collection(arguments, *meta, options);
  }
  if (options.changed() && !dry) {
    set_options(scope.connection(), meta->cid, options.view());
    scope.catalog_changed();
  }
  if (scope.logs_changes() && !dry) {
    const auto before = bson::make_document("collectionOptions", meta->options);
    scope.changes().modified(ns, description(context.command), before);
  }
  if (change) apply_index_change(scope, ns, *change, dry, reply);
  if (!dry) scope.commit();
}

}  // namespace

void run_coll_mod(Context& context, bson::Writer& reply) {
  const Namespace ns = context.target();
  observed(context.store.observers(), {"collMod", ns}, [&] { modify(context, ns, reply); });
}

}  // namespace quire::store::embedded::commands
