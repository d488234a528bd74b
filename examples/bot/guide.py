"""Walks through docs/example-bot.md: audit, dry run, import that is killed, verification, a later pass, the way back."""
import collections
import json
import pathlib
import sqlite3
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from guide import Guide, expect, number  # noqa: E402

KINDS = {"join": "join", "joined": "join", "leave": "leave", "left": "leave", "move": "move", "moved": "move"}


def text_of(value):
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("windows-1252")


def expected_documents(db):
    """By Python alone, from SQLite: what the import has to leave."""
    servers = sorted(str(row[0]) for row in db.execute("SELECT server_id FROM servers"))
    links, voices = [], set()
    for guild, text, voice, role in db.execute(
            "SELECT guild_id, text_channel_id, voice_channel_id, role_id FROM channel_links ORDER BY id"):
        if guild is None or voice in voices:
            continue
        voices.add(voice)
        links.append((str(guild), str(text), str(voice), None if role is None else str(role)))
    last = {}
    for guild, kind, message in db.execute(
            "SELECT guild_id, type, CAST(message AS BLOB) FROM custom_messages ORDER BY id"):
        kind = kind.strip().lower()
        last[guild, KINDS.get(kind, kind)] = text_of(message or b"")
    messages = [(str(guild), kind, text) for (guild, kind), text in last.items() if kind in KINDS and text.strip(" ")]
    return servers, sorted(links, key=repr), sorted(messages)


def documents(guide):
    servers = sorted(row["server_id"] for row in guide.rows("show", "servers"))
    links = sorted(((row["guild_id"], row["text_channel_id"], row["voice_channel_id"], row.get("role_id"))
                    for row in guide.rows("show", "channel_links")), key=repr)
    messages = sorted((row["guild_id"], row["type"], row["message"]) for row in guide.rows("show", "custom_messages"))
    return servers, links, messages


def compare(guide, db, what):
    for wanted, found, name in zip(expected_documents(db), documents(guide), ("servers", "channel_links", "custom_messages")):
        missing = collections.Counter(wanted) - collections.Counter(found)
        extra = collections.Counter(found) - collections.Counter(wanted)
        expect((0, 0), (len(missing), len(extra)), f"{what}, {name}: missing {list(missing)[:3]}, too many {list(extra)[:3]}")


def main():
    guide = Guide("bot")
    told = guide.make_old_data("bot.db")
    config = guide.folder / "bot.json"
    config.write_text(json.dumps({"uri": "bot.quire", "sqlite": "bot.db", "batch": 20, "rate": 150}))
    db = sqlite3.connect(guide.folder / "bot.db")
    before = (guide.folder / "bot.db").read_bytes()

    guide.run("health", code=1)  # the migrations are pending
    guide.run("import", "audit")
    guide.run("import", "validate-schema")
    guide.run("import", "check-duplicates", "channel_links", "voice_channel_id", code=12)
    guide.run("import", "dry-run")
    guide.run("migrate", "plan")
    expect("servers 0, channel_links 0, custom_messages 0\n", guide.run("count"), "after a dry run")

    # Killed half-way, and then run as if nothing had happened.
    guide.kill_when(lambda: number(guide.run("count"), r"channel_links (\d+)") > 40, "migrate", "up")
    half = number(guide.run("count"), r"channel_links (\d+)")
    expect(True, 40 < half < 380, f"{half} links when it was killed")
    guide.run("health", code=1)
    config.write_text(json.dumps({"uri": "bot.quire", "sqlite": "bot.db"}))
    guide.run("migrate", "up", "--quiet")
    compare(guide, db, "after the import")
    guide.run("health")
    guide.run("import", "verify", "--full")

    # Requests of the bot on its new data.
    voice = db.execute("SELECT voice_channel_id, text_channel_id FROM channel_links WHERE id = 1").fetchone()
    expect(str(voice[1]), guide.run("find", str(voice[0])).split()[0], "a link by its voice channel")
    some = guide.rows("show", "servers")[0]["server_id"]
    expect("known\n", guide.run("add-server", some), "a server that is there")
    expect("added\n", guide.run("add-server", "42"), "a server that is new")
    guide.run("link", "42", "43", "44", "45")
    guide.run("link", "42", "46", "44")
    expect("46 -\n", guide.run("find", "44"), "a link that took another one's place")
    guide.run("message", "42", "join", "hello")
    expect("hello\n", guide.run("message", "42", "join"), "a message")
    guide.run("message", "42", "join", "")
    expect("\n", guide.run("message", "42", "join"), "a message that was taken away")

    # The old bot wrote on: a later pass brings what is new, and nothing twice.
    was = guide.run("count")
    guide.run("import", "--all", "--yes")
    expect(was, guide.run("count"), "a second run")
    with db:
        db.execute("INSERT INTO servers VALUES (9007199254740993)")
        db.execute("INSERT INTO channel_links VALUES (100001, 9007199254740993, 1, 9223372036854775807, NULL)")
        db.execute("UPDATE custom_messages SET message = 'new' WHERE id = (SELECT max(id) FROM custom_messages WHERE type = 'join')")
    guide.run("import", "--all", "--yes")
    expect("1 -\n", guide.run("find", "9223372036854775807"), "the largest number that SQLite has")
    guide.run("import", "verify", "--full")

    # Back: exactly what came from SQLite goes, what the bot made itself stays.
    guide.run("migrate", "down", "-n", "1", "--yes", "--quiet")
    expect("servers 1, channel_links 1, custom_messages 0\n", guide.run("count"), "after the way back")
    guide.run("migrate", "up", "--quiet")
    expect(told["rows"]["servers"] + 2, number(guide.run("count"), r"servers (\d+)"), "servers after coming again")
    db.close()
    expect("ok", sqlite3.connect(guide.folder / "bot.db").execute("PRAGMA integrity_check").fetchone()[0], "the old file")


main()
