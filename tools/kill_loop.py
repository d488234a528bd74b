#!/usr/bin/env python3
"""Kills writing programs with SIGKILL at random moments and compares the file with what they had acknowledged.

The file and the acknowledgements live on from round to round, so each round also starts from a recovered file; with
--fresh N a new one is begun each N rounds. With --processes several write to the file at once: sometimes all are killed
together, sometimes one by one, so that those that are left take the file over.
Usage: kill_loop.py --writer PROGRAM --rounds N [--processes N] [--fresh N] [--seed N] [--dir DIR]
PROGRAM write FILE SEED [PROCESS] prints acknowledgements; PROGRAM verify FILE ACKS... compares and exits with 0.
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
parser.add_argument("--processes", type=int, default=1)
parser.add_argument("--fresh", type=int, default=0)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--dir", type=pathlib.Path)
options = parser.parse_args()

folder = pathlib.Path(tempfile.mkdtemp(prefix="quire-kill-", dir=options.dir))
moments = random.Random(options.seed)


def write_and_kill(number, file, acks):
    """Starts the writers, kills them all; the number of kills."""
    writers = []
    for process, path in enumerate(acks):
        command = [options.writer, "write", str(file), str((options.seed * 100000 + number) * len(acks) + process)]
        if options.processes > 1:
            command.append(str(process))
        with open(path, "ab") as out:
            writers.append(subprocess.Popen(command, stdout=out))
    left = list(range(len(writers)))
    moments.shuffle(left)
    together = moments.random() < 0.5
    while left:
        time.sleep(moments.choice([0.02, 0.1, 0.2, 0.4, 0.6, 1.0]) * moments.uniform(0.5, 1.5))
        ended = [process for process in left if writers[process].poll() is not None]
        killed = left if together else left[:1]
        if ended:
            killed = left
        for process in killed:
            writers[process].send_signal(signal.SIGKILL)
        for process in killed:
            writers[process].wait()
        if ended:
            sys.exit(f"round {number} (seed {options.seed}): writer {ended[0]} ended by itself with "
                     f"{writers[ended[0]].returncode}; files in {folder}")
        left = left[len(killed):]
    return len(writers)


kills = 0
for number in range(1, options.rounds + 1):
    if number == 1 or (options.fresh and (number - 1) % options.fresh == 0):
        for path in folder.iterdir():
            path.unlink()
        file = folder / "crash.quire"
        acks = [folder / f"acknowledged.{process}.txt" for process in range(options.processes)]
    kills += write_and_kill(number, file, acks)
    result = subprocess.run([options.writer, "verify", str(file), *map(str, acks)], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"round {number} (seed {options.seed}):\n{result.stderr}{result.stdout}files are kept in {folder}")
    if number % 10 == 0 or number == options.rounds:
        print(f"{number} rounds, {kills} kills: {result.stdout.strip()}", flush=True)
shutil.rmtree(folder)
print(f"{kills} kills in {options.rounds} rounds survived, nothing acknowledged was lost")
