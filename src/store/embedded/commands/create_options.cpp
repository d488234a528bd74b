#include "store/embedded/commands/create_options.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>

#include "quire/bson/writer.hpp"
#include "store/embedded/commands/reply.hpp"
#include "store/embedded/engine/compare.hpp"
#include "store/embedded/engine/view_pipeline.hpp"

namespace quire::store::embedded::commands {
namespace {

constexpr auto create_rules = std::to_array<Rule>({
    {"create", Takes::ignored},
    {"capped", Takes::flag},
    {"size", Takes::number},
    {"max", Takes::number},
    {"autoIndexId", Takes::flag},
    {"idIndex", Takes::document},
    {"storageEngine", Takes::document},
    {"indexOptionDefaults", Takes::document},
    {"validator", Takes::document},
    {"validationLevel", Takes::string},
    {"validationAction", Takes::string},
    {"viewOn", Takes::string},
    {"pipeline", Takes::array},
    {"collation", Takes::document},
    {"timeseries", Takes::document},
    {"clusteredIndex", Takes::any},
    {"expireAfterSeconds", Takes::any},
    {"changeStreamPreAndPostImages", Takes::document},
    {"encryptedFields", Takes::document},
    {"recordIdsReplicated", Takes::unsupported_flag},
    {"temp", Takes::unsupported_flag},
    {"flags", Takes::unsupported},
});

constexpr auto clustered_rules = std::to_array<Rule>({
    {"v", Takes::number},
    {"key", Takes::document, true},
    {"name", Takes::string},
    {"unique", Takes::flag, true},
});

constexpr auto default_rules = std::to_array<Rule>({
    {"storageEngine", Takes::document},
});

constexpr auto pre_image_rules = std::to_array<Rule>({
    {"enabled", Takes::boolean, true},
});

constexpr auto timeseries_rules = std::to_array<Rule>({
    {"timeField", Takes::string, true},
    {"metaField", Takes::string},
    {"granularity", Takes::string},
    {"bucketMaxSpanSeconds", Takes::number},
    {"bucketRoundingSeconds", Takes::number},
});

constexpr auto encrypted_rules = std::to_array<Rule>({
    {"escCollection", Takes::string},
    {"ecocCollection", Takes::string},
    {"eccCollection", Takes::string},
    {"fields", Takes::documents, true},
    {"strEncodeVersion", Takes::number},
});

bool is_id_key(bson::View key) {
  const auto field = key.begin();
  return key.count() == 1 && field->key == "_id" && field->value.is_number() &&
         exact_integer(field->value) == 1;
}

/// The index of _id that `create` is given beside the name. Throws 2, 9, 14, 67, 197.
void check_id_index(bson::View spec) {
  const auto key = spec.find("key");
  const auto name = spec.find("name");
  for (const auto& field : spec) {
    const auto need = [&](bool fits) {
      if (!fits)
        fail(code::type_mismatch, "'create.idIndex." + std::string(field.key) +
                                      "' is the wrong type '" +
                                      std::string(bson::type_name(field.value.type())) + "'");
    };
    if (field.key == "key" || field.key == "collation") {
      need(field.value.is_document());
    } else if (field.key == "name" || field.key == "ns") {
      need(field.value.is_string());
    } else if (field.key == "v") {
      need(field.value.is_number());
      const auto version = exact_integer(field.value);
      if (!version) fail(code::bad_value, "'create.idIndex.v' must be a whole number");
      if (*version != 1 && *version != 2)
        fail(67, "'create.idIndex.v' must be 2 (or 1, kept for old programs)");
    } else {
      fail(197, "the index of _id takes no '" + std::string(field.key) + "'");
    }
  }
  if (!key) fail(code::failed_to_parse, "'create.idIndex' needs 'key'");
  if (!name) fail(code::failed_to_parse, "'create.idIndex' needs 'name'");
  if (!is_id_key(key->as_document()))
    fail(code::bad_value, "the key of 'create.idIndex' must be {_id: 1}");
  if (const auto collation = spec.find("collation")) {
    const auto locale = collation->as_document().find("locale");
    if (!locale || !locale->is_string() || locale->as_string() != "simple")
      fail(code::bad_value, "the collation of 'create.idIndex' must be the collection's");
  }
}

/// The clusteredIndex as it is kept; nothing for one that says false.
std::optional<bson::Document> read_clustered(bson::ValueView value) {
  if (value.type() == bson::Type::boolean || value.is_number()) {
    if (truthy(value)) fail(5979703, "'clusteredIndex: true' is for time series buckets");
    return std::nullopt;
  }
  if (!value.is_document())
    fail(code::type_mismatch, "'create.clusteredIndex' must be a bool or a document");
  const Arguments index(value.as_document(), clustered_rules, "create.clusteredIndex");
  if (!is_id_key(index.document("key")))
    fail(197, "the key of 'create.clusteredIndex' must be {_id: 1}");
  if (!index.flag("unique")) fail(5979700, "'create.clusteredIndex.unique' must be true");
  if (index.integer("v", 2) != 2) fail(5979704, "'create.clusteredIndex.v' must be 2");
  bson::Writer out;
  out.append("v", std::int32_t{2});
  out.begin_document("key").append("_id", std::int32_t{1}).end();
  out.append("name", index.string("name", "_id_")).append("unique", true);
  return out.finish();
}

/// Options for another storage engine: kept as long as they ask for nothing.
void check_engine(bson::View engines, std::string_view what) {
  for (const auto& engine : engines) {
    if (!engine.value.is_document())
      fail(code::bad_value,
           "'" + std::string(what) + "." + std::string(engine.key) + "' must be a document");
    if (engine.key != "wiredTiger")
      fail(code::invalid_options, std::string(engine.key) + " is no storage engine");
    for (const auto& option : engine.value.as_document()) {
      const bool nothing = option.key == "configString" && option.value.is_string() &&
                           option.value.as_string().empty();
      if (!nothing)
        refuse("'" + std::string(what) + ".wiredTiger." + std::string(option.key) + "'");
    }
  }
}

void check_encrypted(bson::View options) {
  const Arguments fields(options, encrypted_rules, "create.encryptedFields");
  for (const auto& field : fields.array("fields")) {
    const auto id = field.value.as_document().find("keyId");
    if (id && id->type() == bson::Type::binary &&
        id->as_binary().subtype == bson::BinarySubtype::uuid && id->as_binary().size != 16)
      fail(207, "a UUID has 16 bytes");
  }
  refuse("'create.encryptedFields'");
}

void check_view_options(const Arguments& arguments) {
  for (const auto* option : {"capped", "autoIndexId", "idIndex", "size", "max", "timeseries",
                             "clusteredIndex", "expireAfterSeconds", "storageEngine"}) {
    const auto value = arguments.get(option);
    if (!value || value->is_null()) continue;
    const bool off = (value->type() == bson::Type::boolean || value->is_number()) &&
                     !truthy(*value) && std::string_view(option) != "size";
    if (!off) fail(code::invalid_options, "a view takes no option '" + std::string(option) + "'");
  }
  if (arguments.string("viewOn").empty())
    fail(code::bad_value, "'create.viewOn' must not be empty");
}

void check_timeseries_company(const Arguments& arguments) {
  for (const auto* option :
       {"capped", "size", "max", "autoIndexId", "idIndex", "validator", "validationLevel",
        "validationAction", "viewOn", "pipeline", "changeStreamPreAndPostImages"}) {
    if (arguments.has(option))
      fail(code::invalid_options,
           "a time series collection takes no option '" + std::string(option) + "'");
  }
}

void check_word(const Arguments& arguments, std::string_view name,
                std::span<const std::string_view> words, std::string_view what) {
  if (!arguments.has(name)) return;
  const auto given = arguments.string(name);
  if (std::ranges::find(words, given) == words.end())
    fail(code::bad_value, "enumeration value '" + std::string(given) + "' for field '" +
                              std::string(what) + "." + std::string(name) +
                              "' is not a valid value");
}

}  // namespace

bool read_pre_images(bson::View options, std::string_view what) {
  const std::string name = std::string(what) + ".changeStreamPreAndPostImages";
  return Arguments(options, pre_image_rules, name).flag("enabled");
}

std::optional<std::int64_t> read_collection_ttl(bson::ValueView value, std::string_view what) {
  const std::string name = "'" + std::string(what) + ".expireAfterSeconds'";
  if (value.is_string()) {
    if (value.as_string() == "off") return std::nullopt;
    fail(code::type_mismatch, name + " must be a number or \"off\"");
  }
  if (!value.is_number()) fail(code::type_mismatch, name + " must be a number or \"off\"");
  const auto seconds = rough_integer(value);
  const auto since_1970 =
      std::chrono::duration_cast<std::chrono::seconds>(quire::now().time_since_epoch()).count();
  if (seconds < 0 || seconds > since_1970)
    fail(code::invalid_options, name + " must be from 0 to the seconds since 1970");
  return seconds;
}

std::int64_t read_capped_size(bson::ValueView value, std::string_view what) {
  const auto size = rough_integer(value);
  if (size < 1 || size > (std::int64_t{1} << 50))
    fail(code::bad_value, "'" + std::string(what) + "' must be from 1 to 2^50 bytes");
  return size;
}

std::int64_t read_capped_max(bson::ValueView value, std::string_view what) {
  const auto most = rough_integer(value);
  if (most > std::numeric_limits<std::int32_t>::max())
    fail(code::bad_value, "'" + std::string(what) + "' must be below 2^31");
  return std::max<std::int64_t>(most, 0);
}

void check_timeseries(bson::View options) {
  const Arguments given(options, timeseries_rules, "create.timeseries");
  for (const auto* field : {"timeField", "metaField"}) {
    const auto name = given.string(field);
    if (name.find('\0') != name.npos) fail(code::bad_value, "a field's name has no zero byte");
    if (name.find('.') != name.npos)
      fail(code::invalid_options, "'" + std::string(field) + "' must be a top-level field");
  }
  if (given.has("metaField") && (given.string("metaField") == "_id" ||
                                 given.string("metaField") == given.string("timeField")))
    fail(code::invalid_options, "'metaField' must be neither _id nor the time field");
  constexpr auto words = std::to_array<std::string_view>({"seconds", "minutes", "hours"});
  check_word(given, "granularity", words, "create.timeseries");
  for (const auto* field : {"bucketMaxSpanSeconds", "bucketRoundingSeconds"}) {
    if (!given.has(field)) continue;
    const auto seconds = given.integer(field);
    if (seconds < 1 || seconds > 31'536'000)
      fail(code::bad_value, "'" + std::string(field) + "' must be from 1 to 31536000");
  }
  constexpr std::int64_t of_granularity[] = {3600, 86'400, 2'592'000};
  if (given.has("granularity")) {
    const auto at = std::ranges::find(words, given.string("granularity")) - words.begin();
    if (given.has("bucketRoundingSeconds") ||
        (given.has("bucketMaxSpanSeconds") &&
         given.integer("bucketMaxSpanSeconds") != of_granularity[at]))
      fail(code::invalid_options, "a granularity excludes bucket sizes of one's own");
  } else if (given.has("bucketMaxSpanSeconds") != given.has("bucketRoundingSeconds") ||
             given.integer("bucketMaxSpanSeconds") != given.integer("bucketRoundingSeconds")) {
    fail(code::invalid_options,
         "'bucketMaxSpanSeconds' and 'bucketRoundingSeconds' must both be there and equal");
  }
}

bson::Document read_create_options(bson::View command) {
  const Arguments arguments(command, create_rules, "create");
  const bool capped = arguments.flag("capped");
  const bool is_view = arguments.has("viewOn");
  std::int64_t size = 0;
  std::int64_t most = 0;
  if (const auto given = arguments.get("size")) size = read_capped_size(*given, "create.size");
  if (const auto given = arguments.get("max")) most = read_capped_max(*given, "create.max");
  bool pre_images = false;
  if (arguments.has("changeStreamPreAndPostImages"))
    pre_images = read_pre_images(arguments.document("changeStreamPreAndPostImages"), "create");
  if (arguments.has("timeseries")) {
    check_timeseries(arguments.document("timeseries"));
    check_timeseries_company(arguments);
    if (const auto ttl = arguments.get("expireAfterSeconds"); ttl && !ttl->is_null())
      (void)read_collection_ttl(*ttl, "create");
    refuse("'create.timeseries'");
  }
  if (arguments.has("encryptedFields")) check_encrypted(arguments.document("encryptedFields"));
  if (arguments.has("pipeline") && !is_view)
    fail(code::invalid_options, "'create.pipeline' needs 'viewOn'");
  if (is_view) {
    check_view_options(arguments);
    if (pre_images) fail(code::invalid_options, "a view takes no changeStreamPreAndPostImages");
    check_view_pipeline(arguments.array("pipeline"), "create.pipeline");
  }
  std::optional<bson::Document> clustered;
  if (const auto index = arguments.get("clusteredIndex")) {
    if (arguments.has("size")) fail(6049200, "'size' is not for clustered collections");
    if (arguments.has("max")) fail(6049204, "'max' is not for clustered collections");
    clustered = read_clustered(*index);
    if (clustered && arguments.has("idIndex"))
      fail(code::invalid_options, "'create.idIndex' is not for clustered collections");
  }
  if (capped && !arguments.has("size"))
    fail(code::invalid_options, "a capped collection needs 'size'");
  for (const auto* of_capped : {"size", "max"}) {
    if (!capped && arguments.has(of_capped))
      fail(code::invalid_options,
           "'create." + std::string(of_capped) + "' is for capped collections");
  }
  check_collation(arguments.get("collation"));
  std::optional<std::int64_t> ttl;
  if (const auto given = arguments.get("expireAfterSeconds"); given && !given->is_null()) {
    ttl = read_collection_ttl(*given, "create");
    if (!clustered)
      fail(code::invalid_options,
           "'create.expireAfterSeconds' is for clustered and time series collections");
  }
  if (arguments.has("idIndex")) check_id_index(arguments.document("idIndex"));
  check_engine(arguments.document("storageEngine"), "create.storageEngine");
  const Arguments defaults(arguments.document("indexOptionDefaults"), default_rules,
                           "create.indexOptionDefaults");
  check_engine(defaults.document("storageEngine"), "create.indexOptionDefaults.storageEngine");

  bson::Writer out;
  if (capped) {
    out.append("capped", true).append("size", size);
    if (most > 0) out.append("max", most);
  }
  for (const auto* kept : {"storageEngine", "indexOptionDefaults"}) {
    if (!arguments.document(kept).empty()) out.append(kept, arguments.document(kept));
  }
  if (!arguments.document("validator").empty())
    out.append("validator", arguments.document("validator"));
  for (const auto* word : {"validationLevel", "validationAction"}) {
    if (arguments.has(word)) out.append(word, arguments.string(word));
  }
  if (clustered) out.append("clusteredIndex", *clustered);
  if (ttl) out.append("expireAfterSeconds", *ttl);
  if (pre_images) {
    out.begin_document("changeStreamPreAndPostImages").append("enabled", true).end();
  }
  if (is_view) {
    out.append("viewOn", arguments.string("viewOn"));
    out.append_array("pipeline", arguments.array("pipeline"));
  }
  return out.finish();
}

}  // namespace quire::store::embedded::commands
