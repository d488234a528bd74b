#!/usr/bin/env python3
"""Starts the servers that the tests of the MongoDB store talk to, and ends them.

Usage: tools/servers.py start FOLDER    |    tools/servers.py stop FOLDER    |    tools/servers.py install

start   servers on free loopback ports: replica_set, standalone, auth (SCRAM), tls. Of the first two there are several
        alike (replica_set_2 ...): one that is at work lets others wait, and a test program keeps to one of them
        (tests/support/servers.hpp). Writes FOLDER/servers.json once all answer, and leaves a keeper behind that ends
        them at stop, or when it has waited for two hours.
        Where SecantusDB is not installed it writes {} and says so: the tests then skip by name.
stop    ends them by their process ids.
install makes the virtual environment ($QUIRE_SERVER_VENV, default build/server-venv) with SecantusDB in it.

SecantusDB (PyPI) speaks MongoDB's wire protocol on WiredTiger; quire does not link it.
"""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
VENV = pathlib.Path(os.environ.get("QUIRE_SERVER_VENV", ROOT / "build" / "server-venv"))
VERSION = "SecantusDB==0.7.0b3"
USER, PASSWORD = "quire", "p@ss/word:1"
LIFETIME_S = 7200
ALIKE = 3


def alike(kind):
    return [kind] + [f"{kind}_{number}" for number in range(2, ALIKE + 1)]


def free_ports(n):
    held = [socket.socket() for _ in range(n)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def install():
    if (VENV / "bin" / "secantusd-py").exists():
        return
    shutil.rmtree(VENV, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    subprocess.run([str(VENV / "bin" / "pip"), "install", "-q", "--disable-pip-version-check", "--pre", VERSION, "pymongo"],
                   check=True)


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def certificates(folder):
    """Own CA with a server certificate for 127.0.0.1, an expired one, one for another host; a CA nobody should trust."""
    folder.mkdir(parents=True, exist_ok=True)
    for ca in ("ca", "other-ca"):
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", f"/CN=quire test {ca}",
            "-keyout", str(folder / f"{ca}.key"), "-out", str(folder / f"{ca}.pem"))
    for name, host, days in (("server", "IP:127.0.0.1,DNS:localhost", 3650), ("wrong-host", "DNS:elsewhere.example", 3650),
                             ("expired", "IP:127.0.0.1,DNS:localhost", -1)):
        key, request, out = (folder / f"{name}.{end}" for end in ("key", "csr", "pem"))
        extensions = folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={host}\n")
        run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", str(key), "-out", str(request))
        run("openssl", "x509", "-req", "-in", str(request), "-CA", str(folder / "ca.pem"), "-CAkey", str(folder / "ca.key"),
            "-CAcreateserial", "-days", str(days), "-extfile", str(extensions), "-out", str(out))


def launch(folder, name, port, *options):
    storage = folder / name
    storage.mkdir(parents=True, exist_ok=True)
    log = open(folder / f"{name}.log", "ab")
    return subprocess.Popen([str(VENV / "bin" / "secantusd-py"), "--host", "127.0.0.1", "--port", str(port), "--storage-path",
                             str(storage), "--cache-size", "256M", "--enable-test-commands", "--log-level", "ERROR", *options],
                            stdout=log, stderr=log, stdin=subprocess.DEVNULL)


def wait_until_it_listens(port, process, name, folder):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"servers.py: {name} ended: see {folder / (name + '.log')}")
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"servers.py: {name} does not listen after 60 s")


def make_user(port):
    """SecantusDB takes its first user while it runs without --auth."""
    script = f"""
import pymongo
client = pymongo.MongoClient("127.0.0.1", {port}, serverSelectionTimeoutMS=30000)
client.admin.command("createUser", {USER!r}, pwd={PASSWORD!r}, roles=["root"])
"""
    subprocess.run([str(VENV / "bin" / "python"), "-c", script], check=True)


