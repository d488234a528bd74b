#!/usr/bin/env python3
"""Runs driver tests on servers of their own: fail points and killAllSessions hold for a whole server, and most of the time
of these tests is the driver's half second between two looks at a server that it has lost.

Usage: tools/unified_servers.py N PROGRAM ARGUMENT...     PROGRAM: quire_unified with its arguments, but for --uri and --part

Starts N replica sets of SecantusDB, gives each every Nth test, prints what the N runs print about tests, and the sums:
"P passed, F failed, S skipped". Exit status: 1 when a test failed, 77 (skipped) where SecantusDB is not installed or the
path is absent.
"""
import collections
import ctypes
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

import servers


def end_with_parent():
    """A time limit kills this script: the servers go with it."""
    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def start(folder, port):
    storage = folder / str(port)
    storage.mkdir()
    with open(folder / f"{port}.log", "ab") as log:
        return subprocess.Popen([str(servers.VENV / "bin" / "secantusd-py"), "--host", "127.0.0.1", "--port", str(port),
                                 "--storage-path", str(storage), "--cache-size", "64M", "--enable-test-commands", "--log-level",
                                 "ERROR"], stdout=log, stderr=log, stdin=subprocess.DEVNULL, preexec_fn=end_with_parent)


def run(n, program, folder):
    ports = servers.free_ports(n)
    running = [start(folder, port) for port in ports]
    tests = []
    try:
        for port, process in zip(ports, running):
            servers.wait_until_it_listens(port, process, str(port), folder)
        for i, port in enumerate(ports):
            tests.append(subprocess.Popen([*program, "--uri", f"mongodb://127.0.0.1:{port}/", "--part", f"{i}/{n}"],
                                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                          preexec_fn=end_with_parent))
        outputs = [test.communicate()[0] for test in tests]
    finally:
        for process in [*tests, *running]:
            if process.poll() is None:
                process.terminate()
        for process in [*tests, *running]:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
    return outputs, [test.returncode for test in tests]


def add_up(outputs):
    """Lines about single tests as they are; counts of files, folders and reasons added up."""
    folders = collections.defaultdict(lambda: [0, 0, 0, 0])
    reasons = collections.Counter()
    total = [0, 0, 0]
    for output in outputs:
        for line in output.splitlines():
            if found := re.fullmatch(r"(\d+) passed, (\d+) failed, (\d+) skipped", line):
                total = [a + int(b) for a, b in zip(total, found.groups())]
            elif found := re.fullmatch(r"(\S+): (\d+) passed \((\d+) with the commands sent\), (\d+) failed, (\d+) skipped", line):
                folders[found[1]] = [a + int(b) for a, b in zip(folders[found[1]], found.groups()[1:])]
            elif found := re.fullmatch(r" {2}\s*(\d+)  (\S.*)", line):
                reasons[found[2]] += int(found[1])
            elif line and not re.search(r"\d passed +\d+ failed +\d+ skipped$", line) and "WARNING:" not in line:
                print(line)
    for name, (passed, compared, failed, skipped) in sorted(folders.items()):
        print(f"\n{name}: {passed} passed ({compared} with the commands sent), {failed} failed, {skipped} skipped")
    for reason, count in reasons.most_common():
        print(f"  {count:5}  {reason}")
    print("{} passed, {} failed, {} skipped".format(*total))


def main():
    if len(sys.argv) < 3 or not sys.argv[1].isdigit() or sys.argv[1] == "0":
        sys.exit(__doc__)
    if not (servers.VENV / "bin" / "secantusd-py").exists():
        print(f"no SecantusDB in {servers.VENV}; `tools/servers.py install` brings it")
        return 77
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
    with tempfile.TemporaryDirectory(prefix="quire-unified-", ignore_cleanup_errors=True) as folder:
        outputs, statuses = run(int(sys.argv[1]), sys.argv[2:], pathlib.Path(folder))
    add_up(outputs)
    # A run that has ended in the midst tells no count.
    broken = [status for status in statuses if status not in (0, 1)]
    return broken[0] if broken else max(statuses)


sys.exit(main())
