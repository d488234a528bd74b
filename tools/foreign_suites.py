#!/usr/bin/env python3
"""Runs test suites that others wrote for MongoDB against `quire serve`.

Usage: tools/foreign_suites.py [--tool PATH] [--folder FOLDER] [--suite NAME]... [--file PATTERN]...

Suites: pymongo (its source distribution has its tests), mongoengine (its source distribution has some of its tests, and
leaves out helpers that others of them need), beanie and mongoose (their packages come without tests: named and skipped). Downloads go to FOLDER (default build/foreign)
and are kept for the next time; each suite has a virtual environment and a new file of its own, served on a free loopback
port. Prints a table in Markdown, file by file, and the reasons of failures and skips with their numbers; writes the same
to FOLDER/SUITE.md, and pytest's output to FOLDER/SUITE/out. Exit code: 0 when all suites ran, 1 when one could not be run.
"""
import argparse
import collections
import fnmatch
import os
import pathlib
import re
import signal
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as xml

ROOT = pathlib.Path(__file__).resolve().parent.parent
PYTEST = ["pytest==8.3.5", "pytest-asyncio==0.24.0", "pytest-timeout==2.4.0"]
# Tests of pymongo that talk to a server; the rest tests the driver alone, or needs certificates, DNS, KMS and the like.
PYMONGO_FILES = """bulk change_stream client client_bulk_write collation collection collection_management command_monitoring
    comment common crud_unified crud_v1 cursor custom_types database errors examples grid_file gridfs gridfs_bucket gridfs_spec
    json_util_integration monitoring pooling raw_bson read_concern read_write_concern_spec retryable_reads
    retryable_reads_unified retryable_writes retryable_writes_unified run_command session sessions_unified transactions
    transactions_unified unified_format versioned_api_integration""".split()
SUITES = {
    "pymongo": {"package": "pymongo==4.15.5", "needs": [], "tests": [f"test/test_{name}.py" for name in PYMONGO_FILES]},
    "mongoengine": {"package": "mongoengine==0.29.3", "needs": ["pymongo==4.15.5", "mongomock", "blinker", "Pillow"],
                    "tests": ["tests"]},
    "beanie": {"missing": "the package on PyPI has no tests"},
    "mongoose": {"missing": "the package on npm has no tests"},
}
# What a failure is about, by its message; the first that fits.
REASONS = [
    (r"(collation other than|Collation)", "collations"),
    (r"index of kind|\$text|\$geo|\$near|2dsphere", "text and geographic indexes and operators"),
    (r"\$where|\$function|\$accumulator|mapReduce|map_reduce", "JavaScript"),
    (r"timeseries", "time series collections"),
    (r"snapshot", "read concern snapshot outside of a transaction"),
    (r"clusterTime|operationTime|afterClusterTime|unexpectedly None", "cluster times"),
    (r"No replica set members match|no replica set members", "needs a secondary"),
    (r"writeConcern\.w above|w above 1", "write concerns of more members than there are"),
    (r"is not supported by the embedded store", "other features that the store refuses by name"),
    (r"collection failure", "the distribution leaves out a module that the test file needs"),
    (r"DNS|getaddrinfo|resolution|10gen\.cc", "needs DNS"),
    (r"container|memory_mb", "the machine's environment (the driver's own metadata)"),
    (r"Timeout >|timed out", "timeouts"),
]


def run(*command, **options):
    return subprocess.run([str(one) for one in command], check=True, **options)


def environment(folder, packages):
    """The interpreter of a virtual environment with these packages."""
    python = folder / "venv" / "bin" / "python"
    if not python.exists():
        run(sys.executable, "-m", "venv", folder / "venv")
    run(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages)
    return python


def source(folder, python, package):
    """The unpacked source distribution."""
    name = package.split("==")[0]
    found = sorted(folder.glob(f"sdist/{name}-*/"))
    if found:
        return found[-1]
    run(python, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps", "--no-binary", name, "-d",
        folder / "sdist", package)
    archive = next(folder.glob(f"sdist/{name}-*.tar.gz"))
    with tarfile.open(archive) as tar:
        tar.extractall(folder / "sdist", filter="data")
    return next(folder.glob(f"sdist/{name}-*/"))


