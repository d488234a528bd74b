#include "world.hpp"

#include "quire/bson/json.hpp"

namespace quire::unified {
namespace {

std::string text_of(bson::ValueView value) {
  if (value.is_string()) return std::string(value.as_string());
  return bson::to_json(value);
}

/// A server that an error has made unknown is looked at again within half a second, the driver's
/// least: at its usual ten seconds most of a run would be waiting.
std::string with_options(const std::string& uri, bson::View options) {
  std::string out = uri;
  const auto add = [&](std::string_view name, const std::string& value) {
    out += out.find('?') == std::string::npos ? '?' : '&';
    out += std::string(name) + "=" + value;
  };
  for (const auto& option : options) add(option.key, text_of(option.value));
  if (!options.contains("heartbeatFrequencyMS")) add("heartbeatFrequencyMS", "500");
  return out;
}

void only(bson::View body, std::initializer_list<std::string_view> known, std::string_view what) {
  for (const auto& field : body) {
    bool found = false;
    for (const auto name : known) found = found || name == field.key;
    if (!found)
      throw Skip{std::string(what) + ": " + std::string(field.key) + " has no counterpart"};
  }
}

/// A session that has begun a transaction without a command leaves a gap in its numbers, which no
/// record shows: tests with sessions get connections of their own.
bool has_sessions(bson::View list) {
  for (const auto& item : list) {
    if (item.value.as_document().contains("session")) return true;
  }
  return false;
}

template <class Map>
auto& at(Map& map, std::string_view id, std::string_view what) {
  const auto found = map.find(id);
  if (found == map.end())
    throw Failed{"the test names the " + std::string(what) + " " + std::string(id) +
                 ", which is not there"};
  return found->second;
}

}  // namespace

std::string lsid_of(bson::View command) {
  const auto lsid = command.find("lsid");
  if (!lsid) return {};
  return {reinterpret_cast<const char*>(lsid->data()), lsid->size()};
}

std::int64_t integer_of(bson::ValueView value) {
  if (value.type() == bson::Type::int64) return value.as_int64();
  if (value.type() == bson::Type::double_) return static_cast<std::int64_t>(value.as_double());
  return value.as_int32();
}

Concerns concerns_of(bson::View options) {
  Concerns out;
  if (const auto read = options.find("readConcern")) {
    const auto level = read->as_document().find("level");
    out.read = ReadConcern{level ? std::string(level->as_string()) : std::string()};
  }
  if (const auto write = options.find("writeConcern")) {
    WriteConcern concern;
    only(write->as_document(), {"w", "journal", "wtimeoutMS"}, "writeConcern");
    if (const auto w = write->as_document().find("w")) concern.w = text_of(*w);
    if (const auto journal = write->as_document().find("journal"))
      concern.journal = journal->as_bool();
    if (const auto time = write->as_document().find("wtimeoutMS"))
      concern.timeout = std::chrono::milliseconds(integer_of(*time));
    out.write = concern;
  }
  if (const auto preference = options.find("readPreference")) {
    using Mode = ReadPreference::Mode;
    static const std::map<std::string_view, Mode> modes = {
        {"primary", Mode::primary},
        {"primaryPreferred", Mode::primary_preferred},
        {"secondary", Mode::secondary},
        {"secondaryPreferred", Mode::secondary_preferred},
        {"nearest", Mode::nearest}};
    const auto body = preference->as_document();
    only(body, {"mode", "tagSets", "maxStalenessSeconds"}, "readPreference");
    ReadPreference chosen;
    if (const auto mode = body.find("mode")) chosen.mode = modes.at(mode->as_string());
    if (const auto tags = body.find("tagSets")) {
      for (const auto& set : tags->as_array())
        chosen.tag_sets.emplace_back(set.value.as_document());
    }
    if (const auto staleness = body.find("maxStalenessSeconds"))
      chosen.max_staleness = std::chrono::seconds(integer_of(*staleness));
    out.preference = chosen;
  }
  return out;
}

store::StartOptions start_options_of(bson::View options, store::StartOptions defaults) {
  auto out = std::move(defaults);
  auto concerns = concerns_of(options);
  if (concerns.read) out.read_concern = std::move(concerns.read);
  if (concerns.write) out.write_concern = std::move(concerns.write);
  if (concerns.preference) out.read_preference = std::move(concerns.preference);
  if (const auto time = options.find("maxCommitTimeMS"))
    out.max_commit_time = std::chrono::milliseconds(integer_of(*time));
  return out;
}

void Deployment::retire(std::shared_ptr<store::Store> one) {
  retired.push_back(std::move(one));
  if (retired.size() > 16) retired.pop_front();
}

Client& World::client(std::string_view id) { return *at(clients, id, "client"); }
SessionEntity& World::session(std::string_view id) { return at(sessions, id, "session"); }

void World::create(bson::View list) {
  for (const auto& item : list) {
    const auto entity = *item.value.as_document().begin();
    const auto body = entity.value.as_document();
    const std::string id(body["id"].as_string());
    if (entity.key == "client") {
      only(body,
           {"id", "uriOptions", "useMultipleMongoses", "observeEvents",
            "ignoreCommandMonitoringEvents", "observeSensitiveCommands"},
           "client");
      auto client = std::make_unique<Client>();
      client->record = std::make_shared<Record>();
      if (deployment_.embedded) {
        client->store = deployment_.store;  // another ":memory:" would be another database
      } else {
        const auto given = body.find("uriOptions");
        const auto uri = with_options(deployment_.uri, given ? given->as_document() : bson::View{});
        std::pair<std::shared_ptr<store::Store>, std::shared_ptr<Record>> own;
        const bool alone = has_sessions(list);
        auto& [store, record] = alone ? own : deployment_.opened[id + " " + uri];
        if (store == nullptr) {
          record = client->record;
          store = open_recorded(uri, record);
          (void)store->capabilities();  // asked now, so that it is not among a test's commands
          if (alone) deployment_.retire(store);
        }
        for (const auto& seen : record->all()) {
          const auto number = seen.body.find("txnNumber");
          if (seen.kind == Seen::Kind::started && number)
            deployment_.numbers[lsid_of(seen.body)] = integer_of(*number);
        }
        client->numbers = deployment_.numbers;
        client->store = store;
        client->record = record;
        record->clear();
      }
      if (const auto events = body.find("observeEvents")) {
        for (const auto& name : events->as_array())
          client->observed.emplace(name.value.as_string());
      }
      if (const auto commands = body.find("ignoreCommandMonitoringEvents")) {
        for (const auto& name : commands->as_array())
          client->ignored.emplace(name.value.as_string());
      }
      clients[id] = std::move(client);
    } else if (entity.key == "database") {
      const auto given = body.find("databaseOptions");
      databases[id] = {&client(body["client"].as_string()),
                       std::string(body["databaseName"].as_string()),
                       given ? concerns_of(given->as_document()) : Concerns{}};
    } else if (entity.key == "collection") {
      const auto& database = at(databases, body["database"].as_string(), "database");
      Concerns concerns = database.concerns;
      if (const auto given = body.find("collectionOptions")) {
        auto own = concerns_of(given->as_document());
        if (own.read) concerns.read = own.read;
        if (own.write) concerns.write = own.write;
        if (own.preference) concerns.preference = own.preference;
      }
      collections[id] = {database.client, database.name,
                         std::string(body["collectionName"].as_string()), concerns};
    } else if (entity.key == "session") {
      store::SessionOptions options;
      if (const auto given = body.find("sessionOptions")) {
        only(given->as_document(), {"causalConsistency", "snapshot", "defaultTransactionOptions"},
             "session");
        if (const auto causal = given->as_document().find("causalConsistency"))
          options.causal_consistency = causal->as_bool();
        if (const auto snapshot = given->as_document().find("snapshot"))
          options.snapshot = snapshot->as_bool();
      }
      SessionEntity session;
      session.client = &client(body["client"].as_string());
      if (const auto given = body.find("sessionOptions")) {
        if (const auto defaults = given->as_document().find("defaultTransactionOptions"))
          session.defaults = start_options_of(defaults->as_document());
      }
      session.own = session.client->store->start_session(options);
      session.current = session.own.get();
      sessions[id] = std::move(session);
    } else {
      throw Skip{"entity " + std::string(entity.key) + " has no counterpart"};
    }
  }
}

Lookup World::lookup() {
  return {[this](std::string_view id) -> std::optional<bson::ValueView> {
            const auto found = values.find(id);
            if (found == values.end()) return std::nullopt;
            return found->second.view();
          },
          // The port does not tell a session's lsid. The first one seen is taken for it, unless it
          // is already another session's; all later ones must be the same.
          [this](std::string_view id, bson::ValueView lsid) {
            auto& one = session(id);
            const bson::Value seen(lsid);
            if (one.lsid) return *one.lsid == seen;
            for (const auto& [name, other] : sessions) {
              if (other.lsid && *other.lsid == seen) return false;
            }
            one.lsid = seen;
            return true;
          }};
}

}  // namespace quire::unified
