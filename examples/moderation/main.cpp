// A moderation bot that left PostgreSQL: its import with all commands, its migrations, its
// requests.
//   moderation import COMMAND…    audit, validate-schema, check-pk, check-duplicates, map, dry-run,
//                                 import, verify, status, rejects, rollback: `import help`
//   moderation migrate COMMAND…   up, down, plan, maintenance on|off, …: `migrate help`
//   moderation join GUILD | warn GUILD USER MODERATOR REASON | cases GUILD | ranks GUILD | show
//   COLLECTION
// $OLD_DATABASE_URL is the old database; $MONGODB_URI and $MONGODB_DATABASE the new one, else
// moderation.quire.
#include <cstdio>
#include <quire/cli/migrate.hpp>
#include <quire/importer/cli.hpp>
#include <quire/migrate/maintenance.hpp>
#include <span>

#include "moderation.hpp"
#include "old_data.hpp"

namespace {

using namespace moderation;
namespace qi = q::importer;
using q::field;
using Words = std::span<const char* const>;

std::vector<const q::ModelInfo*> models() {
  return q::cli::models<Guild, GuildConfig, PermissionRank, PermissionAssignment, Case, Snippet,
                        Reminder, Afk, Levels, Starboard, StarboardMessage>();
}

// [warn]
/// The next case of a guild; its number comes from the guild's counter.
Case warn(const q::Database& db, Snowflake guild, Snowflake user, Snowflake moderator,
          const std::string& reason) {
  const auto counted = db.collection<Guild>().find_one_and_update(
      field<&Guild::id> == guild, field<&Guild::case_count>.inc(1),
      {.return_document = q::ReturnDocument::after});
  if (!counted) throw std::runtime_error("no such guild");
  Case made;
  made.id = q::now().time_since_epoch().count() * 4096 + counted->case_count % 4096;
  made.guild_id = guild;
  made.case_status = true;
  made.case_type = "WARN";
  made.case_reason = reason;
  made.case_user_id = user;
  made.case_moderator_id = moderator;
  made.case_number = counted->case_count;
  made.created_at = made.updated_at = q::now();
  db.collection<Case>().insert(made);
  return made;
}
// [/warn]

int show(const q::Database& db, const std::string& collection) {
  const auto all = db.collection<q::bson::Document>(collection);
  for (const auto& document : all.find({}).projection(q::json(R"({"_q": 0})")))
    std::printf("%s\n", q::bson::to_json(document).c_str());
  return 0;
}

int request(const q::Database& db, Words words) {
  const std::string command = words.empty() ? "" : words[0];
  if (command == "join" && words.size() == 2) {
    db.collection<Guild>().insert(Guild{.id = std::stoll(words[1]),
                                        .guild_joined_at = q::now(),
                                        .onboarding_stage = "welcome",
                                        .updated_at = q::now()});
  } else if (command == "warn" && words.size() == 5) {
    const Case made =
        warn(db, std::stoll(words[1]), std::stoll(words[2]), std::stoll(words[3]), words[4]);
    std::printf("case %lld\n", static_cast<long long>(made.case_number.value_or(0)));
  } else if (command == "cases" && words.size() == 2) {
    const auto cases = db.collection<Case>();
    for (const Case& one : cases.find(field<&Case::guild_id> == std::stoll(words[1]))
                               .sort(field<&Case::created_at>.desc())
                               .limit(10))
      std::printf("%s %s\n", one.case_type.c_str(), one.case_reason.value_or("-").c_str());
  } else if (command == "ranks" && words.size() == 2) {
    const auto ranks = db.collection<PermissionRank>();
    for (const PermissionRank& one :
         ranks.find(field<&PermissionRank::guild_id> == std::stoll(words[1]))
             .sort(field<&PermissionRank::rank>.asc()))
      std::printf("%d %s\n", one.rank, one.name.c_str());
  } else if (command == "show" && words.size() == 2) {
    return show(db, words[1]);
  } else {
    std::fputs("moderation: see the head of examples/moderation/main.cpp for its commands\n",
               stderr);
    return 2;
  }
  return 0;
}

// [main]
q::Database open_database() {
  return q::open_from_environment({.fallback_uri = "moderation.quire"});
}

int run(Words words) {
  const std::string command = words.empty() ? "" : words[0];
  const int count = static_cast<int>(words.size());
  if (command == "import") {
    return qi::import_cli(
        count, words.data(), open_old, open_database, mapping(),
        {.import = import_options(), .models = models(), .program = "moderation import"});
  }
  q::Database db = open_database();
  if (command == "migrate") {
    q::MigrateCliOptions options;
    options.models = models();
    options.application = "moderation 2.0";
    return q::migrate_cli(count, words.data(), db, migrations(), options);
  }
  db.set_hooks(q::migrate::refuse_writes(db));  // `migrate maintenance on` keeps requests out
  return request(db, words);
}
// [/main]

}  // namespace

int main(int argc, char** argv) try {
  return run(Words(argv + 1, static_cast<std::size_t>(argc - 1)));
} catch (const std::exception& error) {
  std::fprintf(stderr, "moderation: %s\n", error.what());
  return 1;
}
