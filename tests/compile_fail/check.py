#!/usr/bin/env python3
"""Builds one file with and without its mistake. Usage: check.py COMPILER FILE INCLUDE_DIR..."""
import pathlib
import re
import subprocess
import sys


def build(compiler, file, includes, bad):
    command = [compiler, "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wconversion", "-Wshadow"]
    command += ["-DQUIRE_BAD"] if bad else ["-Werror"]
    for folder in includes:
        command += ["-I", folder]
    result = subprocess.run(command + [file], capture_output=True, text=True, check=False)
    return result.returncode, result.stderr


def main():
    compiler, file, *includes = sys.argv[1:]
    expected = re.findall(r"^// expect: (.*)$", pathlib.Path(file).read_text(encoding="utf-8"), re.M)
    if len(expected) != 1 or not expected[0].startswith("quire:"):
        print("the file needs exactly one comment '// expect: quire: ...'")
        return 1
    code, output = build(compiler, file, includes, bad=False)
    if code != 0:
        print("does not compile without the mistake:\n" + output)
        return 1
    code, output = build(compiler, file, includes, bad=True)
    if code == 0:
        print("compiles with the mistake")
        return 1
    # Compilers may break or join string literals, and quote the condition beside them.
    if expected[0] not in output:
        print("does not say: " + expected[0] + "\n" + output)
        return 1
    messages = {m for m in re.findall(r"quire: [^\n\"]*", output) if "static_assert(" not in m}
    asserts = [line for line in output.splitlines() if re.search(r"error: static assertion|error: static_assert", line)]
    if len(asserts) > 1:
        print("says more than one thing:\n" + "\n".join(asserts))
        return 1
    print(f"{len(messages)} message: {expected[0]}")
    return 0


sys.exit(main())
