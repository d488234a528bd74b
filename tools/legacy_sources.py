#!/usr/bin/env python3
"""Makes the old data of the examples, with the dirt that such data has. The same seed gives the same bytes.

Usage: tools/legacy_sources.py CASE --out PATH [--rows N] [--seed S]

bot         an SQLite file (with WAL), or its SQL where PATH ends in .sql: servers, channel_links, custom_messages
chat        a folder of JSON files: conversations/ID.json with the messages inside, memories/USER.json
api         SQL for MySQL and MariaDB: users, messages, oauth_states
moderation  SQL for PostgreSQL: "Guild", "GuildConfig", "Case", "Snippet", "Reminder", "AFKModel", "Levels", "Starboard",
            "StarboardMessage", "Note"

--rows N    of the largest table (of chat: messages); the others are a part of it. Default 400, at least 100.
--seed S    default 1

Prints one line of JSON: what each table holds ("rows"), and how often each kind of dirt is in it ("dirt"). SQL comes in
one transaction where the database has that for CREATE TABLE; it is for an empty database.
"""
import argparse
import collections
import contextlib
import datetime
import json
import pathlib
import random
import sqlite3
import sys

sys.dont_write_bytecode = True  # the folder stays as it is
import legacy_server_sources

WORDS = ("rain", "harbour", "ticket", "night", "orange", "server", "quiet", "bridge", "letter", "music", "garden", "winter",
         "signal", "paper", "river", "copper", "lamp", "window", "market", "stone", "Grüße", "naïve", "東京", "🎉", "it's",
         'say "hi"', "back\\slash", "50%", "two\nlines")
FIRST_DAY = datetime.datetime(2023, 1, 1)


class Draw:
    """Random values by random() alone, whose results no release of Python changes; and what was drawn."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.flakes = 0
        self.rows = collections.Counter()
        self.dirt = collections.Counter()

    def below(self, n):
        return int(self.random.random() * n)

    def one_of(self, values):
        return values[self.below(len(values))]

    def chance(self, percent):
        return self.random.random() * 100 < percent

    def text(self, most=12):
        return " ".join(self.one_of(WORDS) for _ in range(1 + self.below(most)))

    def flake(self):
        """A snowflake: unique, odd and beyond 2^53, so that no double holds it."""
        self.flakes += 1
        return (270_000_000_000 + self.flakes * 97_003 << 22) | self.below(1 << 22) | 1

    def uuid(self):
        digits = "%032x" % ((self.below(1 << 32) << 96) | (self.below(1 << 32) << 64) | (self.below(1 << 32) << 32) |
                            self.below(1 << 32))
        return "-".join((digits[:8], digits[8:12], "4" + digits[13:16], "a" + digits[17:20], digits[20:]))

    def time(self, after=None):
        return (after or FIRST_DAY) + datetime.timedelta(seconds=1 + self.below(40 * 86400 if after else 500 * 86400))

    def note(self, kind):
        self.dirt[kind] += 1


class Sql:
    """INSERT statements of many rows in a dialect."""

    def __init__(self, out, dialect, draw):
        self.out, self.dialect, self.draw = out, dialect, draw
        self.table, self.lines = None, []

    def literal(self, value):
        if value is None:
            return "NULL"
        if isinstance(value, bool):
            return ("false", "true")[value] if self.dialect == "postgresql" else str(int(value))
        if isinstance(value, (int, float)):
            return repr(value)
        if isinstance(value, bytes):
            return f"CAST(X'{value.hex()}' AS TEXT)"
        if isinstance(value, list):
            return "'{" + ",".join(str(one) for one in value) + "}'"
        text = value.strftime("%Y-%m-%d %H:%M:%S") if isinstance(value, datetime.datetime) else value
        if self.dialect == "mysql":
            text = text.replace("\\", "\\\\")
        return "'" + text.replace("'", "''") + "'"

    def row(self, table, *values):
        if table != self.table or len(self.lines) == 500:
            self.flush()
        self.table = table
        self.draw.rows[table] += 1
        self.lines.append("(" + ", ".join(self.literal(value) for value in values) + ")")

    def flush(self):
        if self.lines:
            quote = '"' if self.dialect == "postgresql" else ""
            self.out.write(f"INSERT INTO {quote}{self.table}{quote} VALUES\n" + ",\n".join(self.lines) + ";\n")
        self.lines = []

    def text(self, statement):
        self.flush()
        self.out.write(statement + "\n")


BOT = """BEGIN;
CREATE TABLE servers(server_id INTEGER PRIMARY KEY);
CREATE TABLE channel_links(id INTEGER PRIMARY KEY, guild_id INTEGER, text_channel_id INTEGER, voice_channel_id INTEGER,
  role_id INTEGER);
