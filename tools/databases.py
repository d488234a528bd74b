#!/usr/bin/env python3
"""Starts the databases that the importer's tests read from, and ends them.

Usage: tools/databases.py start FOLDER [postgresql] [mariadb]    |    tools/databases.py stop FOLDER    |    tools/databases.py install

start   the release's own PostgreSQL and MariaDB (or those that are named) on free loopback ports, with new data in a
        temporary folder that is never flushed to disk. Writes FOLDER/databases.json once both answer, and leaves a keeper
        behind that ends them at stop, or when it has waited for two hours. A server that a test kills is started again
        on the same port and data. What is not installed is left out, with the reason: the tests then skip by name.
        Chinook is loaded from ../shared/data where that is there.
stop    ends them by their process ids and removes the data.
install brings the packages, with scripts/install_deps.sh.

databases.json: "postgresql", "mysql": URIs with user and password, of a superuser, to an empty database; "…_chinook" to
Chinook; "…_host", "…_port", "…_user", "…_password" apart; "…_pid" of the server; "…_missing": why it is not there.
As root the servers run as the users of their packages, else as the caller.
"""
import glob
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
CHINOOK = ROOT.parent / "shared" / "data" / "chinook"
HOST, USER, PASSWORD, DATABASE = "127.0.0.1", "quire", "p@ss/word:1", "quire"
LIFETIME_S = 7200
NAMES = ("postgresql", "mariadb")


def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def found(program):
    """In the PATH of a user who is not root /usr/sbin is missing."""
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin")


class Server:
    """One of them: its own folder `data`, the user that it runs as, its process."""

    def __init__(self, folder, scratch):
        self.log = open(folder / f"{self.name}.log", "ab")
        self.port = free_port()
        self.home = scratch / self.name
        self.home.mkdir()
        self.data = self.home / "data"
        self.process = None
        self.account = {}
        if os.geteuid() == 0:
            try:
                account = pwd.getpwnam(self.user)
            except KeyError:
                account = pwd.getpwnam("nobody")
            os.chown(self.home, account.pw_uid, account.pw_gid)
            self.account = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

    def run(self, *command, **options):
        environment = {**os.environ, "HOME": str(self.home), "TMPDIR": str(self.home), "LC_ALL": "C.UTF-8"}
        subprocess.run(command, check=True, cwd=self.home, stdout=self.log, stderr=self.log, env=environment,
                       **self.account, **options)

    def launch(self):
        self.process = subprocess.Popen(self.command(), cwd=self.home, stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=self.log, start_new_session=True, **self.account)

    def wait_until_it_answers(self):
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                sys.exit(f"databases.py: {self.name} ended: see {self.log.name}")
            if subprocess.run(self.client("-c" if self.name == "postgresql" else "-e", "select 1"), cwd=self.home,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              env=self.client_environment()).returncode == 0:
                return
            time.sleep(0.1)
        sys.exit(f"databases.py: {self.name} does not answer after 90 s")

    def end(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(self.end_signal)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def load(self, script, *arguments):
        with open(script, "rb") as text:
            subprocess.run(self.client(*arguments), check=True, cwd=self.home, stdin=text, stdout=self.log, stderr=self.log,
                           env=self.client_environment())

    def state(self):
        key, scheme = self.key, f"{self.key}://{USER}:{urllib.parse.quote(PASSWORD, safe='')}@{HOST}:{self.port}/"
        out = {key: scheme + DATABASE, f"{key}_host": HOST, f"{key}_port": self.port, f"{key}_user": USER,
               f"{key}_password": PASSWORD, f"{key}_pid": self.process.pid}
        if self.chinook:
            out[f"{key}_chinook"] = scheme + self.chinook
        return out


class PostgreSql(Server):
    name, key, user, end_signal, chinook = "postgresql", "postgresql", "postgres", signal.SIGINT, None

    @staticmethod
    def programs():
        """Of the newest version that is installed; none: not installed."""
        folders = [one for one in glob.glob("/usr/lib/postgresql/*/bin") if os.path.exists(one + "/initdb")]
        version = lambda one: int(re.search(r"postgresql/(\d+)", one).group(1))
        return max(folders, key=version, default=None)

    missing = "no initdb in /usr/lib/postgresql/*/bin (Debian: postgresql)"

    def prepare(self):
        secret = self.home / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        self.run(self.programs() + "/initdb", "-D", str(self.data), "-U", USER, "--pwfile", str(secret), "--auth=scram-sha-256",
                 "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        secret.unlink()

    def command(self):
        settings = {"listen_addresses": HOST, "unix_socket_directories": str(self.home), "fsync": "off",
                    "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "64MB", "max_connections": "100",
                    "wal_level": "minimal", "max_wal_senders": "0", "timezone": "UTC"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [self.programs() + "/postgres", "-D", str(self.data), "-p", str(self.port), *options]

    def client(self, *arguments):
        return [self.programs() + "/psql", "-X", "-q", "-h", HOST, "-p", str(self.port), "-U", USER, "-v", "ON_ERROR_STOP=1",
                "-d", "postgres", *arguments]

    def client_environment(self):
        return {**os.environ, "PGPASSWORD": PASSWORD, "PGCLIENTENCODING": "UTF8"}

    def fill(self):
        subprocess.run(self.client("-c", f"create database {DATABASE}"), check=True, env=self.client_environment(),
                       cwd=self.home, stdout=self.log, stderr=self.log)
        script = CHINOOK / "Chinook_PostgreSql.sql"
        if script.exists():
            self.load(script)
            self.chinook = "chinook"


class MariaDb(Server):
    name, key, user, end_signal, chinook = "mariadb", "mysql", "mysql", signal.SIGTERM, None

    @staticmethod
    def programs():
        return found("mariadbd") and found("mariadb-install-db")

    missing = "no mariadbd and mariadb-install-db (Debian: mariadb-server)"

    def prepare(self):
        quoted = PASSWORD.replace("\\", "\\\\").replace("'", "''")
        self.first = self.home / "first.sql"
        self.first.write_text(f"create user if not exists '{USER}'@'%' identified by '{quoted}';\n"
                              f"grant all on *.* to '{USER}'@'%' with grant option;\n"
                              f"create database if not exists {DATABASE} character set utf8mb4;\n")
        self.run(found("mariadb-install-db"), "--no-defaults", f"--datadir={self.data}", "--skip-test-db",
                 "--auth-root-authentication-method=normal", "--skip-name-resolve")

    def command(self):
        # A server that starts removes the temporary tables of another one with the same tmpdir.
        return [found("mariadbd"), "--no-defaults", f"--datadir={self.data}", f"--tmpdir={self.home}", f"--port={self.port}",
                f"--bind-address={HOST}", f"--socket={self.home}/socket", f"--pid-file={self.home}/pid",
                f"--init-file={self.first}", "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0",
                "--innodb-flush-method=nosync", "--innodb-doublewrite=0", "--innodb-buffer-pool-size=64M",
                "--character-set-server=utf8mb4", "--max-allowed-packet=64M"]

    def client(self, *arguments):
        return [found("mariadb"), "--no-defaults", "-h", HOST, "-P", str(self.port), "--protocol=tcp", "-u", USER,
                "--default-character-set=utf8mb4", *arguments]

    def client_environment(self):
        return {**os.environ, "MYSQL_PWD": PASSWORD}

    def fill(self):
        script = CHINOOK / "Chinook_MySql.sql"
        if script.exists():
            self.load(script)
            self.chinook = "Chinook"


def begin(kind, folder, scratch, running, failures):
    try:
        server = kind(folder, scratch)
        server.prepare()
        server.launch()
        running.append(server)
        server.wait_until_it_answers()
        server.fill()
    except (Exception, SystemExit) as error:
        failures.append(f"{kind.name}: {error}")


def write_state(folder, state):
    written = folder / "databases.json.new"
    written.write_text(json.dumps(state, indent=1))
    written.rename(folder / "databases.json")


def keeper(folder, names):
    """Runs on in the background: holds the servers' processes and ends them."""
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="quire-databases-"))
    scratch.chmod(0o755)
    running, failures = [], []

    def end(*_):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for server in running:
            server.end()
        shutil.rmtree(scratch, ignore_errors=True)
        os._exit(1 if failures else 0)

    signal.signal(signal.SIGTERM, end)
    state = {"keeper": os.getpid(), "folder": str(scratch)}
    (folder / "begun.json").write_text(json.dumps(state))
    kinds = [kind for kind in (PostgreSql, MariaDb) if kind.name in names]
    threads = [threading.Thread(target=begin, args=(kind, folder, scratch, running, failures))
               for kind in kinds if kind.programs()]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    if failures:
        print("\n".join(failures), flush=True)
        end()
    for kind in kinds:
        if not kind.programs():
            state[f"{kind.key}_missing"] = kind.missing
    for server in running:
        state.update(server.state())
    if not CHINOOK.exists():
        state["chinook_missing"] = "no ../shared/data/chinook beside the project"
    write_state(folder, state)
    deadline = time.monotonic() + LIFETIME_S
    while time.monotonic() < deadline:
        time.sleep(0.2)
        for server in running:
            if server.process.poll() is not None:
                # It may end at once while processes of the one that was killed still are there: then once more.
                server.launch()
                state.update(server.state())
                write_state(folder, state)
    end()


def start(folder, names):
    stop(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    state = folder / "databases.json"
    log = open(folder / "keeper.log", "ab")
    process = subprocess.Popen([sys.executable, __file__, "keep", str(folder), *names], stdin=subprocess.DEVNULL, stdout=log,
                               stderr=log, start_new_session=True)
    deadline = time.monotonic() + 240
    while not state.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"databases.py: the databases did not start; see {folder}/*.log\n" + (folder / "keeper.log").read_text())
        time.sleep(0.1)
    print(state.read_text())


def told(file):
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError):
        return {}


