#!/usr/bin/env python3
"""Builds one file with and without its mistake. Usage: check.py COMPILER FILE HEADERS INCLUDE_DIR...

HEADERS is a folder that `check.py --headers COMPILER HEADERS INCLUDE_DIR...` wrote before: what the files here include, compiled
once for all of them.
"""
import pathlib
import re
import subprocess
import sys


ALL = "all.hpp"


def start(compiler, includes):
    command = [compiler, "-std=c++20", "-Wall", "-Wextra", "-Wconversion", "-Wshadow"]
    for folder in includes:
        command += ["-I", folder]
    return command


def compile_headers(compiler, folder, *includes):
    here = pathlib.Path(__file__).parent
    lines = {line for file in here.glob("*.?pp") for line in
             re.findall(r'^#include (?:"quire/.*"|<.*>)$', file.read_text(encoding="utf-8"), re.M)}
    out = pathlib.Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    text = "\n".join(sorted(lines)) + "\n"
    (out / ALL).write_text(text, encoding="utf-8")
    command = start(compiler, includes) + ["-x", "c++-header", str(out / ALL), "-o", str(out / (ALL + ".gch"))]
    return subprocess.run(command, check=False).returncode


def build(compiler, file, headers, includes, bad):
    command = start(compiler, includes) + ["-fsyntax-only", "-Winvalid-pch", "-include", str(pathlib.Path(headers) / ALL)]
    command += ["-DQUIRE_BAD"] if bad else ["-Werror"]
    result = subprocess.run(command + [file], capture_output=True, text=True, check=False)
    return result.returncode, result.stderr


def main():
    if sys.argv[1] == "--headers":
        return compile_headers(*sys.argv[2:])
    compiler, file, headers, *includes = sys.argv[1:]
    expected = re.findall(r"^// expect: (.*)$", pathlib.Path(file).read_text(encoding="utf-8"), re.M)
    if len(expected) != 1 or not expected[0].startswith("quire:"):
        print("the file needs exactly one comment '// expect: quire: ...'")
        return 1
    code, output = build(compiler, file, headers, includes, bad=False)
    if code != 0:
        print("does not compile without the mistake:\n" + output)
        return 1
    code, output = build(compiler, file, headers, includes, bad=True)
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
