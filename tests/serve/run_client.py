#!/usr/bin/env python3
"""Runs a client of others on `quire serve`. Usage: run_client.py pymongo|mongosh|dump QUIRE_TOOL

pymongo: pymongo_client.py with the Python of $QUIRE_SERVER_VENV (default build/server-venv).
mongosh: mongosh_client.js with $QUIRE_MONGOSH or `mongosh` on the PATH; its output must be mongosh_client.expected.
dump: mongodb-snapshot-read and -write of the npm package @apostrophecms/mongodb-snapshot, in $QUIRE_SNAPSHOT_TOOLS or
    on the PATH, restore dump_client.snapshot, dump that, restore it elsewhere and dump it again: always the same.
Exits with 77 where the client is not installed.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def skip(why):
    print(f"SKIPPED: {why}")
    sys.exit(77)


class Served:
    """One `quire serve` on a file of its own, ended by its process id."""

    def __init__(self, tool, folder, *options):
        self.process = subprocess.Popen([tool, "serve", os.path.join(folder, "a.quire"), "--port", "0", *options],
                                        stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()
        self.uri = self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(30) != 0:
            sys.exit(f"quire serve ended with {self.process.returncode}")


def pymongo(tool, folder):
    venv = pathlib.Path(os.environ.get("QUIRE_SERVER_VENV", ROOT / "build" / "server-venv"))
    python = venv / "bin" / "python"
    if not python.exists() or subprocess.run([python, "-c", "import pymongo"], stderr=subprocess.DEVNULL).returncode != 0:
        skip(f"no pymongo in {venv}; tools/servers.py install makes it")
    users = os.path.join(folder, "users.json")
    subprocess.run([tool, "serve", "--add-user", "ada", "--users", users, "--quiet"], input="p@ss/word:1\n", text=True, check=True)
    for options in ([], ["--users", users]):
        with tempfile.TemporaryDirectory() as own, Served(tool, own, *options) as server:
            uri = server.uri.replace("://", "://ada:p%40ss%2Fword%3A1@") if options else server.uri
            if subprocess.run([python, HERE / "pymongo_client.py", uri]).returncode != 0:
                sys.exit(f"pymongo_client.py failed ({' '.join(options) or 'no login'})")


def mongosh(tool, folder):
    shell = os.environ.get("QUIRE_MONGOSH") or shutil.which("mongosh")
    if not shell:
        skip("mongosh is not installed; npm install mongosh and set QUIRE_MONGOSH")
    with Served(tool, folder) as server:
        done = subprocess.run([shell, "--quiet", "--norc", server.uri, str(HERE / "mongosh_client.js")], text=True,
                              stdout=subprocess.PIPE, env={**os.environ, "HOME": folder}, timeout=150)
    expected = (HERE / "mongosh_client.expected").read_text()
    if done.returncode != 0 or done.stdout != expected:
        sys.exit(f"mongosh ended with {done.returncode}\nexpected:\n{expected}\nprinted:\n{done.stdout}")


def dump(tool, folder):
    where = os.environ.get("QUIRE_SNAPSHOT_TOOLS")
    read, write = (shutil.which(f"mongodb-snapshot-{name}", path=where) for name in ("read", "write"))
    if not read or not write:
        skip("mongodb-snapshot is not installed; npm install @apostrophecms/mongodb-snapshot and set QUIRE_SNAPSHOT_TOOLS")
    source = HERE / "dump_client.snapshot"
    for name in ("first", "second"):
        own, target = os.path.join(folder, name), os.path.join(folder, name + ".snapshot")
        os.mkdir(own)
        with Served(tool, own) as server:
            uri = server.uri.replace("/?", "/shop?")
            subprocess.run([read, f"--from={source}", f"--to={uri}"], check=True, timeout=60)
            subprocess.run([write, f"--from={uri}", f"--to={target}"], check=True, timeout=60)
        dumped, expected = pathlib.Path(target).read_text(), (HERE / "dump_client.snapshot").read_text()
        if dumped != expected:
            sys.exit(f"the {name} dump differs\nexpected:\n{expected}\ndumped:\n{dumped}")
        source = target


def main():
    clients = {"pymongo": pymongo, "mongosh": mongosh, "dump": dump}
    if len(sys.argv) != 3 or sys.argv[1] not in clients:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        clients[sys.argv[1]](sys.argv[2], folder)
    return 0


sys.exit(main())
