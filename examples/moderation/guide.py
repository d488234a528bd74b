"""Walks through docs/example-moderation.md: audit, dry run, import, verification, a later pass, the way back."""
import json
import os
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from guide import Guide, expect, number  # noqa: E402

PLAIN = {"guild": "Guild", "guild_config": "GuildConfig", "cases": "Case", "snippet": "Snippet", "reminder": "Reminder",
         "afk": "AFKModel", "starboard": "Starboard", "starboard_message": "StarboardMessage"}


class Old:
    """The old PostgreSQL database, by psql."""

    def __init__(self, guide):
        guide.needs_database("postgresql")
        given = guide.databases
        self.name = f"moderation_{os.getpid()}"
        self.environment = {**os.environ, "PGPASSWORD": given["postgresql_password"], "PGCLIENTENCODING": "UTF8"}
        self.psql = ["psql", "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-h", given["postgresql_host"],
                     "-p", str(given["postgresql_port"]), "-U", given["postgresql_user"]]
        self.secret = given["postgresql"].split("@")[0].split(":")[-1]
        self.url = given["postgresql"].rsplit("/", 1)[0] + "/" + self.name
        self.ask(f"CREATE DATABASE {self.name}", "postgres")

    def ask(self, sql, database=None, script=None):
        command = [*self.psql, "-d", database or self.name, *(["-f", str(script)] if script else ["-c", sql])]
        return subprocess.run(command, check=True, env=self.environment, stdout=subprocess.PIPE, text=True).stdout.strip()

    def drop(self):
        self.ask(f"DROP DATABASE {self.name} WITH (FORCE)", "postgres")


def rows_of(guide, collection):
    return {json.dumps(row["_id"]): row for row in guide.rows("show", collection)}


def compare(guide, old):
    """By PostgreSQL's own sums and by the rules of the page."""
    for collection, table in PLAIN.items():
        expect(int(old.ask(f'SELECT count(*) FROM "{table}"')), len(rows_of(guide, collection)), collection)
    levels = rows_of(guide, "levels")
    expect(int(old.ask('SELECT count(*) FROM "Levels" WHERE guild_id IS NOT NULL')), len(levels), "levels")
    expect(float(old.ask('SELECT sum(xp::float8) FROM "Levels" WHERE guild_id IS NOT NULL')),
           sum(row["xp"] for row in levels.values()), "the sum of xp")
    pairs = " UNION ALL ".join(f'SELECT guild_id, {n} AS rank, perm_level_{n}_role_id AS role FROM "GuildConfig"'
                               f" WHERE perm_level_{n}_role_id IS NOT NULL" for n in range(8))
    wanted = sorted(old.ask(f"SELECT guild_id || ':' || rank FROM ({pairs}) q").splitlines())
    ranks = rows_of(guide, "permission_ranks")
    expect(wanted, sorted(row["_id"] for row in ranks.values()), "permission_ranks")
    expect(wanted, sorted(row["permission_rank_id"] for row in guide.rows("show", "permission_assignments")), "assignments")
    cases = rows_of(guide, "cases")
    expect(int(old.ask("SELECT count(*) FROM \"Case\" WHERE lower(case_type::text) LIKE 'warn%'")),
           sum(row["case_type"] == "WARN" for row in cases.values()), "warnings of both writings")
    expect(int(old.ask('SELECT coalesce(sum(cardinality(case_user_roles)), 0) FROM "Case"')),
           sum(len(row["case_user_roles"] or []) for row in cases.values()), "roles of the cases")
    config = next(iter(rows_of(guide, "guild_config").values()))
    expect([], [name for name in config if name.startswith(("base_", "perm_level", "general", "quarantine", "starboard"))],
           "deprecated fields")


