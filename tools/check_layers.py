#!/usr/bin/env python3
"""Checks that folders include only from layers below them. Usage: tools/check_layers.py [ROOT]

The order is that of docs/architecture.md. A folder may include itself and what it lists (with all that
those may include). Prints each include that goes the wrong way and exits with 1.
"""
import pathlib
import re
import sys

# folder -> folders it may include directly; the rest follows.
ALLOWED = {
    "core": [],
    "reflect": ["core"],
    "bson": ["core", "reflect"],
    "store": ["core", "bson"],
    "store/embedded": ["store"],
    "store/mongodb": ["store"],
    "model": ["core", "reflect", "bson"],
    "query": ["model"],
    "collection": ["query", "store"],
    "cache": ["collection"],
    "backup": ["store", "collection"],
    "migrate": ["model", "store", "collection", "backup"],
    "importer": ["migrate", "store"],
    "observe": ["model", "store", "collection", "migrate"],
    "serve": ["store/embedded"],
    "testing": ["migrate"],
    "cli": ["migrate", "importer", "backup", "observe", "serve", "testing", "cache"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"(?:quire/)?([^"]+)"')


def closure(folder):
    seen, todo = set(), [folder]
    while todo:
        one = todo.pop()
        if one not in seen:
            seen.add(one)
            todo.extend(ALLOWED.get(one, []))
    return seen


def folder_of(path):
    """The layer of a path below include/quire or src; None for files that belong to none."""
    parts = pathlib.PurePosixPath(path).parts
    if parts[:2] in (("store", "embedded"), ("store", "mongodb")):
        return "/".join(parts[:2])
    return parts[0] if len(parts) > 1 and parts[0] in ALLOWED else None


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
    wrong = checked = 0
    for base in (root / "include" / "quire", root / "src"):
        for file in sorted(base.rglob("*.[hc]pp")):
            own = folder_of(file.relative_to(base).as_posix())
            if own is None:
                continue
            allowed = closure(own)
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                target = folder_of(match.group(1))
                checked += 1
                if target is not None and target not in allowed:
                    print(f"{file.relative_to(root)}:{number}: {own} must not include {target} ({match.group(1)})")
                    wrong += 1
    print(f"{checked} includes checked, {wrong} against the layers")
    return 1 if wrong or not checked else 0


sys.exit(main())
