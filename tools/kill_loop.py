#!/usr/bin/env python3
"""Kills a writing program with SIGKILL at random moments and compares the file with what it had acknowledged.

The file and the acknowledgements live on from round to round, so each round also starts from a recovered file.
Usage: kill_loop.py --writer PROGRAM --rounds N [--seed N] [--dir DIR]
PROGRAM write FILE SEED prints acknowledgements; PROGRAM verify FILE ACKS compares and exits with 0.
"""
import argparse
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

parser = argparse.ArgumentParser()
parser.add_argument("--writer", required=True)
parser.add_argument("--rounds", type=int, required=True)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--dir", type=pathlib.Path)
options = parser.parse_args()

folder = pathlib.Path(tempfile.mkdtemp(prefix="quire-kill-", dir=options.dir))
file = folder / "crash.quire"
acks = folder / "acknowledged.txt"
moments = random.Random(options.seed)
for number in range(1, options.rounds + 1):
    with open(acks, "ab") as out:
        # Each round begins on a line of its own, should the last one have been cut.
        writer = subprocess.Popen([options.writer, "write", str(file), str(options.seed * 100000 + number)], stdout=out)
        time.sleep(moments.choice([0.02, 0.1, 0.2, 0.4, 0.6, 1.0]) * moments.uniform(0.5, 1.5))
        if writer.poll() is not None:
            sys.exit(f"round {number}: the writer ended by itself with {writer.returncode}; files in {folder}")
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    result = subprocess.run([options.writer, "verify", str(file), str(acks)], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"round {number} (seed {options.seed}):\n{result.stderr}{result.stdout}files are kept in {folder}")
    if number % 10 == 0 or number == options.rounds:
        print(f"{number} kills: {result.stdout.strip()}", flush=True)
shutil.rmtree(folder)
print(f"{options.rounds} kills survived, nothing acknowledged was lost")