def keeper(folder):
    """Runs on in the background: holds the servers' processes and ends them."""
    names = [*alike("replica_set"), *alike("standalone"), "auth", "tls", "tls_expired", "tls_wrong_host"]
    ports = dict(zip(names, free_ports(len(names))))
    certificates(folder / "tls")
    pem = lambda name: ["--standalone", "--tls-cert-file", str(folder / "tls" / f"{name}.pem"), "--tls-key-file", str(folder / "tls" / f"{name}.key")]
    # The user goes in first, on the same storage.
    first = launch(folder, "auth", ports["auth"])
    running = {
        **{name: launch(folder, name, ports[name]) for name in alike("replica_set")},
        **{name: launch(folder, name, ports[name], "--standalone") for name in alike("standalone")},
        "tls": launch(folder, "tls", ports["tls"], *pem("server")),
        "tls_expired": launch(folder, "tls_expired", ports["tls_expired"], *pem("expired")),
        "tls_wrong_host": launch(folder, "tls_wrong_host", ports["tls_wrong_host"], *pem("wrong-host")),
    }

    def end(*_):
        for process in [first, *running.values()]:
            if process.poll() is None:
                process.terminate()
        for process in [first, *running.values()]:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    try:
        wait_until_it_listens(ports["auth"], first, "auth", folder)
        make_user(ports["auth"])
        first.terminate()
        first.wait(30)
        running["auth"] = launch(folder, "auth", ports["auth"], "--auth")
        for name, process in running.items():
            wait_until_it_listens(ports[name], process, name, folder)
        quoted = "quire:p%40ss%2Fword%3A1"
        state = {
            **{name: f"mongodb://127.0.0.1:{ports[name]}/" for name in alike("replica_set") + alike("standalone")},
            "auth": f"mongodb://{quoted}@127.0.0.1:{ports['auth']}/",
            "auth_host": f"127.0.0.1:{ports['auth']}",
            "tls": f"mongodb://127.0.0.1:{ports['tls']}/?tls=true",
            "tls_expired": f"mongodb://127.0.0.1:{ports['tls_expired']}/?tls=true",
            "tls_wrong_host": f"mongodb://127.0.0.1:{ports['tls_wrong_host']}/?tls=true",
            "ca_file": str(folder / "tls" / "ca.pem"),
            "other_ca_file": str(folder / "tls" / "other-ca.pem"),
            # For tests that start, kill and restart a server of their own.
            "server": str(VENV / "bin" / "secantusd-py"),
            "keeper": os.getpid(),
        }
        written = folder / "servers.json.new"
        written.write_text(json.dumps(state, indent=1))
        written.rename(folder / "servers.json")
        time.sleep(LIFETIME_S)
    finally:
        end()


def start(folder):
    stop(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    state = folder / "servers.json"
    if not (VENV / "bin" / "secantusd-py").exists():
        state.write_text("{}")
        print(f"no SecantusDB in {VENV}: tests of the MongoDB store skip; `tools/servers.py install` brings it")
        return
    log = open(folder / "keeper.log", "ab")
    process = subprocess.Popen([sys.executable, __file__, "keep", str(folder)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                               start_new_session=True)
    deadline = time.monotonic() + 120
    while not state.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"servers.py: the servers did not start; see {folder}/*.log\n" + (folder / "keeper.log").read_text())
        time.sleep(0.1)
    print(state.read_text())


def stop(folder):
    try:
        pid = json.loads((folder / "servers.json").read_text()).get("keeper")
    except (OSError, ValueError):
        return
    (folder / "servers.json").unlink()
    if pid is None:
        return
    try:
        command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return
    if b"servers.py" not in command:  # the number is another program's by now
        return
    os.kill(pid, signal.SIGTERM)
    for _ in range(300):
        if not pathlib.Path(f"/proc/{pid}").exists():
            return
        time.sleep(0.1)


def main():
    if sys.argv[1:] == ["install"]:
        return install()
    if len(sys.argv) != 3 or sys.argv[1] not in ("start", "stop", "keep"):
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[2]).resolve()
    {"start": start, "stop": stop, "keep": keeper}[sys.argv[1]](folder)


if __name__ == "__main__":
    main()