CREATE TABLE custom_messages(id INTEGER PRIMARY KEY, guild_id INTEGER, type TEXT, message TEXT);"""


def make_bot(draw, sql, rows):
    sql.text(BOT)
    guilds = [draw.flake() for _ in range(rows // 4)]
    for guild in guilds:
        sql.row("servers", guild)
    voices = []
    for number in range(1, rows + 1):
        guild, voice, role = draw.one_of(guilds), draw.flake(), draw.flake() if draw.chance(60) else None
        if number % 50 == 17:
            voice = draw.one_of(voices)
            draw.note("voice_channel_id twice")
        elif number % 50 == 29:
            guild = draw.flake()
            draw.note("link of a server that is gone")
        elif number % 100 == 41:
            guild = None
            draw.note("link without guild_id")
        else:
            voices.append(voice)
        sql.row("channel_links", number, guild, draw.flake(), voice, role)
    pairs = [(guild, kind) for guild in guilds for kind in ("join", "leave", "move")]
    seen = []
    for number in range(1, rows // 2 + 1):
        at = draw.below(len(pairs))
        pairs[at], pairs[-1] = pairs[-1], pairs[at]
        guild, kind = pairs.pop()
        message = draw.text()
        if number % 25 == 7:
            guild, kind = draw.one_of(seen)
            draw.note("(guild_id, type) twice")
        elif number % 25 == 11:
            guild, kind = draw.one_of(seen)
            kind = kind.upper() + " "
            draw.note("(guild_id, type) twice in another writing")
        elif number % 25 == 13:
            message = draw.one_of(("", "  ", None))
            draw.note("empty message")
        elif number % 25 == 19:
            kind = {"join": "joined", "leave": "left", "move": "moved"}[kind]
            draw.note("type by an old name")
        elif number % 100 == 23:
            kind = "boost"
            draw.note("type that is unknown")
        elif number % 100 == 46:
            message = "caf\xe9".encode("latin1")
            draw.note("message that is not UTF-8")
        else:
            seen.append((guild, kind))
        sql.row("custom_messages", number, guild, kind, message)
    sql.text("COMMIT;")


def stamp(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def make_chat(draw, folder, rows):
    def write(name, content):
        data = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False, indent=1).encode()
        (folder / name).write_bytes(data)
        draw.rows[name.split("/")[0] + " (files)"] += 1

    for name in ("conversations", "memories"):
        (folder / name).mkdir(parents=True)
    users = [f"user-{number}" for number in range(1, rows // 40 + 2)]
    left, number, whole = rows, 0, []
    while left > 0:
        number += 1
        size = min(left, 1 + draw.below(15))
        left -= size
        begun = at = draw.time()
        messages = []
        for place in range(size):
            at += datetime.timedelta(seconds=draw.below(90))  # two may bear one second: their order is that of the file
            messages.append({"role": ("user", "assistant")[place % 2], "content": draw.text(30), "timestamp": stamp(at)})
        name = draw.uuid()
        chat = {"id": name, "user_id": draw.one_of(users), "title": draw.text(4), "created_at": stamp(begun),
                "updated_at": stamp(at), "messages": messages}
        content = json.dumps(chat, ensure_ascii=False, indent=1).encode()
        if number % 20 == 5:
            content = content[:len(content) * 2 // 3].decode("utf-8", "ignore").encode()
            draw.note("conversation that is cut off")
        elif number % 40 == 9:
            content = dict(chat, messages="none")
            draw.note("messages of a wrong type")
        elif number % 40 == 13:
            content = [chat]
            draw.note("conversation in an array")
        elif number % 40 == 29:
            content = content.replace(b'"title": "', b'"title": "\xe9t\xe9 ')
            draw.note("conversation that is not UTF-8")
        elif number % 40 == 33:
            messages[-1]["role"] = None
            content = chat
            draw.note("message without a role")
        elif number % 40 == 37 and whole:
            content = draw.one_of(whole)
            draw.note("conversation in two files")
        else:
            whole.append(chat)
            draw.rows["conversations (whole)"] += 1
            draw.rows["messages (of whole ones)"] += size
        write(f"conversations/{name}.json", content)
    for number, user in enumerate(users, 1):
        memories = [{"id": draw.uuid(), "text": draw.text(), "importance": draw.below(11), "created_at": stamp(draw.time())}
                    for _ in range(draw.below(6))]
        content = {"user_id": user, "memories": memories}
        if number % 10 == 4:
            content = b""
            draw.note("memories of no bytes")
        elif number % 10 == 7:
            memories.append({"text": 7, "importance": "high"})
            draw.note("memory of wrong types")
        else:
            draw.rows["memories (of whole files)"] += len(memories)
        write(f"memories/{user}.json", content)
    (folder / "conversations" / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    (folder / "README.txt").write_text("one file a conversation\n")


def write_sql(case, path, draw, rows):
    dialect, make = {"bot": ("sqlite", make_bot), "api": ("mysql", legacy_server_sources.make_api),
                     "moderation": ("postgresql", legacy_server_sources.make_moderation)}[case]
    with open(path, "w", encoding="utf-8") as out:
        make(draw, Sql(out, dialect, draw), rows)


def main():
    parser = argparse.ArgumentParser(description="Makes the old data of the examples.")
    parser.add_argument("case", choices=("bot", "chat", "api", "moderation"))
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if given.rows < 100:
        parser.error("--rows: 100 or more, so that each kind of dirt is there")
    if given.out.exists():
        sys.exit(f"{given.out} is there already: remove it, or name another")
    draw = Draw(given.seed)
    if given.case == "chat":
        make_chat(draw, given.out, given.rows)
    elif given.case == "bot" and given.out.suffix != ".sql":
        text = given.out.with_name(given.out.name + ".part.sql")
        write_sql("bot", text, draw, given.rows)
        with contextlib.closing(sqlite3.connect(given.out)) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(text.read_text(encoding="utf-8"))
        text.unlink()
    else:
        write_sql(given.case, given.out, draw, given.rows)
    print(json.dumps({"case": given.case, "seed": given.seed, "rows": draw.rows, "dirt": draw.dirt}))


if __name__ == "__main__":
    main()
