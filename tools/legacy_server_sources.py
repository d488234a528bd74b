"""The cases api and moderation of legacy_sources.py: SQL for MySQL and MariaDB, and for PostgreSQL."""

API = """SET NAMES utf8mb4;
SET SESSION sql_mode = '', foreign_key_checks = 0, time_zone = '+00:00';
CREATE TABLE users(id char(36) NOT NULL PRIMARY KEY, twitter_id varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  access_token text, refresh_token text, token_expires_at datetime, created_at datetime NOT NULL, updated_at datetime,
  UNIQUE KEY twitter_id (twitter_id)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
CREATE TABLE messages(id char(36) NOT NULL PRIMARY KEY, timestamp datetime NOT NULL, user char(36), text text,
  status varchar(32), public_response text, dm_response text, credits_used int, redirected tinyint(1),
  created_at datetime NOT NULL, updated_at datetime, KEY user (user))
  ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
CREATE TABLE oauth_states(state varchar(255), code_verifier varchar(255), created_at datetime, UNIQUE KEY state (state))
  ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
START TRANSACTION;"""
ZERO = "0000-00-00 00:00:00"


def make_api(draw, sql, rows):
    sql.text(API)
    ids = []
    for number in range(1, rows // 5 + 1):
        name, handle, created, expires = draw.uuid(), f"Handle{number}", draw.time(), draw.time()
        updated = draw.time(created)
        if number % 20 == 3:
            expires = ZERO
            draw.note("zero date")
        if number % 20 == 7:
            handle = f"handle{number - 1}"
            draw.note("twitter_id twice but for upper and lower case, allowed by utf8mb4_bin")
        elif number % 20 == 11:
            handle = None
            draw.note("twitter_id null, several in a unique key")
        elif number % 20 == 17:
            name = name.upper()
            draw.note("id in upper case")
        elif number % 20 == 19:
            updated = ZERO
            draw.note("zero date")
        ids.append(name)
        sql.row("users", name, handle, "t-" + draw.uuid(), "r-" + draw.uuid(), expires, created, updated)
    for number in range(1, rows + 1):
        at, user = draw.time(), draw.one_of(ids)
        status = draw.one_of(("pending", "answered", "failed"))
        credits, redirected = draw.below(8), draw.below(2)
        if number % 25 == 4:
            user = user.swapcase()
            draw.note("user in another case than the id, equal by utf8mb4_unicode_ci")
        elif number % 50 == 12:
            user = draw.uuid()
            draw.note("message of a user that is gone")
        elif number % 50 == 13:
            user = None
            draw.note("message without a user")
        elif number % 25 == 14:
            status = draw.one_of((None, "", "PENDING", "Answered "))
            draw.note("status in another writing, or none")
        elif number % 25 == 15:
            credits, redirected = None, None
            draw.note("credits_used and redirected null")
        elif number % 50 == 21:
            redirected = 2
            draw.note("tinyint(1) that is 2")
        elif number % 50 == 22:
            at = ZERO
            draw.note("zero date")
        elif number % 50 == 23:
            at = "2024-00-00 00:00:00"
            draw.note("date with month and day 0")
        answered = status == "answered"
        sql.row("messages", draw.uuid(), at, user, draw.text(30), status, draw.text() if answered else None,
                draw.text() if answered and draw.chance(30) else None, credits, redirected, draw.time(), draw.time())
    for number in range(1, rows // 10 + 1):
        state = f"state-{draw.uuid()}"
        if number % 20 == 8:
            state = None
            draw.note("oauth_states row with a null key")
        sql.row("oauth_states", state, "v-" + draw.uuid(), draw.time())
    sql.text("COMMIT;")


MODERATION = """BEGIN;
CREATE TYPE "CaseType" AS ENUM ('BAN', 'UNBAN', 'HACKBAN', 'TEMPBAN', 'KICK', 'TIMEOUT', 'UNTIMEOUT', 'WARN', 'warning',
  'JAIL', 'UNJAIL', 'SNIPPETBAN', 'SNIPPETUNBAN', 'OTHER');
CREATE TABLE "Guild"(guild_id bigint PRIMARY KEY, guild_joined_at timestamp(3), case_count bigint NOT NULL DEFAULT 0);
CREATE TABLE "GuildConfig"(guild_id bigint PRIMARY KEY, prefix text,
  {config} bigint);
CREATE TABLE "Case"(case_id bigint PRIMARY KEY, case_status boolean, case_type "CaseType" NOT NULL, case_reason text,
  case_moderator_id bigint NOT NULL, case_user_id bigint NOT NULL, case_user_roles bigint[], case_number bigint,
  case_created_at timestamp(3), case_expires_at timestamp(3), case_tempban_expired boolean, guild_id bigint NOT NULL);
CREATE TABLE "Snippet"(snippet_id bigint PRIMARY KEY, snippet_name text NOT NULL, snippet_content text,
  snippet_user_id bigint NOT NULL, guild_id bigint NOT NULL, uses bigint NOT NULL, locked boolean NOT NULL, alias text,
  snippet_created_at timestamp(3) NOT NULL);
CREATE TABLE "Reminder"(reminder_id bigint PRIMARY KEY, reminder_content text NOT NULL, reminder_expires_at timestamptz NOT NULL,
  reminder_channel_id bigint NOT NULL, reminder_user_id bigint NOT NULL, reminder_sent boolean NOT NULL, guild_id bigint NOT NULL,
  reminder_created_at timestamptz NOT NULL);
CREATE TABLE "AFKModel"(member_id bigint, guild_id bigint, nickname text NOT NULL, reason text NOT NULL, since timestamp(3) NOT NULL,
  until timestamp(3), enforced boolean NOT NULL, perm_afk boolean NOT NULL, PRIMARY KEY (member_id, guild_id));
CREATE TABLE "Levels"(member_id bigint, guild_id bigint, xp real NOT NULL, level bigint NOT NULL, blacklisted boolean NOT NULL,
  last_message timestamp(3), UNIQUE (member_id, guild_id));
CREATE TABLE "Starboard"(guild_id bigint PRIMARY KEY, starboard_channel_id bigint NOT NULL, starboard_emoji text NOT NULL,
  starboard_threshold int NOT NULL);
CREATE TABLE "StarboardMessage"(message_id bigint PRIMARY KEY, message_content text, message_expires_at timestamp(3),
  message_channel_id bigint NOT NULL, message_user_id bigint NOT NULL, message_guild_id bigint NOT NULL, star_count int NOT NULL,
  starboard_message_id bigint, message_created_at timestamp(3) NOT NULL);
CREATE TABLE "Note"(note_id bigint PRIMARY KEY, note_content text NOT NULL, note_created_at timestamp(3) NOT NULL,
  note_moderator_id bigint NOT NULL, note_user_id bigint NOT NULL, note_number bigint, guild_id bigint NOT NULL);"""
MODERATION_KEYS = "".join(
    f'ALTER TABLE "{table}" ADD FOREIGN KEY ({column}) REFERENCES "Guild"(guild_id){valid};\n'
    for table, column, valid in (
        ("GuildConfig", "guild_id", ""), ("Case", "guild_id", " NOT VALID"), ("Snippet", "guild_id", " NOT VALID"),
        ("Reminder", "guild_id", ""), ("AFKModel", "guild_id", ""), ("Levels", "guild_id", ""), ("Starboard", "guild_id", ""),
        ("StarboardMessage", "message_guild_id", ""), ("Note", "guild_id", ""))) + "COMMIT;"
CONFIG = ["mod_log_id", "audit_log_id", "join_log_id", "private_log_id", "report_log_id", "dev_log_id", "jail_channel_id",
          "jail_role_id", "base_member_role_id", "base_staff_role_id", "general_channel_id", "quarantine_role_id",
          "starboard_channel_id"] + [f"perm_level_{level}_role_id" for level in range(8)]
CASE_TYPES = ("BAN", "UNBAN", "HACKBAN", "TEMPBAN", "KICK", "TIMEOUT", "UNTIMEOUT", "WARN", "JAIL", "UNJAIL", "SNIPPETBAN",
              "SNIPPETUNBAN", "OTHER")


def make_cases(draw, sql, rows, guilds, members):
    for number in range(1, rows + 1):
        kind, guild, created = draw.one_of(CASE_TYPES), draw.one_of(guilds), draw.time()
        roles = [draw.flake() for _ in range(draw.below(4))] if draw.chance(80) else None
        if number % 25 == 6:
            kind = "warning"
            draw.note("case type in another writing")
        elif number % 50 == 16:
            created = None
            draw.note("case without case_created_at")
        elif number % 50 == 26:
            guild = draw.flake()
            draw.note("case of a guild that is gone")
        temporary = kind == "TEMPBAN" and created
        sql.row("Case", number, draw.one_of((True, True, False, None)), kind, draw.text() if draw.chance(90) else None,
                draw.one_of(members), draw.one_of(members), roles, number, created,
                draw.time(created) if temporary else None, draw.chance(50) if temporary else None, guild)


def make_moderation(draw, sql, rows):
    sql.text(MODERATION.replace("{config}", " bigint, ".join(CONFIG)))
    guilds = [draw.flake() for _ in range(max(5, rows // 40))]
    members = [draw.flake() for _ in range(rows // 4)]
    for guild in guilds:
        sql.row("Guild", guild, draw.time() if draw.chance(95) else None, draw.below(50))
    for guild in guilds:
        values = [draw.flake() if draw.chance(60) else None for _ in CONFIG]
        sql.row("GuildConfig", guild, draw.one_of(("!", "?", "$", None)), *values)
    for guild in guilds[::2]:
        sql.row("Starboard", guild, draw.flake(), draw.one_of(("⭐", "🌟", ":star:")), 1 + draw.below(9))
    make_cases(draw, sql, rows, guilds, members)
    for number in range(1, rows // 4 + 1):
        guild = draw.one_of(guilds)
        if number % 50 == 31:
            guild = draw.flake()
            draw.note("snippet of a guild that is gone")
        sql.row("Snippet", number, f"snippet{number}", draw.text() if draw.chance(90) else None, draw.one_of(members), guild,
                draw.below(900), draw.chance(20), None if draw.chance(80) else f"s{number}", draw.time())
        sql.row("Reminder", number, draw.text(), draw.time(), draw.flake(), draw.one_of(members), draw.chance(50),
                draw.one_of(guilds), draw.time())
        sql.row("Note", number, draw.text(), draw.time(), draw.one_of(members), draw.one_of(members), number, draw.one_of(guilds))
    for number, member in enumerate(members):
        home = draw.below(len(guilds))
        places = [guilds[home]]
        if number % 10 == 4:
            places.append(guilds[(home + 1) % len(guilds)])
            draw.note("member_id away in two guilds")
        for guild in places:
            since = draw.time()
            sql.row("AFKModel", member, guild, draw.text(2), draw.text(5), since, draw.time(since) if draw.chance(50) else None,
                    draw.chance(10), draw.chance(10))
        null_guild = number % 50 == 9
        if null_guild:
            draw.note("Levels row with a null in its key")
        sql.row("Levels", member, None if null_guild else guilds[home], draw.below(100000) / 8, draw.below(60), draw.chance(5),
                draw.time() if draw.chance(90) else None)
        sql.row("StarboardMessage", draw.flake(), draw.text() if draw.chance(95) else None,
                draw.time() if draw.chance(30) else None, draw.flake(), member, guilds[home], draw.below(40),
                draw.flake() if draw.chance(70) else None, draw.time())
    sql.text(MODERATION_KEYS)
