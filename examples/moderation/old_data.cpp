#include "old_data.hpp"

#include <cstdlib>
#include <quire/importer/step.hpp>
#include <quire/importer/typed.hpp>
#include <stdexcept>

#include "moderation.hpp"

namespace moderation {

namespace qi = quire::importer;

namespace {

/// What all parts have: a document that is there is updated and keeps its times.
template <class T>
qi::TableMapping part(qi::Into<T> rules, std::vector<std::string> after) {
  return std::move(rules).template time_of_import<&T::updated_at>().with(
      [&](qi::TableMapping& table) {
        table.existing = qi::ExistingDocument::update;
        table.after = std::move(after);
      });
}

qi::TableMapping guilds() {
  return part(qi::into<Guild>("Guild")
                  .field<&Guild::id>("guild_id")
                  .field<&Guild::guild_joined_at>("guild_joined_at")
                  .field<&Guild::case_count>("case_count")
                  .constant<&Guild::onboarding_completed>(false, true)
                  .constant<&Guild::onboarding_stage>(MaybeText{}, true),
              {});
}

// [config]
/// Columns that no rule names are left out: the deprecated ones, and perm_level_N, which become
/// documents of their own.
qi::TableMapping configs() {
  return part(qi::into<GuildConfig>("GuildConfig")
                  .field<&GuildConfig::id>("guild_id")
                  .field<&GuildConfig::prefix>("prefix")
                  .field<&GuildConfig::mod_log_id>("mod_log_id")
                  .field<&GuildConfig::audit_log_id>("audit_log_id")
                  .field<&GuildConfig::join_log_id>("join_log_id")
                  .field<&GuildConfig::private_log_id>("private_log_id")
                  .field<&GuildConfig::report_log_id>("report_log_id")
                  .field<&GuildConfig::dev_log_id>("dev_log_id")
                  .field<&GuildConfig::jail_channel_id>("jail_channel_id")
                  .field<&GuildConfig::jail_role_id>("jail_role_id"),
              {"guild"});
}
// [/config]

// [ranks]
/// One row to as many as it has roles: columns "rank" and "role_id" stand for perm_level_N_role_id.
qi::UnpivotRule roles() {
  qi::UnpivotRule rule{.parts = {}, .value = "role_id"};
  for (std::int32_t rank = 0; rank < 8; ++rank)
    rule.parts.push_back({.column = "perm_level_" + std::to_string(rank) + "_role_id",
                          .constants = {{"rank", q::bson::Value(rank)}}});
  return rule;
}

qi::TableMapping ranks() {
  auto table = part(qi::into<PermissionRank>("GuildConfig")
                        .format<&PermissionRank::id>("{guild_id}:{rank}")
                        .field<&PermissionRank::guild_id>("guild_id")
                        .field<&PermissionRank::rank>("rank")
                        .format<&PermissionRank::name>("Rank {rank}")
                        .format<&PermissionRank::description>("Migrated permission rank {rank}"),
                    {"guild_config", "starboard"});
  table.unpivot = roles();
  return table;
}

qi::TableMapping assignments() {
  auto table = part(qi::into<PermissionAssignment>("GuildConfig")
                        .format<&PermissionAssignment::id>("{guild_id}:{rank}:{role_id}")
                        .field<&PermissionAssignment::guild_id>("guild_id")
                        .format<&PermissionAssignment::permission_rank_id>("{guild_id}:{rank}")
                        .field<&PermissionAssignment::role_id>("role_id")
                        .refers_to<PermissionRank, &PermissionAssignment::permission_rank_id>(),
                    {"cases", "snippet", "reminder", "afk", "levels", "starboard_message"});
  table.unpivot = roles();
  return table;
}
// [/ranks]

// [cases]
/// The old enum had one type in two writings; what the table does not name is put aside.
std::vector<qi::ValuePair> case_types() {
  std::vector<qi::ValuePair> table;
  for (const char* type : {"BAN", "UNBAN", "HACKBAN", "TEMPBAN", "KICK", "TIMEOUT", "UNTIMEOUT",
                           "WARN", "JAIL", "UNJAIL", "SNIPPETBAN", "SNIPPETUNBAN", "OTHER"})
    table.push_back({q::bson::Value(type), q::bson::Value(type)});
  table.push_back({q::bson::Value("warning"), q::bson::Value("WARN")});
  return table;
}

qi::TableMapping cases() {
  auto table = part(qi::into<Case>("Case")
                        .field<&Case::id>("case_id")
                        .field<&Case::case_status>("case_status")
                        .field<&Case::case_type>("case_type", {.values = case_types()})
                        .field<&Case::case_reason>("case_reason")
                        .field<&Case::case_moderator_id>("case_moderator_id")
                        .field<&Case::case_user_id>("case_user_id")
                        .field<&Case::case_user_roles>("case_user_roles")
                        .field<&Case::case_number>("case_number")
                        .field<&Case::created_at>("case_created_at", {.on_insert = true})
                        .field<&Case::case_expires_at>("case_expires_at")
                        .field<&Case::case_processed>("case_tempban_expired")
                        .constant<&Case::case_metadata>(MaybeText{}, true)
                        .constant<&Case::mod_log_message_id>(MaybeSnowflake{}, true)
                        .field<&Case::guild_id>("guild_id"),
                    {"permission_ranks"});
  table.order = {{"guild_id"}, {"case_created_at"}};  // nulls last
  return table;
}
// [/cases]

qi::TableMapping snippets() {
  return part(qi::into<Snippet>("Snippet")
                  .field<&Snippet::id>("snippet_id")
                  .field<&Snippet::snippet_name>("snippet_name")
                  .field<&Snippet::snippet_content>("snippet_content")
                  .field<&Snippet::snippet_user_id>("snippet_user_id")
                  .field<&Snippet::guild_id>("guild_id")
                  .field<&Snippet::uses>("uses")
                  .field<&Snippet::locked>("locked")
                  .field<&Snippet::alias>("alias")
                  .field<&Snippet::created_at>("snippet_created_at", {.on_insert = true}),
              {"permission_ranks"});
}

qi::TableMapping reminders() {
  return part(qi::into<Reminder>("Reminder")
                  .field<&Reminder::id>("reminder_id")
                  .field<&Reminder::reminder_content>("reminder_content")
                  .field<&Reminder::reminder_expires_at>("reminder_expires_at")
                  .field<&Reminder::reminder_channel_id>("reminder_channel_id")
                  .field<&Reminder::reminder_user_id>("reminder_user_id")
                  .field<&Reminder::reminder_sent>("reminder_sent")
                  .field<&Reminder::guild_id>("guild_id")
                  .field<&Reminder::created_at>("reminder_created_at", {.on_insert = true}),
              {"permission_ranks"});
}

// [members]
/// The _id is the key of two columns, {member_id, guild_id}.
qi::TableMapping afk() {
  return part(qi::into<Afk>("AFKModel")
                  .field<&Afk::nickname>("nickname")
                  .field<&Afk::reason>("reason")
                  .field<&Afk::since>("since")
                  .field<&Afk::until>("until")
                  .field<&Afk::enforced>("enforced")
                  .field<&Afk::perm_afk>("perm_afk"),
              {"permission_ranks"});
}

/// Its key may have nulls in the old schema: such rows are put aside.
qi::TableMapping levels() {
  auto table = part(qi::into<Levels>("Levels")
                        .field<&Levels::xp>("xp")
                        .field<&Levels::level>("level")
                        .field<&Levels::blacklisted>("blacklisted")
                        .field<&Levels::last_message>("last_message"),
                    {"permission_ranks"});
  table.key = {"member_id", "guild_id"};
  return table;
}
// [/members]

qi::TableMapping starboards() {
  return part(qi::into<Starboard>("Starboard")
                  .field<&Starboard::id>("guild_id")
                  .field<&Starboard::starboard_channel_id>("starboard_channel_id")
                  .field<&Starboard::starboard_emoji>("starboard_emoji")
                  .field<&Starboard::starboard_threshold>("starboard_threshold"),
              {"guild"});
}

qi::TableMapping starboard_messages() {
  return part(qi::into<StarboardMessage>("StarboardMessage")
                  .field<&StarboardMessage::id>("message_id")
                  .field<&StarboardMessage::message_content>("message_content")
                  .field<&StarboardMessage::message_expires_at>("message_expires_at")
                  .field<&StarboardMessage::message_channel_id>("message_channel_id")
                  .field<&StarboardMessage::message_user_id>("message_user_id")
                  .field<&StarboardMessage::message_guild_id>("message_guild_id")
                  .field<&StarboardMessage::star_count>("star_count")
                  .field<&StarboardMessage::starboard_message_id>("starboard_message_id")
                  .field<&StarboardMessage::created_at>("message_created_at", {.on_insert = true}),
              {"permission_ranks"});
}

}  // namespace

qi::Mapping mapping() {
  qi::Mapping all;
  all.tables = {guilds(),     configs(),   starboards(), ranks(),  cases(),
                snippets(),   reminders(), afk(),        levels(), starboard_messages(),
                assignments()};
  return all;
}

// [source]
std::unique_ptr<qi::Source> open_old() {
  const char* url = std::getenv("OLD_DATABASE_URL");
  if (url == nullptr)
    throw std::runtime_error("OLD_DATABASE_URL is not set: postgresql://USER@HOST/DATABASE");
  return qi::open_source(url);
}

qi::ImportOptions import_options() {
  qi::ImportOptions options{.name = "moderation"};
  options.reject_limits = {.most = 100'000, .percent = 5};  // more is a mistake
  return options;
}
// [/source]

// [migrations]
q::Migrations migrations() {
  q::Migrations all;
  all.add({.id = "2026_06_01_indexes",
           .title = "indexes of cases, ranks and assignments",
           .kind = q::MigrationKind::schema,
           .up = q::Steps{
               q::create_index("permission_ranks", q::bson::make_document("guild_id", 1, "rank", 1),
                               {.unique = true}),
               q::create_index("permission_assignments", q::bson::make_document("guild_id", 1)),
               q::create_index("cases", q::bson::make_document("guild_id", 1, "created_at", -1)),
               q::create_index("snippet", q::bson::make_document("guild_id", 1))}});
  all.add({.id = "2026_06_02_from_postgresql",
           .title = "guilds, cases and members out of PostgreSQL",
           .depends_on = {"2026_06_01_indexes"},
           .revision = 1,
           .up = qi::import_step(open_old, mapping(), import_options())});
  return all;
}
// [/migrations]

}  // namespace moderation
