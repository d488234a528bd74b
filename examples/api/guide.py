"""Walks through docs/example-api.md: check, audit, dry run, import that is killed, verification, requests, the way back."""
import datetime
import json
import os
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from guide import Guide, expect, number  # noqa: E402

ZONE = "+02:00"
STATUS = "CASE trim(lower(coalesce(m.status, ''))) WHEN '' THEN 'pending' ELSE trim(lower(m.status)) END"
MESSAGES = "messages m LEFT JOIN users u ON u.id = m.user"
TABLES = ("users", "messages", "oauth_states")


class Old:
    """The old MySQL database, by its own client, in the zone of the old API's host."""

    def __init__(self, guide):
        guide.needs_database("mysql")
        given = guide.databases
        self.name = f"api_{os.getpid()}"
        self.environment = {**os.environ, "MYSQL_PWD": given["mysql_password"]}
        self.client = ["mariadb", "--no-defaults", "-N", "-B", "--raw", "--default-character-set=utf8mb4",
                       f"--init-command=SET time_zone = '{ZONE}', sql_mode = ''", "-h", given["mysql_host"], "-P",
                       str(given["mysql_port"]), "-u", given["mysql_user"]]
        self.secret = given["mysql"].split("@")[0].split(":")[-1]
        self.url = given["mysql"].rsplit("/", 1)[0] + "/" + self.name
        self.run([], f"CREATE DATABASE {self.name} CHARACTER SET utf8mb4".encode())

    def run(self, database, script):
        return subprocess.run([*self.client, *database], check=True, env=self.environment, input=script,
                              stdout=subprocess.PIPE).stdout.decode().strip()

    def ask(self, sql):
        return self.run([self.name], sql.encode())

    def drop(self):
        self.run([], f"DROP DATABASE {self.name}".encode())


def seconds(date):
    """Of a document's date."""
    if date is None:
        return None
    return int(datetime.datetime.fromisoformat(date["$date"].replace("Z", "+00:00")).timestamp())


def rows_of(guide, collection):
    return {row["_id"]: row for row in guide.rows("show", collection)}


def compare(guide, old):
    """By MySQL's own sums, collations and time zone."""
    users, messages = rows_of(guide, "users"), rows_of(guide, "messages")
    expect(int(old.ask("SELECT count(*) FROM users")), len(users), "users")
    expect(int(old.ask("SELECT count(*) FROM messages")), len(messages), "messages")
    expect(int(old.ask("SELECT count(*) FROM oauth_states WHERE state IS NOT NULL")), len(rows_of(guide, "oauth_states")), "states")
    expect(int(old.ask("SELECT count(*) FROM users WHERE token_expires_at = 0 OR token_expires_at IS NULL")),
           sum(row["token_expires_at"] is None for row in users.values()), "zero dates and nulls")
    expect(int(old.ask("SELECT count(DISTINCT twitter_id) FROM users")), sum("twitter_id" in row for row in users.values()), "twitter_ids")
    expect(int(old.ask(f"SELECT count(u.id) FROM {MESSAGES}")), sum(row.get("user") in users for row in messages.values()), "their users")
    expect(int(old.ask("SELECT sum(credits_used) FROM messages")), sum(row["credits_used"] for row in messages.values()), "credits")
    expect(int(old.ask("SELECT count(*) FROM messages WHERE redirected")),
           sum(row["redirected"] is True for row in messages.values()), "redirected")
    expect(int(float(old.ask("SELECT sum(unix_timestamp(timestamp)) FROM messages"))),
           sum(seconds(row["timestamp"]) for row in messages.values()), "the sum of all times")
    wanted = sorted(old.ask(f"SELECT concat(coalesce(u.id, '-'), ' ', count(*)) FROM {MESSAGES} WHERE {STATUS} = 'pending' "
                            "GROUP BY coalesce(u.id, '-')").splitlines())
    expect(wanted, sorted(guide.run("waiting").splitlines()), "pending messages by user")


def spot_checks(guide, old):
    """Random rows, each field as MySQL says it."""
    messages = rows_of(guide, "messages")
    rows = old.ask("SELECT JSON_OBJECT('_id', m.id, 'timestamp', unix_timestamp(m.timestamp), 'user', u.id, 'text', m.text, "
                   f"'status', {STATUS}, 'public_response', m.public_response, 'dm_response', m.dm_response, "
                   "'credits_used', coalesce(m.credits_used, 0), 'redirected', coalesce(m.redirected, 0) <> 0, "
                   f"'created_at', unix_timestamp(m.created_at)) FROM {MESSAGES} ORDER BY rand() LIMIT 15").splitlines()
    expect(15, len(rows), "random rows")
    for wanted in map(json.loads, rows):
        found = {name: messages[wanted["_id"]].get(name) for name in wanted}
        found["timestamp"], found["created_at"] = seconds(found["timestamp"]), seconds(found["created_at"])
        expect({**wanted, "redirected": bool(wanted["redirected"])}, found, "a random row")


