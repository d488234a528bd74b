#pragma once

#include <cstdint>
#include <optional>
#include <quire/quire.hpp>
#include <string>
#include <vector>

/// What a moderation bot keeps of guilds, cases and members. Snowflakes are int64.
namespace moderation {

namespace q = quire;
using Snowflake = std::int64_t;
using MaybeSnowflake = std::optional<std::int64_t>;
using MaybeTime = std::optional<q::DateTime>;
using MaybeText = std::optional<std::string>;

struct Guild {
  Snowflake id = 0;
  MaybeTime guild_joined_at;
  std::int64_t case_count = 0;
  bool onboarding_completed = false;
  MaybeText onboarding_stage;
  q::DateTime updated_at;
  static auto model() { return q::model<Guild>("guild"); }
};

struct GuildConfig {
  Snowflake id = 0;
  MaybeText prefix;
  MaybeSnowflake mod_log_id, audit_log_id, join_log_id, private_log_id, report_log_id, dev_log_id;
  MaybeSnowflake jail_channel_id, jail_role_id;
  q::DateTime updated_at;
  static auto model() { return q::model<GuildConfig>("guild_config"); }
};

/// _id "GUILD:RANK", so that an assignment can name it.
struct PermissionRank {
  std::string id;
  Snowflake guild_id = 0;
  std::int32_t rank = 0;
  std::string name;
  std::string description;
  q::DateTime updated_at;
  static auto model() {
    return q::model<PermissionRank>("permission_ranks")
        .index(q::field<&PermissionRank::guild_id>.asc(), q::field<&PermissionRank::rank>.asc(),
               q::unique);
  }
};

struct PermissionAssignment {
  std::string id;
  Snowflake guild_id = 0;
  std::string permission_rank_id;
  Snowflake role_id = 0;
  q::DateTime updated_at;
  static auto model() {
    return q::model<PermissionAssignment>("permission_assignments")
        .index(q::field<&PermissionAssignment::guild_id>.asc());
  }
};

struct Case {
  std::int64_t id = 0;
  std::optional<bool> case_status;
  std::string case_type;
  MaybeText case_reason;
  Snowflake case_moderator_id = 0, case_user_id = 0;
  std::optional<std::vector<Snowflake>> case_user_roles;
  std::optional<std::int64_t> case_number;
  MaybeTime created_at;
  MaybeTime case_expires_at;
  std::optional<bool> case_processed;
  MaybeText case_metadata;
  MaybeSnowflake mod_log_message_id;
  Snowflake guild_id = 0;
  q::DateTime updated_at;
  static auto model() {
    return q::model<Case>("cases").index(q::field<&Case::guild_id>.asc(),
                                         q::field<&Case::created_at>.desc());
  }
};

struct Snippet {
  std::int64_t id = 0;
  std::string snippet_name;
  MaybeText snippet_content;
  Snowflake snippet_user_id = 0, guild_id = 0;
  std::int64_t uses = 0;
  bool locked = false;
  MaybeText alias;
  q::DateTime created_at, updated_at;
  static auto model() {
    return q::model<Snippet>("snippet").index(q::field<&Snippet::guild_id>.asc());
  }
};

struct Reminder {
  std::int64_t id = 0;
  std::string reminder_content;
  q::DateTime reminder_expires_at;
  Snowflake reminder_channel_id = 0, reminder_user_id = 0;
  bool reminder_sent = false;
  Snowflake guild_id = 0;
  q::DateTime created_at, updated_at;
  static auto model() { return q::model<Reminder>("reminder"); }
};

/// A member of one guild.
struct MemberKey {
  Snowflake member_id = 0, guild_id = 0;
};

struct Afk {
  MemberKey id;
  std::string nickname, reason;
  q::DateTime since;
  MaybeTime until;
  bool enforced = false, perm_afk = false;
  q::DateTime updated_at;
  static auto model() { return q::model<Afk>("afk"); }
};

struct Levels {
  MemberKey id;
  double xp = 0;
  std::int64_t level = 0;
  bool blacklisted = false;
  MaybeTime last_message;
  q::DateTime updated_at;
  static auto model() { return q::model<Levels>("levels"); }
};

struct Starboard {
  Snowflake id = 0;
  Snowflake starboard_channel_id = 0;
  std::string starboard_emoji;
  std::int32_t starboard_threshold = 0;
  q::DateTime updated_at;
  static auto model() { return q::model<Starboard>("starboard"); }
};

struct StarboardMessage {
  Snowflake id = 0;
  MaybeText message_content;
  MaybeTime message_expires_at;
  Snowflake message_channel_id = 0, message_user_id = 0, message_guild_id = 0;
  std::int32_t star_count = 0;
  MaybeSnowflake starboard_message_id;
  q::DateTime created_at, updated_at;
  static auto model() { return q::model<StarboardMessage>("starboard_message"); }
};

}  // namespace moderation
