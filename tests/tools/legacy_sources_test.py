"""tools/legacy_sources.py: the same seed gives the same bytes, and what it prints is what it made."""
import contextlib
import json
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import unittest

PROGRAM = pathlib.Path(__file__).resolve().parents[2] / "tools" / "legacy_sources.py"
ENDS = {"bot": ".sql", "chat": "", "api": ".sql", "moderation": ".sql"}


def make(case, out, *options):
    return json.loads(subprocess.check_output([sys.executable, PROGRAM, case, "--out", out, *options]))


def bytes_of(path):
    if path.is_file():
        return path.read_bytes()
    return {str(one.relative_to(path)): one.read_bytes() for one in path.rglob("*") if one.is_file()}


class LegacySources(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_a_seed_tells_each_byte(self):
        for case, end in ENDS.items():
            with self.subTest(case):
                paths = [self.folder / f"{case}{number}{end}" for number in range(3)]
                for path, seed in zip(paths, ("7", "7", "8")):
                    make(case, path, "--seed", seed)
                self.assertEqual(bytes_of(paths[0]), bytes_of(paths[1]))
                self.assertNotEqual(bytes_of(paths[0]), bytes_of(paths[2]))

    def test_tables_hold_what_is_printed(self):
        path = self.folder / "bot.db"
        told = make("bot", path, "--rows", "1000")
        with contextlib.closing(sqlite3.connect(path)) as db:
            for table, rows in told["rows"].items():
                self.assertEqual(db.execute(f"SELECT count(*) FROM {table}").fetchone(), (rows,))
            twice = "SELECT count(*) - count(DISTINCT voice_channel_id) FROM channel_links"
            self.assertEqual(db.execute(twice).fetchone(), (told["dirt"]["voice_channel_id twice"],))
            self.assertEqual(db.execute("SELECT min(server_id % 2), min(server_id) > 1 << 53 FROM servers").fetchone(), (1, 1))

    def test_files_hold_what_is_printed(self):
        told = make("chat", self.folder / "chat")
        bad = 0
        for path in (self.folder / "chat").rglob("*.json"):
            try:
                json.loads(path.read_bytes())
            except ValueError:
                bad += 1
        dirt = told["dirt"]
        self.assertEqual(bad, dirt["conversation that is cut off"] + dirt["conversation that is not UTF-8"] +
                         dirt["memories of no bytes"])

    def test_what_is_there_stays(self):
        path = self.folder / "bot.db"
        path.write_text("mine")
        self.assertNotEqual(subprocess.run([sys.executable, PROGRAM, "bot", "--out", path], stderr=subprocess.DEVNULL).returncode, 0)
        self.assertEqual(path.read_text(), "mine")


if __name__ == "__main__":
    unittest.main()
