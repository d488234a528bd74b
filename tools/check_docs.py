#!/usr/bin/env python3
"""Keeps the code in README.md and docs/ equal to programs that are built and run.

A fenced block below a line `<!-- from FILE -->` or `<!-- from FILE#REGION -->` must equal FILE (without its
includes-only head when a REGION is named: the lines between `// [REGION]` and `// [/REGION]`, unindented).
Usage: tools/check_docs.py [--write] [ROOT]     --write puts the present code into the pages
Also checks that links to files of the project lead somewhere.
"""
import pathlib
import re
import sys
import textwrap

arguments = [a for a in sys.argv[1:] if a != "--write"]
write = "--write" in sys.argv
root = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).parent.parent)
QUOTE = re.compile(r"(<!-- from (\S+?)(?:#(\S+))? -->\n```\w*\n)(.*?)(```\n)", re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)")
problems = []
quotes = links = 0


def code_of(name, region):
    text = (root / name).read_text(encoding="utf-8")
    if not region:
        return text
    match = re.search(rf"^[ \t]*// \[{re.escape(region)}\]\n(.*?)^[ \t]*// \[/{re.escape(region)}\]", text,
                      re.DOTALL | re.MULTILINE)
    if not match:
        raise KeyError(f"{name} has no region {region}")
    return textwrap.dedent(match.group(1))


for page in [*sorted(root.glob("*.md")), *sorted((root / "docs").rglob("*.md"))]:
    text = page.read_text(encoding="utf-8")

    def check(match):
        global quotes
        quotes += 1
        head, name, region, body, tail = match.groups()
        try:
            wanted = code_of(name, region)
        except (OSError, KeyError) as error:
            problems.append(f"{page.relative_to(root)}: {error}")
            return match.group(0)
        if body != wanted:
            if not write:
                problems.append(f"{page.relative_to(root)}: the block from {name}{'#' + region if region else ''} differs")
        return head + wanted + tail

    changed = QUOTE.sub(check, text)
    if write and changed != text:
        page.write_text(changed, encoding="utf-8")
    for target in LINK.findall(text):
        links += 1
        if not (page.parent / target).exists():
            problems.append(f"{page.relative_to(root)}: no file {target}")

print("\n".join(problems) if problems else f"{quotes} quoted programs and {links} links are right")
sys.exit(1 if problems else 0)
