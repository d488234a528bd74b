#include "store/embedded/commands/concerns.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>

#include "store/embedded/commands/reply.hpp"

namespace quire::store::embedded::commands {
namespace {

// The provenance that a server itself adds to a concern.
void check_provenance(bson::ValueView value, std::string_view what) {
  if (value.is_null()) return;
  if (!value.is_string()) wrong_type(what, "provenance", value.type(), "string");
  constexpr auto known =
      std::to_array<std::string_view>({"clientSupplied", "implicitDefault", "customDefault",
                                       "getLastErrorDefaults", "internalWriteDefault"});
  if (std::ranges::find(known, value.as_string()) == known.end())
    fail(code::bad_value, "enumeration value '" + std::string(value.as_string()) + "' for field " +
                              quoted(what, "provenance") + " is not a valid value");
}

constexpr auto read_concern_rules = std::to_array<Rule>({
    {"level", Takes::string},
    {"afterClusterTime", Takes::timestamp, false, false},
    {"atClusterTime", Takes::timestamp, false, false},
    {"afterOpTime", Takes::document},
    {"$allowTransactionTableSnapshot", Takes::boolean},
    {"$waitLastStableRecoveryTimestamp", Takes::boolean},
    {"provenance", Takes::any},
});

/// Commands that read a snapshot outside of transactions.
bool reads_snapshots(std::string_view command) {
  return command == "find" || command == "aggregate" || command == "distinct";
}

void read_cluster_times(const Arguments& arguments, bool in_transaction, CommonArguments& common) {
  const auto after = arguments.get("afterClusterTime");
  const auto at = arguments.get("atClusterTime");
  if (after && at)
    fail(code::invalid_options,
         "readConcern takes afterClusterTime or atClusterTime, not both of them");
  if (after && arguments.has("afterOpTime"))
    fail(code::invalid_options, "readConcern takes afterClusterTime or afterOpTime, not both");
  const auto level = arguments.string("level", "local");
  if (after && level != "local" && level != "majority" && level != "snapshot")
    fail(code::invalid_options,
         "readConcern.afterClusterTime needs level 'local', 'majority' or 'snapshot'");
  if (at && in_transaction) refuse("readConcern.atClusterTime in a transaction");
  if (after) common.after_cluster_time = after->as_timestamp();
  if (at) common.at_cluster_time = at->as_timestamp();
}

constexpr auto write_concern_rules = std::to_array<Rule>({
    {"w", Takes::any, false, false},
    {"j", Takes::flag},
    {"wtimeout", Takes::any},
    {"fsync", Takes::flag},
    {"provenance", Takes::any},
    {"getLastError", Takes::any},
    {"wOpTime", Takes::any},
});

// True when the write is acknowledged. `unmet`: what a replica set of one member cannot do of it;
// null for a single server, which refuses that.
bool check_write_target(bson::ValueView w, int* unmet) {
  const auto cannot = [&](int number, const std::string& refusal) {
    if (unmet == nullptr) fail(code::bad_value, refusal);
    *unmet = number;
  };
  if (w.is_number()) {
    const auto nodes = rough_integer(w);
    const bool finite = w.type() != bson::Type::double_ || std::isfinite(w.as_double());
    const bool decimal_finite = w.type() != bson::Type::decimal128 ||
                                (!w.as_decimal128().is_nan() && !w.as_decimal128().is_infinite());
    if (!finite || !decimal_finite || nodes < 0 || nodes > 50)
      fail(code::failed_to_parse, "writeConcern.w must be a number of nodes from 0 to 50");
    if (nodes > 1)
      cannot(code::unsatisfiable_write_concern, "writeConcern.w above 1 needs a replica set");
    return nodes != 0;
  }
  if (w.is_string()) {
    if (w.as_string() != "majority")
      cannot(code::unknown_write_concern, "writeConcern.w of \"" + std::string(w.as_string()) +
                                              "\" needs a replica set; use 1 or \"majority\"");
    return true;
  }
  if (w.is_document()) {
    if (w.as_document().empty()) fail(code::failed_to_parse, "writeConcern.w has no tags");
    for (const auto& tag : w.as_document()) {
      if (!tag.value.is_number())
        fail(code::failed_to_parse,
             "writeConcern.w: the tag " + std::string(tag.key) + " must have a number");
    }
    if (unmet != nullptr) *unmet = code::no_such_key;
    return true;
  }
  if (w.is_null()) {
    cannot(code::unknown_write_concern, "writeConcern.w is null");
    return true;
  }
  fail(code::failed_to_parse, "writeConcern.w must be a number, string or document");
}

}  // namespace

void check_read_concern(bson::View concern, bool in_transaction, bool reads, std::string_view what,
                        bool replica_set, CommonArguments& common) {
  const Arguments arguments(concern, read_concern_rules, "readConcern");
  if (const auto provenance = arguments.get("provenance"))
    check_provenance(*provenance, "readConcern");
  const auto level = arguments.get("level");
  if (arguments.has("atClusterTime") && !(level && level->as_string() == "snapshot"))
    fail(code::invalid_options, "readConcern.atClusterTime needs level 'snapshot'");
  for (const auto* name : {"afterClusterTime", "atClusterTime"}) {
    // A server reads the seconds alone.
    const auto time = arguments.get(name);
    if (time && time->type() == bson::Type::timestamp && time->as_timestamp().seconds == 0)
      fail(code::invalid_options,
           "readConcern." + std::string(name) + " cannot be a null timestamp");
  }
  if (replica_set) {
    read_cluster_times(arguments, in_transaction, common);
  } else if (arguments.has("afterClusterTime") || arguments.has("atClusterTime")) {
    fail(code::illegal_operation, "cluster times need a replica set");
  }
  if (!level) return;
  const auto name = level->as_string();
  const bool known = name == "local" || name == "available" || name == "majority" ||
                     name == "snapshot" || name == "linearizable";
  if (known && !reads && name != "local")
    fail(code::invalid_options,
         "'" + std::string(what) + "' does not take a readConcern of '" + std::string(name) + "'");
  if (name == "local" || name == "available" || name == "majority") return;
  if (name == "snapshot" && in_transaction) return;  // what every transaction reads
  if (replica_set && name == "linearizable") {       // one member: nobody writes elsewhere
    common.linearizable = true;
    return;
  }
  if (replica_set && name == "snapshot" && what == "getMore") return;  // its cursor has one
  if (replica_set && name == "snapshot") {
    if (!reads_snapshots(what))
      fail(code::invalid_options,
           "'" + std::string(what) + "' does not take a readConcern of 'snapshot'");
    common.snapshot = true;
    return;
  }
  if (name == "snapshot" || name == "linearizable")
    fail(code::not_a_replica_set,
         "readConcern level '" + std::string(name) + "' needs a replica set; use 'local'");
  fail(code::bad_value, "'" + std::string(name) + "' is no readConcern level");
}

bool check_write_concern(bson::View concern, int* unmet) {
  const Arguments arguments(concern, write_concern_rules, "writeConcern");
  if (const auto provenance = arguments.get("provenance"))
    check_provenance(*provenance, "writeConcern");
  if (const auto timeout = arguments.get("wtimeout"); timeout && timeout->is_number()) {
    if (rough_integer(*timeout) > std::numeric_limits<std::int32_t>::max())
      fail(code::failed_to_parse, "writeConcern.wtimeout must be at most 2147483647");
  }
  if (arguments.flag("fsync") && arguments.flag("j"))
    fail(code::failed_to_parse, "writeConcern: fsync and j exclude each other");
  const auto w = arguments.get("w");
  return !w || check_write_target(*w, unmet);
}

}  // namespace quire::store::embedded::commands