def requests(guide, old):
    """Of the API on its new data. A single server has no transactions, and says so."""
    pending = int(old.ask(f"SELECT count(*) FROM messages m WHERE {STATUS} = 'pending'"))
    page = guide.run("newest", "pending", "1").splitlines()
    expect(f"of {pending}", page[0], "a count")
    times = f"SELECT m.id FROM messages m WHERE {STATUS} = 'pending' ORDER BY m.timestamp DESC LIMIT 10 OFFSET 10"
    expect(old.ask(times).splitlines(), page[1:], "the second page")
    known, twitter = old.ask("SELECT id, twitter_id FROM users WHERE twitter_id = 'Handle2'").split("\t")
    expect(f"{known} 50\n", guide.run("user", twitter), "a user")
    guide.run("user", twitter.lower(), code=1)
    expect(known, guide.run("sign-in", twitter, "t", "r").strip(), "a user who signs in again")
    new = guide.run("sign-in", "new", "t", "r").strip()
    guide.run("redirect", page[1])
    one, two, three = guide.run("receive", new, "one", "two", "three").split()
    guide.run("redirect", one)
    expect(True, rows_of(guide, "messages")[one]["redirected"], "a redirected message")
    guide.run("forget", two)
    guide.run("forget", two, code=1)
    guide.run("begin-login", "s1", "v1")
    expect("v1\n", guide.run("finish-login", "s1"), "a state")
    guide.run("finish-login", "s1", code=1)
    if guide.server == "standalone":
        guide.run("reply", one, "an answer", "7", code=1)
        expect(True, "needs a replica set or a file" in guide.errors, guide.errors)
        return
    guide.run("reply", one, "an answer", "7")
    guide.run("reply", one, "again", "7", code=1)
    guide.run("reply", three, "too dear", "44", code=1)
    expect(f"{new} 43\n", guide.run("user", "new"), "a user who was charged once")
    expect(["answered", "pending"], [rows_of(guide, "messages")[name]["status"] for name in (one, three)], "the messages")


def walk(guide, old):
    told = guide.make_old_data("old.sql")
    old.run([old.name], (guide.folder / "old.sql").read_bytes())
    guide.environment.update(OLD_DATABASE_URL=old.url, OLD_TIME_ZONE=ZONE)

    # Look.
    here = guide.environment.get("MONGODB_URI")
    expect(bool(here), "maxPoolSize=20" in guide.run("check-uri"), "the limits of the pool")
    guide.environment["MONGODB_URI"] = "mongodb://api:s3/cret@db1/shop"
    guide.run("check-uri", code=1)
    expect(False, "cret" in guide.errors, "a password is shown")
    guide.environment.pop("MONGODB_URI")
    if here:
        guide.environment["MONGODB_URI"] = here
    seen = guide.run("import", "audit") + guide.run("import", "map")
    guide.run("import", "validate-schema")  # `credits` comes by a later migration, and is said to
    guide.run("import", "check-duplicates", "users", "twitter_id")
    guide.run("import", "check-pk", "oauth_states", code=12)
    seen += guide.run("import", "dry-run") + guide.run("migrate", "plan")
    expect(False, old.secret in seen, "a secret is shown")
    expect("users 0, messages 0, oauth_states 0\n", guide.run("count"), "after a dry run")

    # Killed half-way, and then run as if nothing had happened.
    guide.run("migrate", "to", "2026_07_01_indexes", "--quiet")
    guide.kill_when(lambda: number(guide.run("count"), r"messages (\d+)") > 40,
                    "import", "import", "--all", "--yes", "--batch-size", "10", "--throttle", "80")
    half = number(guide.run("count"), r"messages (\d+)")
    expect(True, 40 < half < 380, f"{half} messages when it was killed")
    guide.run("migrate", "to", "2026_07_02_from_mysql", "--quiet")
    zero = int(old.ask("SELECT count(*) FROM messages WHERE unix_timestamp(timestamp) IS NULL OR timestamp = 0"))
    expect(f"users {told['rows']['users']}, messages {told['rows']['messages'] - zero}, oauth_states 38\n", guide.run("count"), "the import")

    # Rows that were put aside are mended where they are, and tried again (a state without a key fails again);
    # what changed comes with a later pass.
    old.ask("UPDATE messages SET timestamp = created_at WHERE month(timestamp) = 0")
    guide.run("import", "retry-rejects", "--most-rejects", "0", code=40)
    old.ask("UPDATE messages SET text = 'changed' ORDER BY id LIMIT 1")
    old.ask("INSERT INTO users VALUES (uuid(), 'late', 't', 'r', NULL, now(), NULL)")
    guide.run("import", "import", "--all", "--yes")
    compare(guide, old)
    spot_checks(guide, old)
    guide.run("import", "verify", "--level", "sample")
    guide.run("import", "verify", "--full")
    old_sums = old.ask("CHECKSUM TABLE " + ", ".join(TABLES))

    # The move is over: the next version of users, and requests.
    guide.run("migrate", "up", "--quiet")
    expect({(2, 50)}, {(row["_v"], row["credits"]) for row in rows_of(guide, "users").values()}, "users of version 2")
    requests(guide, old)

    # Back: what came goes. What the API made, saved or changed stays; what it changed is told.
    guide.run("migrate", "down", "-n", "1", "--yes", "--quiet")
    guide.run("import", "rollback", "--yes", code=40)
    guide.run("import", "rollback", "--edited", "keep", "--yes")
    expect("users 2, messages 3, oauth_states 0\n", guide.run("count"), "what stays")
    expect(old_sums, old.ask("CHECKSUM TABLE " + ", ".join(TABLES)), "the old database")


def main():
    guide = Guide("api")
    old = Old(guide)
    try:
        walk(guide, old)
    finally:
        old.drop()


main()