class Served:
    """A new file, served on a free port until the end of the block."""

    def __init__(self, tool, file):
        self.tool, self.file = tool, file

    def __enter__(self):
        for old in self.file.parent.glob(self.file.name + "*"):
            old.unlink()
        self.process = subprocess.Popen([self.tool, "serve", self.file, "--port", "0"], stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()
        self.port = re.search(r":(\d+)/", self.process.stdout.readline()).group(1)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def reason(message):
    for pattern, name in REASONS:
        if re.search(pattern, message):
            return name
    return "other: " + message.strip().split("\n")[0][:110]


def results(report):
    """(passed, failed, skipped, Counter of failures' reasons, Counter of skips' reasons) of pytest's report."""
    passed, failures, skips = 0, collections.Counter(), collections.Counter()
    for case in xml.parse(report).getroot().iter("testcase"):
        bad = case.find("failure") if case.find("failure") is not None else case.find("error")
        skip = case.find("skipped")
        if bad is not None:
            failures[reason((bad.get("message") or "") + "\n" + (bad.text or "")[-3000:])] += 1
        elif skip is not None:
            message = re.sub(r"'[^']*'", "…", skip.get("message") or "")
            skips[re.sub(r"^Test\w+ (?=runOn)", "", message)[:90]] += 1
        else:
            passed += 1
    return passed, sum(failures.values()), sum(skips.values()), failures, skips


def run_suite(name, suite, arguments):
    folder = arguments.folder / name
    out = folder / "out"
    out.mkdir(parents=True, exist_ok=True)
    python = environment(folder, [*PYTEST, suite["package"], *suite["needs"]])
    tests = source(folder, python, suite["package"])
    files = [one for one in suite["tests"] if not arguments.file or
             any(fnmatch.fnmatch(one, pattern) for pattern in arguments.file)]
    rows, all_failures, all_skips = [], collections.Counter(), collections.Counter()
    for file in files:
        stem = pathlib.Path(file).stem
        report = out / f"{stem}.xml"
        report.unlink(missing_ok=True)
        with Served(arguments.tool, folder / "served.quire") as served, open(out / f"{stem}.log", "w") as log:
            variables = dict(os.environ, DB_IP="127.0.0.1", DB_PORT=served.port,
                             MONGODB_URI=f"mongodb://127.0.0.1:{served.port}")
            if name == "mongoengine":  # its tests connect to the default port: they take the host from here
                patch_port(tests, served.port)
            try:
                subprocess.run([python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--continue-on-collection-errors", "--timeout", "60", "-o", "addopts=",
                                f"--junitxml={report}", file], cwd=tests, env=variables, stdout=log, stderr=log,
                               timeout=arguments.limit)
            except subprocess.TimeoutExpired:
                pass
        if not report.exists():
            rows.append((stem, "not finished", "", ""))
            continue
        passed, failed, skipped, failures, skips = results(report)
        rows.append((stem, passed, failed, skipped))
        all_failures += failures
        all_skips += skips
        print(f"{name} {stem}: {passed} passed, {failed} failed, {skipped} skipped", file=sys.stderr, flush=True)
    text = [f"### {suite['package'].replace('==', ' ')}", "| file | passed | failed | skipped |", "| --- | ---: | ---: | ---: |"]
    text += [f"| {' | '.join(str(cell) for cell in row)} |" for row in rows]
    numbers = [row for row in rows if row[1] != "not finished"]
    text.append(f"| all | {sum(r[1] for r in numbers)} | {sum(r[2] for r in numbers)} | {sum(r[3] for r in numbers)} |")
    text += ["", "Failures by reason:"] + [f"- {count} {what}" for what, count in all_failures.most_common()]
    text += ["", "Skips by reason:"] + [f"- {count} {what}" for what, count in all_skips.most_common()]
    (arguments.folder / f"{name}.md").write_text("\n".join(text) + "\n")
    print("\n".join(text))


def patch_port(tests, port):
    """MongoEngine's tests connect to the default host and port, which are attributes of pymongo's and its own."""
    (tests / "conftest.py").write_text(
        "from pymongo import MongoClient\nimport mongoengine.connection\n"
        f"MongoClient.HOST, MongoClient.PORT = '127.0.0.1', {port}\n"
        f"mongoengine.connection.DEFAULT_HOST, mongoengine.connection.DEFAULT_PORT = '127.0.0.1', {port}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tool", type=pathlib.Path, default=ROOT / "build" / "tools" / "quire" / "quire")
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "build" / "foreign")
    parser.add_argument("--suite", action="append", choices=SUITES)
    parser.add_argument("--file", action="append", default=[], help="only test files that match this pattern")
    parser.add_argument("--limit", type=int, default=900, help="seconds for one test file")
    arguments = parser.parse_args()
    arguments.tool, arguments.folder = arguments.tool.resolve(), arguments.folder.resolve()
    if not arguments.tool.exists():
        sys.exit(f"there is no {arguments.tool}: build the target quire_tool, or name the tool with --tool")
    failed = False
    for name in arguments.suite or SUITES:
        suite = SUITES[name]
        if "missing" in suite:
            print(f"skipped: {name}: {suite['missing']}")
            continue
        try:
            run_suite(name, suite, arguments)
        except (subprocess.CalledProcessError, StopIteration, OSError) as error:
            print(f"skipped: {name}: cannot be had: {error}")
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
