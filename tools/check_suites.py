#!/usr/bin/env python3
"""Checks that each test of a suite "FOLDER@SERVER." is given that server, so that none of them runs
elsewhere unnoticed.

    check_suites.py CTEST BUILD_FOLDER
"""
import json
import re
import subprocess
import sys

ctest, build = sys.argv[1:3]
listing = subprocess.run([ctest, "--test-dir", build, "--show-only=json-v1"], check=True, capture_output=True, text=True).stdout
wrong = seen = 0
for test in json.loads(listing[listing.index("{"):])["tests"]:
    suite = re.match(r"[a-z_]+@([a-z_]+)\.", test["name"])
    if not suite:
        continue
    seen += 1
    environment = next((p["value"] for p in test.get("properties", []) if p["name"] == "ENVIRONMENT"), [])
    if not any(line.startswith(f"QUIRE_TEST_STORE={suite[1]}@") for line in environment):
        print(f"{test['name']}: runs without its server: {environment}")
        wrong += 1
print(f"{seen} tests on servers, {wrong} without theirs")
sys.exit(1 if wrong or not seen else 0)