def walk(guide, old):
    guide.make_old_data("old.sql", "--rows", "200")
    old.ask(None, script=guide.folder / "old.sql")
    guide.environment["OLD_DATABASE_URL"] = old.url

    # Look.
    told = guide.run("import", "audit")
    told += guide.run("import", "validate-schema")
    told += guide.run("import", "check-pk", "Case")
    expect(5, number(guide.run("import", "check-duplicates", "AFKModel", "member_id", code=12), r"(\d+) values more than once"), "members twice")
    told += guide.run("import", "map")
    told += guide.run("import", "dry-run")
    told += guide.run("migrate", "plan")
    expect(False, old.secret in told, "a secret is shown")
    expect(0, len(rows_of(guide, "guild")), "guilds after a dry run")

    # The new bot ran already: one guild has documents of its own.
    known = int(old.ask('SELECT min(guild_id) FROM "Guild"'))
    guide.run("migrate", "to", "2026_06_01_indexes", "--quiet")
    guide.run("join", str(known))
    first = rows_of(guide, "guild")[str(known)]

    # Import, in maintenance, killed half-way, and prove it.
    guide.run("migrate", "maintenance", "on", "--reason", "the move")
    guide.kill_when(lambda: len(rows_of(guide, "cases")) > 0, "import", "import", "--all", "--yes", "--batch-size", "10", "--throttle", "150")
    expect(True, 0 < len(rows_of(guide, "cases")) < int(old.ask('SELECT count(*) FROM "Case"')), "cases after the kill")
    guide.run("migrate", "up", "--quiet")
    merged = rows_of(guide, "guild")[str(known)]
    expect(int(old.ask(f'SELECT case_count FROM "Guild" WHERE guild_id = {known}')), merged["case_count"], "a count that came over")
    expect(("welcome", first["updated_at"]), (merged["onboarding_stage"], merged["updated_at"]), "what the new bot wrote of a guild")
    keyless = int(old.ask('SELECT count(*) FROM "Levels" WHERE guild_id IS NULL OR member_id IS NULL'))
    expect(keyless, number(guide.run("import", "rejects", "Levels"), r"(\d+) rows? put aside"), "rows without a key")
    guide.run("import", "verify", "--full")
    compare(guide, old)
    guild = next(iter(rows_of(guide, "guild").values()))
    guide.run("warn", str(guild["_id"]), "7", "8", "spam", code=1)  # the move is not over
    guide.run("migrate", "maintenance", "off")

    # A later pass: what changed comes, what the new bot did stays.
    guide.run("warn", str(guild["_id"]), "7", "8", "spam")
    before = rows_of(guide, "cases")
    old.ask('UPDATE "Case" SET case_reason = \'changed\', case_created_at = now() WHERE case_id = 1')
    old.ask('INSERT INTO "Snippet" VALUES (100000, \'late\', NULL, 1, (SELECT min(guild_id) FROM "Guild"), 0, false, NULL, now())')
    guide.run("import", "import", "--all", "--yes")
    after = rows_of(guide, "cases")
    expect("changed", after["1"]["case_reason"], "a reason that changed")
    expect((before["1"]["created_at"], before["1"]["updated_at"]), (after["1"]["created_at"], after["1"]["updated_at"]), "times")
    expect("late", rows_of(guide, "snippet")["100000"]["snippet_name"], "a row that is new")
    expect(True, len(after) == len(before), "cases")
    guide.run("import", "status")

    # Back: what came goes; the guild whose counter the new bot moved, and its case, stay, and that is said.
    guide.run("import", "rollback", "--yes", code=40)
    left = {name: len(rows_of(guide, name)) for name in (*PLAIN, "levels", "permission_ranks", "permission_assignments")}
    expect({"guild": 1, "cases": 1}, {name: count for name, count in left.items() if count}, "what stays")
    expect("late", old.ask('SELECT snippet_name FROM "Snippet" WHERE snippet_id = 100000'), "the old database")


def main():
    guide = Guide("moderation")
    old = Old(guide)
    try:
        walk(guide, old)
    finally:
        old.drop()


main()
