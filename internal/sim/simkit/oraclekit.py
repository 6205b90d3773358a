# SPDX-License-Identifier: Apache-2.0
"""What the oracles of all simulators have in common: scripts that hold a simulator
against the vendor's own clients in other languages.

    import oraclekit
    oraclekit.prepare("boto3", "awscli")            # before anything from PyPI is imported
    with oraclekit.simulator("aws", "-speed", "1000x"):
        ...                                         # the environment reaches the simulator
        oraclekit.fault("where", "what is wrong")
    oraclekit.finish("of 12 operations")            # the last line, and the exit status
"""
import contextlib
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import venv

TOP = pathlib.Path(__file__).resolve().parents[3]
FAULTS = set()


def install(*packages):
    """Makes a virtual environment that holds the newest of these packages.

    It is made below the directory for temporary files, and kept for the next run."""
    name = "pmks-oracle-" + hashlib.sha256(" ".join(packages).encode()).hexdigest()[:8]
    home = pathlib.Path(tempfile.gettempdir()) / f"{name}-{os.getuid()}"
    if pathlib.Path(sys.prefix) == home:
        return home
    python = home / "bin" / "python"
    if not python.exists():
        venv.create(home, with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade", *packages], check=True)
    return home


def prepare(*packages):
    """Goes on inside an environment of install."""
    home = install(*packages)
    if pathlib.Path(sys.prefix) != home:
        python = str(home / "bin" / "python")
        os.execv(python, [python, *sys.argv])


def tool(name):
    """The path of a command that a package of prepare brings."""
    return str(pathlib.Path(sys.prefix) / "bin" / name)


@contextlib.contextmanager
def simulator(cloud, *flags):
    """Runs pmks-sim with the environment that it prints; yields its address."""
    with tempfile.TemporaryDirectory() as scratch:
        binary = pathlib.Path(scratch) / "pmks-sim"
        subprocess.run(["go", "build", "-o", binary, "./cmd/pmks-sim"], cwd=TOP, check=True)
        server = subprocess.Popen([binary, "-cloud", cloud, "-quiet", *flags], stdout=subprocess.PIPE, text=True)
        try:
            address, environment = "", {}
            for line in server.stdout:
                if found := re.match(r"\w+ simulated at (\S+)", line):
                    address = found[1]
                if found := re.match(r"export (\w+)=(.*)", line):
                    environment[found[1]] = found[2].strip("'\"")
                if line.startswith("# the whole life"):
                    break
            os.environ.update(environment)
            yield address
        finally:
            server.terminate()
            server.wait()


def fault(where, what):
    """Prints a fault, once."""
    if (where, what) not in FAULTS:
        FAULTS.add((where, what))
        print("FAULT", where, what, flush=True)


def expect(condition, what, where="life"):
    condition or fault(where, what)


def finish(text):
    """Prints how many faults there were, as the last line, and ends with status 1 if there
    was one."""
    print(len(FAULTS), "faults", text)
    sys.exit(1 if FAULTS else 0)
