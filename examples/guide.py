"""What the guides of the examples share: a program in a scratch folder, on an embedded file or on a test server.

Usage of a guide: guide.py PROGRAM [--servers FILE --server NAME] [--databases FILE]
Each step of a page is run as a person would run it, and what it leaves is compared with the old data.
"""
import argparse
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


class Guide:
    def __init__(self, name):
        parser = argparse.ArgumentParser()
        parser.add_argument("program", type=pathlib.Path)
        parser.add_argument("--servers", type=pathlib.Path)
        parser.add_argument("--server")
        parser.add_argument("--databases", type=pathlib.Path)
        given = parser.parse_args()
        self.program, self.server, self.name = given.program.resolve(), given.server, name
        self.scratch = tempfile.TemporaryDirectory(prefix=f"quire-{name}-")
        self.folder = pathlib.Path(self.scratch.name)
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("MONGODB_")}
        if given.server:
            servers = json.loads(given.servers.read_text()) if given.servers.exists() else {}
            if given.server not in servers:
                print(f'SKIPPED: no server "{given.server}" was started')
                sys.exit(0)
            alike = [uri for key, uri in servers.items() if key.rstrip("_0123456789") == given.server]
            self.environment["MONGODB_URI"] = alike[os.getpid() % len(alike)]
            self.environment["MONGODB_DATABASE"] = f"{name}_{os.getpid()}"
        self.databases = {}
        if given.databases and given.databases.exists():
            self.databases = json.loads(given.databases.read_text())

    def needs_database(self, kind):
        if kind not in self.databases:
            print(f"SKIPPED: {self.databases.get(kind + '_missing', f'no {kind} was started')}")
            sys.exit(0)

    def make_old_data(self, out, *options):
        """Gives what the generator says of it."""
        command = [sys.executable, ROOT / "tools" / "legacy_sources.py", self.name, "--out", self.folder / out, *options]
        return json.loads(subprocess.check_output(command))

    def run(self, *words, code=0):
        """Standard output of a command that ends with this exit code; None: with any."""
        done = subprocess.run([self.program, *words], cwd=self.folder, env=self.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=200)
        self.errors = done.stderr
        if code is not None and done.returncode != code:
            raise SystemExit(f"{' '.join(words)}: ended with {done.returncode}, not {code}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def rows(self, *words):
        """What a command prints, a document a line."""
        return [json.loads(line) for line in self.run(*words).splitlines()]

    def kill_when(self, is_time, *words):
        """Starts a command and kills it as soon as is_time() says so."""
        running = subprocess.Popen([self.program, *words], cwd=self.folder, env=self.environment,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not is_time():
            if running.poll() is not None:
                raise SystemExit(f"{' '.join(words)}: ended with {running.returncode} before it could be killed")
            time.sleep(0.02)
        running.send_signal(signal.SIGKILL)
        running.wait()


def expect(wanted, found, what):
    if wanted != found:
        raise SystemExit(f"{what}: expected {wanted!r}, found {found!r}")


def number(text, pattern):
    """The number that the pattern's group takes of a text."""
    found = re.search(pattern, text)
    if not found:
        raise SystemExit(f"no {pattern!r} in:\n{text}")
    return int(found[1])
