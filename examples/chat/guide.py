"""Walks through docs/example-chat.md: copy, inspection, dry run, import that is killed, checks, repair, requests, the way back."""
import filecmp
import json
import pathlib
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from guide import Guide, expect, number  # noqa: E402


def documents_in(folder):
    """The files of a folder by path that are JSON objects, with their content."""
    for path in sorted(folder.glob("*.json"), key=lambda path: path.name.encode()):
        if path.name.startswith("."):
            continue
        try:
            content = json.loads(path.read_bytes())
        except ValueError:
            continue
        if isinstance(content, dict):
            yield content


def expected_documents(folder):
    """By Python alone, from the files: what the import has to leave."""
    conversations, messages, memories = {}, {}, {}
    for one in documents_in(folder / "conversations"):
        if not isinstance(one["messages"], list):
            continue
        conversations.setdefault(one["id"], (one["user_id"], one["title"], one["created_at"], one["updated_at"], len(one["messages"])))
        for position, message in enumerate(one["messages"], 1):
            if message["role"] in ("user", "assistant"):
                messages.setdefault((one["id"], position), (message["role"], message["content"], message["timestamp"]))
    for one in documents_in(folder / "memories"):
        for memory in one["memories"]:
            if "id" in memory:
                memories[memory["id"]] = (one["user_id"], memory["text"], memory["importance"], memory["created_at"])
    return conversations, messages, memories


def time(value):
    return value["$date"].replace(".000Z", "Z")


def documents(guide):
    conversations = {row["_id"]: (row["user_id"], row["title"], time(row["created_at"]), time(row["updated_at"]), row["message_count"])
                     for row in guide.rows("show", "conversations")}
    messages = {(row["conversation_id"], row["position"]): (row["role"], row["content"], time(row["created_at"]))
                for row in guide.rows("show", "messages")}
    memories = {row["_id"]: (row["user_id"], row["text"], row["importance"], time(row["created_at"]))
                for row in guide.rows("show", "memories")}
    return conversations, messages, memories


def compare(guide, folder, what):
    for wanted, found, name in zip(expected_documents(folder), documents(guide), ("conversations", "messages", "memories")):
        expect(sorted(wanted), sorted(found), f"{what}, ids of {name}")
        for key, value in wanted.items():
            expect(value, found[key], f"{what}, {name} {key}")


def main():
    guide = Guide("chat")
    told = guide.make_old_data("chat")
    folder, dirt = guide.folder / "chat", told["dirt"]
    config = guide.folder / "chat.json"
    config.write_text(json.dumps({"uri": "chat.quire", "rate": 100, "pool": 5, "slow_ms": 0}))

    guide.run("backup")
    found = guide.run("inspect", code=1)
    invalid = sum(dirt.values()) - dirt["conversation in two files"] - dirt["memory of wrong types"]
    expect(invalid, number(found, r"invalid (\d+)"), "invalid files")
    expect(True, bool(re.search(r"\.json:\d+:\d+: a byte that is not UTF-8", found)), "the place of a fault")
    guide.run("import", "validate-schema")
    guide.run("import", "dry-run")
    expect("conversations 0, messages 0, orphans 0, incomplete 0\n", guide.run("integrity"), "after a dry run")

    # Killed half-way, and then run as if nothing had happened.
    guide.kill_when(lambda: number(guide.run("integrity", code=None), r"messages (\d+)") > 60,
                    "--batch-size", "15", "migrate", "up")
    half = number(guide.run("integrity", code=1), r"messages (\d+)")
    expect(True, 60 < half < 320, f"{half} messages when it was killed")
    guide.run("health", code=1)
    config.write_text(json.dumps({"uri": "chat.quire", "pool": 5, "slow_ms": 0}))
    guide.run("migrate", "up", "--quiet")
    compare(guide, folder, "after the import")
    guide.run("import", "verify", "--full")
    expect(1, number(guide.run("integrity", code=1), r"incomplete (\d+)"), "conversations that lack a message")

    # A file is repaired, and comes with the next run.
    for path in sorted((folder / "conversations").glob("*-*.json")):
        text = path.read_bytes()
        if b'"role": null' in text:
            path.write_bytes(text.replace(b'"role": null', b'"role": "user"'))
    guide.run("import", "--all", "--yes", "--skip-validation", "--batch-size", "50")
    compare(guide, folder, "after the repair")
    guide.run("integrity")

    # Requests of the service on its new data.
    conversations, messages, memories = documents(guide)
    user = next(iter(conversations.values()))[0]
    newest = sorted((value[3], key) for key, value in conversations.items() if value[0] == user)[::-1]
    listed = [line.split()[0] for line in guide.run("list", user).splitlines() if re.match(r"[0-9a-f]{8}-", line)]
    expect([key for _, key in newest], listed, "conversations, newest first")
    oldest = newest[-1][1]
    position = conversations[oldest][4] + 1
    expect(f"{position}\n", guide.run("append", oldest, "assistant", "at last"), "the position of a new message")
    expect(True, guide.run("list", user).startswith(oldest), "it is the newest now")
    expect(True, guide.run("read", oldest).endswith(f"{position} assistant: at last\n"), "the order of messages")
    guide.run("append", "nobody", "user", "hello", code=1)
    expect("3 batches\n", guide.run("remember", user, *[f"Number (.*) {n}" for n in range(250)]), "a buffer of 100")
    expect(250, len(guide.run("search", user, "nUMBER (.*)").splitlines()), "memories by a text")
    seen = guide.run("session", user)
    expect(True, '"collection": "messages"' in seen and "user_id_1_updated_at_-1" in seen, "what was seen")
    expect(True, "slow find" in guide.errors, "the slow log")
    health = json.loads(guide.run("health"))
    expect((True, 0, 5 if guide.server else 0),
           (health["ok"], health["pending_migrations"], health["store"]["pool"]["limit"]), "health")

    # Back: what came from the files goes, what the service made itself stays; and the files as they were.
    guide.run("migrate", "down", "-n", "1", "--yes", "--quiet")
    back = documents(guide)
    expect((0, 2, 250), tuple(len(one) for one in back), "after the way back")
    guide.run("restore", "again")
    copy = filecmp.dircmp(guide.folder / "again" / "memories", folder / "memories")
    expect(([], [], []), (copy.left_only, copy.right_only, copy.diff_files), "the restored files")


main()
