#!/usr/bin/env python3
"""Checks that docs/errors.md has each error code with its number, and nothing else. Usage: check_errors.py [ROOT]"""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
header = (root / "include/quire/core/error_code.hpp").read_text(encoding="utf-8")
page = (root / "docs/errors.md").read_text(encoding="utf-8")
names = (root / "src/core/error.cpp").read_text(encoding="utf-8")

declared = {int(number): name for name, number in re.findall(r"^\s+(\w+) = (\d+)", header, re.MULTILINE)}
documented = {int(number): name for number, name in re.findall(r"^\| (\d+) \| `(\w+)` \|", page, re.MULTILINE)}
wrong = [f"docs/errors.md lacks {number} {name}" for number, name in declared.items() if documented.get(number) != name]
wrong += [f"docs/errors.md has {number} {name}, which is no code" for number, name in documented.items()
          if declared.get(number) != name]
wrong += [f"to_string lacks {name}" for name in declared.values() if f"QUIRE_NAME({name})" not in names]
print("\n".join(wrong) if wrong else f"{len(declared)} error codes, all documented")
sys.exit(1 if wrong or not declared else 0)