def command_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def end_process(pid, has):
    """Only while the number still is the program that `has` tells."""
    for patience, number in ((300, signal.SIGTERM), (50, signal.SIGKILL)):
        if has not in command_of(pid):
            return
        os.kill(pid, number)
        for _ in range(patience):
            if has not in command_of(pid):
                return
            time.sleep(0.1)


def stop(folder):
    state = {**told(folder / "begun.json"), **told(folder / "databases.json")}
    for name in ("databases.json", "begun.json"):
        (folder / name).unlink(missing_ok=True)
    if "keeper" in state:
        end_process(state["keeper"], b"databases.py")
    # What a keeper that was killed has left.
    scratch = state.get("folder", "")
    if "quire-databases-" not in scratch:
        return
    for process in pathlib.Path("/proc").iterdir():
        if process.name.isdigit() and f"{scratch}/".encode() in command_of(process.name):
            end_process(int(process.name), f"{scratch}/".encode())
    shutil.rmtree(scratch, ignore_errors=True)


def main():
    action, *rest = sys.argv[1:] or [""]
    if action == "install" and not rest:
        return subprocess.run([str(ROOT / "scripts" / "install_deps.sh"), "databases"], check=True)
    if action not in ("start", "stop", "keep") or not rest or not set(rest[1:]) <= set(NAMES):
        sys.exit(__doc__)
    folder, names = pathlib.Path(rest[0]).resolve(), rest[1:] or list(NAMES)
    if action == "stop":
        return stop(folder)
    {"start": start, "keep": keeper}[action](folder, names)


if __name__ == "__main__":
    main()
