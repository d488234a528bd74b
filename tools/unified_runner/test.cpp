#include "test.hpp"

#include <algorithm>

#include "operations.hpp"
#include "quire/bson/json.hpp"
#include "quire/bson/writer.hpp"

namespace quire::unified {
namespace {

using bson::ValueView;
using bson::View;

std::vector<int> version_of(std::string_view text) {
  std::vector<int> out;
  for (std::size_t at = 0; at <= text.size() && out.size() < 3;) {
    const auto dot = std::min(text.find('.', at), text.size());
    out.push_back(std::atoi(std::string(text.substr(at, dot - at)).c_str()));
    at = dot + 1;
  }
  out.resize(3);
  return out;
}

/// Nothing, or why the deployment does not meet it.
std::optional<std::string> unmet(const Deployment& deployment, View requirement) {
  for (const auto& [name, value] : requirement) {
    if (name == "minServerVersion") {
      if (deployment.version < version_of(value.as_string())) return "needs a newer server";
    } else if (name == "maxServerVersion") {
      if (deployment.version > version_of(value.as_string())) return "needs an older server";
    } else if (name == "topologies") {
      std::string wanted;
      bool met = false;
      for (const auto& topology : value.as_array()) {
        const auto kind = topology.value.as_string();
        // An embedded store is one node, and has what a single server lacks: transactions.
        met = met || kind == deployment.topology ||
              (deployment.embedded && (kind == "single" || kind == "replicaset"));
        wanted += (wanted.empty() ? "" : ", ") + std::string(kind);
      }
      if (!met) return "needs the topology " + wanted;
    } else if (name == "serverless") {
      if (value.as_string() == "require") return "needs a serverless deployment";
    } else if (name == "auth") {
      if (value.as_bool() != deployment.auth)
        return value.as_bool() ? "needs authentication" : "needs no authentication";
    } else {
      return "needs " + std::string(name);
    }
  }
  return std::nullopt;
}

void check_requirements(const Deployment& deployment, View holder) {
  const auto list = holder.find("runOnRequirements");
  if (!list) return;
  std::optional<std::string> why;
  for (const auto& item : list->as_array()) {
    auto reason = unmet(deployment, item.value.as_document());
    if (!reason) return;
    if (!why) why = std::move(reason);
  }
  if (why) throw Skip{*why};
}

/// A transaction that a test before has left open would hold what this one writes.
void end_all_sessions(Deployment& deployment) {
  if (deployment.embedded) return;
  bson::Writer command;
  command.append_array("killAllSessions", bson::View{});
  try {
    (void)deployment.store->run_command("admin", command.finish(), nullptr);
  } catch (const Error&) {  // a server that lacks it, or a user who may not
  }
}

void fill(Deployment& deployment, View file) {
  const auto data = file.find("initialData");
  if (!data) return;
  for (const auto& item : data->as_array()) {
    const auto one = item.value.as_document();
    const store::Namespace ns{one["databaseName"].as_string(), one["collectionName"].as_string()};
    (void)deployment.store->drop_collection(ns, {});
    const auto options = one.find("createOptions");
    deployment.store->create_collection(ns, options ? options->as_document() : View{}, {});
    std::vector<View> documents;
    for (const auto& document : one["documents"].as_array())
      documents.push_back(document.value.as_document());
    (void)deployment.store->insert(ns, documents, {});
  }
}

void check_outcome(World& world, View test) {
  const auto outcome = test.find("outcome");
  if (!outcome) return;
  for (const auto& item : outcome->as_array()) {
    const auto one = item.value.as_document();
    const store::Namespace ns{one["databaseName"].as_string(), one["collectionName"].as_string()};
    store::FindOptions options;
    const auto sort = bson::make_document("_id", 1);
    options.sort = sort;
    bson::Writer out;
    const auto cursor = world.deployment().store->find(ns, {}, options);
    while (const auto document = cursor->next()) out.push(*document);
    const auto found = bson::Value::array(out.finish());
    if (const auto difference = mismatch(one["documents"], found.view(), world.lookup(), false))
      throw Failed{"outcome of " + std::string(ns.collection) + ": " + *difference};
  }
}

constexpr std::string_view kind_names[] = {"commandStartedEvent", "commandSucceededEvent",
                                           "commandFailedEvent"};

bool is_hidden(const Client& client, const Seen& seen) {
  static const std::set<std::string_view> handshake = {
      "hello",        "isMaster", "ismaster",    "saslStart",         "saslContinue",
      "authenticate", "getnonce", "endSessions", "configureFailPoint"};
  return handshake.contains(seen.command) || client.ignored.contains(seen.command) ||
         !client.observed.contains(kind_names[static_cast<int>(seen.kind)]);
}

void check_event(World& world, View expected, const Seen& seen, const std::string& at) {
  const auto event = *expected.begin();
  if (event.key != kind_names[static_cast<int>(seen.kind)]) {
    throw Failed{at + "expected " + std::string(event.key) + ", got " +
                 std::string(kind_names[static_cast<int>(seen.kind)]) + " of " + seen.command};
  }
  const bson::Value command(seen.command);
  const bson::Value database(seen.database);
  const bson::Value body(seen.body.view());
  for (const auto& [name, value] : event.value.as_document()) {
    const ValueView actual = name == "commandName"    ? command.view()
                             : name == "databaseName" ? database.view()
                                                      : body.view();
    if (name != "commandName" && name != "databaseName" && name != "command" && name != "reply")
      throw Skip{"events: " + std::string(name) + " has no counterpart"};
    if (const auto difference = mismatch(value, actual, world.lookup()))
      throw Failed{at + std::string(name) + " of " + seen.command + ": " + *difference};
  }
}

/// The port's create_collection looks first whether the collection is there: servers of today say
/// ok for one that is.
void hide_looks_before_create(std::vector<Seen>& seen) {
  for (std::size_t i = 0; i + 1 < seen.size(); ++i) {
    if (seen[i].command == "listCollections" && seen[i + 1].command == "create")
      seen.erase(seen.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

/// txnNumber as if the session were fresh.
void count_from_one(const Client& client, Seen& seen) {
  const auto number = seen.body.find("txnNumber");
  const auto before = client.numbers.find(lsid_of(seen.body));
  if (!number || before == client.numbers.end()) return;
  bson::Writer out;
  for (const auto& field : seen.body) {
    if (field.key == "txnNumber")
      out.append("txnNumber", integer_of(*number) - before->second);
    else
      out.append_raw(field);
  }
  seen.body = out.finish();
}

void check_events(World& world, ValueView list) {
  for (const auto& item : list.as_array()) {
    const auto one = item.value.as_document();
    const auto& client = world.client(one["client"].as_string());
    auto seen = client.record->all();
    std::erase_if(seen, [&](const Seen& event) { return is_hidden(client, event); });
    hide_looks_before_create(seen);
    for (auto& event : seen) count_from_one(client, event);
    const auto expected = one["events"].as_array();
    const auto extra = one.find("ignoreExtraEvents");
    const auto wanted = expected.count();
    if (seen.size() < wanted || (seen.size() > wanted && !(extra && extra->as_bool()))) {
      std::string names;
      for (const auto& event : seen) names += event.command + " ";
      throw Failed{"events: expected " + std::to_string(wanted) + ", got " +
                   std::to_string(seen.size()) + ": " + names};
    }
    std::size_t at = 0;
    for (const auto& event : expected) {
      check_event(world, event.value.as_document(), seen[at], "event " + std::to_string(at) + ": ");
      ++at;
    }
  }
}

void refuse_pool_events(View test) {
  const auto list = test.find("expectEvents");
  if (!list) return;
  for (const auto& item : list->as_array()) {
    const auto type = item.value.as_document().find("eventType");
    if (type && type->as_string() != "command")
      throw Skip{"events of the connection pool have no counterpart"};
  }
}

/// What a test leaves behind on a server is taken away also when it fails.
struct FailPointsOff {
  World& world;
  ~FailPointsOff() {
    for (const auto& [client, name] : world.fail_points) {
      try {
        (void)world.deployment().store->run_command(
            "admin", bson::make_document("configureFailPoint", name, "mode", "off"), nullptr);
      } catch (const Error&) {
      }
    }
  }
};

void run(Deployment& deployment, View file, View test, bool& events) {
  if (const auto reason = test.find("skipReason"))
    throw Skip{"the data says: " + std::string(reason->as_string())};
  check_requirements(deployment, file);
  check_requirements(deployment, test);
  refuse_pool_events(test);
  if (deployment.embedded) deployment.store = store::open(deployment.uri);
  World world(deployment);
  try {
    end_all_sessions(deployment);
    fill(deployment, file);
    if (const auto entities = file.find("createEntities")) world.create(entities->as_array());
  } catch (const Error& error) {
    if (error.code() == ErrorCode::unsupported)
      throw Skip{std::string("refused: ") + error.detail()};
    throw;
  }
  {
    const FailPointsOff off{world};
    std::size_t at = 0;
    for (const auto& item : test["operations"].as_array()) {
      const auto operation = item.value.as_document();
      const auto where = "operation " + std::to_string(at++) + " (" +
                         std::string(operation["name"].as_string()) + "): ";
      try {
        execute(world, operation);
      } catch (const Failed& failed) {
        throw Failed{where + failed.why};
      } catch (const Failure& failure) {
        throw Failed{where + "failed with " + std::to_string(failure.number) + " " + failure.text};
      } catch (const Error& error) {
        throw Failed{where + "failed with " + error.what()};
      }
    }
  }
  if (const auto list = test.find("expectEvents"); list && !deployment.embedded) {
    events = true;
    check_events(world, *list);
  }
  for (auto& [id, session] : world.sessions) session.own.reset();  // ends what is still open
  check_outcome(world, test);
}

}  // namespace

Deployment connect(const std::string& uri) {
  Deployment out;
  out.uri = uri;
  out.store = store::open(uri);
  out.embedded = out.store->kind() == "embedded";
  out.capabilities = out.store->capabilities();
  const auto build = out.store->run_command("admin", bson::make_document("buildInfo", 1), nullptr);
  out.version = version_of(build["version"].as_string());
  const auto hello = out.store->run_command("admin", bson::make_document("hello", 1), nullptr);
  const auto message = hello.find("msg");
  out.topology = hello.contains("setName") ? "replicaset"
                 : message && message->is_string() && message->as_string() == "isdbgrid" ? "sharded"
                                                                                         : "single";
  out.auth = uri.find('@') != std::string::npos;
  return out;
}

Outcome run_test(Deployment& deployment, View file, View test) {
  Outcome out;
  try {
    run(deployment, file, test, out.events);
  } catch (const Skip& skip) {
    out = {Verdict::skipped, skip.reason, false};
  } catch (const Failed& failed) {
    out = {Verdict::failed, failed.why, out.events};
  } catch (const std::exception& error) {
    out = {Verdict::failed, std::string("not in an operation: ") + error.what(), out.events};
  }
  return out;
}

}  // namespace quire::unified
