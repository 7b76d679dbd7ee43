"""The guardian with real processes: how they end, and that nothing of them is left."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import uuid
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pytest

from deepaas.backends.job_log import JobLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MARK = "DEEPAAS_TEST_MARK"

IGNORES_TERM = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
SAYS_READY = "print('ready', flush=True)\n"
STAYS = "import signal\nwhile True: signal.pause()\n"

DAEMON = """
import os, signal

def daemon():  # as a service does it: a session of its own, and no parent
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            os.write(1, b"daemon\\n")
            while True: signal.pause()
        os._exit(0)
    os.wait()
"""

STORM = """
import os, signal

def storm(new_session):  # each process has a child and ends, as fast as it can
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            if new_session:
                os.setsid()
            if os.fork():
                os._exit(0)
"""

SERVER = """
import json, os, signal, socket, subprocess, sys
near, far = socket.socketpair()
settings = json.loads(sys.argv[1])
settings |= {"server_fd": far.fileno(), "server_pid": os.getpid()}
subprocess.Popen(
    [sys.executable, "-P", "-m", "deepaas.guardian", json.dumps(settings)],
    pass_fds=[far.fileno()],
    start_new_session=True,
)
far.close()
while True: signal.pause()
"""


class Guarded:
    """A guardian, its worker, and this test in the place of the server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mark = uuid.uuid4().hex
        self._undo = contextlib.ExitStack()

    def settings(self, code: str, **changes: Any) -> dict[str, Any]:
        return {
            "command": [sys.executable, "-c", textwrap.dedent(code)],
            "pass_fds": [],
            "log_dir": str(self.folder / "log"),
            "log_bytes": 1_000_000,
            **changes,
        }

    def start(self, code: str, **changes: Any) -> dict[str, Any]:
        """Start a worker; return the guardian's first report."""
        near, far = socket.socketpair()
        near.settimeout(30)
        self.server = self._undo.enter_context(near)
        self._reports: IO[str] = self._undo.enter_context(near.makefile())
        settings = self.settings(code, **changes)
        settings |= {"server_fd": far.fileno(), "server_pid": os.getpid()}
        self.guardian = self._popen(
            ["-P", "-m", "deepaas.guardian", json.dumps(settings)],
            pass_fds=[far.fileno(), *settings["pass_fds"]],
            start_new_session=True,
        )
        far.close()
        return self.report()

    def start_below_a_server(
        self, code: str, **changes: Any
    ) -> subprocess.Popen[bytes]:
        """Start a server of a few lines, which starts the guardian."""
        return self._popen(["-c", SERVER, json.dumps(self.settings(code, **changes))])

    def _popen(self, arguments: list[str], **options: Any) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.DEVNULL,
            env={**os.environ, MARK: self.mark},
            **options,
        )
        self._undo.callback(process.wait)
        self._undo.callback(process.kill)
        return process

    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(self._reports.readline())
        return report

    def order(self, **order: Any) -> None:
        self.server.sendall(json.dumps(order).encode() + b"\n")

    def exit(self) -> dict[str, Any]:
        """Return the last report, when the guardian is gone."""
        exit_report: dict[str, Any] = self.report()["exit"]
        assert "" == self._reports.readline()
        assert 0 == self.guardian.wait(30)
        return exit_report

    def log(self, folder: str = "log") -> str:
        return JobLog(self.folder / folder).end()

    def wait_for(self, text: str, *, folder: str = "log") -> None:
        until(lambda: text in self.log(folder))

    def census(self) -> list[int]:
        """Return all processes that live and have this test's mark."""
        setting = f"{MARK}={self.mark}".encode()
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if setting in (path / "environ").read_bytes().split(b"\0"):
                    found.append(int(path.name))
        return found

    def close(self) -> None:
        for pid in self.census():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._undo.close()


def until(is_so: Callable[[], bool]) -> None:
    """Wait; the test's time limit says for how long at most."""
    while not is_so():
        os.sched_yield()


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Guarded]:
    with contextlib.closing(Guarded(tmp_path)) as guarded:
        yield guarded


# ------------------------------------------------------------------------ ending


def test_a_worker_that_ends_well_is_reported(guarded: Guarded) -> None:
    started = guarded.start("import os; print(os.getpid())")

    printed = f"{started['started']['pid']}\n"
    assert {
        "exit_status": 0,
        "signal": None,
        "cause": "",
        "oom_killed": False,
        "log_bytes": len(printed),
    } == guarded.exit()
    assert printed == guarded.log()
    assert [] == guarded.census()


@pytest.mark.parametrize(
    ("code", "status", "killed_by"),
    [
        ("raise SystemExit(7)", 7, None),
        ("import os; os.kill(os.getpid(), 9)", None, "SIGKILL"),
        ("import os; os.kill(os.getpid(), 11)", None, "SIGSEGV"),
        ("import os; os.kill(os.getpid(), 40)", None, "signal 40"),
    ],
)
def test_how_a_worker_died_is_reported(
    guarded: Guarded, code: str, status: int | None, killed_by: str | None
) -> None:
    guarded.start(code)

    report = guarded.exit()

    assert status == report["exit_status"]
    assert killed_by == report["signal"]
    assert "" == report["cause"]


def test_a_command_that_cannot_be_started_is_reported(guarded: Guarded) -> None:
    report = guarded.start("", command=["/nowhere/python"])["exit"]

    assert 127 == report["exit_status"]
    assert "cannot start /nowhere/python: No such file or directory" in guarded.log()
    assert 0 == guarded.guardian.wait(30)


def test_the_whole_tree_is_asked_to_end(guarded: Guarded) -> None:
    guarded.start(
        """
        import os, signal, sys
        def end(*_):
            os.write(1, b"ended\\n")
            if os.getpid() == worker:
                os.wait()
            os._exit(3)
        worker = os.getpid()
        signal.signal(signal.SIGTERM, end)
        os.fork()
        os.write(1, b"ready\\n")
        while True: signal.pause()
        """
    )
    guarded.wait_for("ready\nready\n")

    guarded.order(end={"grace_s": 30, "cause": "dismissed"})

    report = guarded.exit()
    assert "dismissed" == report["cause"]
    assert 3 == report["exit_status"]
    assert "ready\nready\nended\nended\n" == guarded.log()


def test_who_does_not_end_is_killed_after_the_grace(guarded: Guarded) -> None:
    guarded.start(IGNORES_TERM + SAYS_READY + STAYS)
    guarded.wait_for("ready\n")

    guarded.order(end={"grace_s": 0.2, "cause": "dismissed"})

    report = guarded.exit()
    assert "dismissed" == report["cause"]
    assert "SIGKILL" == report["signal"]
    assert not report["oom_killed"]


def test_a_grace_can_be_shortened_and_the_first_cause_counts(guarded: Guarded) -> None:
    guarded.start(IGNORES_TERM + SAYS_READY + STAYS)
    guarded.wait_for("ready\n")

    guarded.order(end={"grace_s": 3600, "cause": "dismissed"})
    guarded.order(end={"grace_s": 0.1, "cause": "interrupted"})

    assert "dismissed" == guarded.exit()["cause"]


def test_a_worker_that_is_stopped_hears_that_it_shall_end(guarded: Guarded) -> None:
    started = guarded.start(SAYS_READY + STAYS)
    guarded.wait_for("ready\n")
    os.kill(started["started"]["pid"], signal.SIGSTOP)

    guarded.order(end={"grace_s": 3600, "cause": "dismissed"})

    assert "SIGTERM" == guarded.exit()["signal"]


def test_a_worker_is_killed_at_once_if_need_be(guarded: Guarded) -> None:
    guarded.start(STAYS)

    guarded.order(kill={"cause": "deadline"})

    report = guarded.exit()
    assert "deadline" == report["cause"]
    assert "SIGKILL" == report["signal"]


def test_signals_to_the_guardian_change_nothing(guarded: Guarded) -> None:
    guarded.start("input_line = open(0).read()\n" + SAYS_READY + STAYS)
    guarded.wait_for("ready\n")

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        guarded.guardian.send_signal(number)
    guarded.order(kill={"cause": "still here"})

    assert "still here" == guarded.exit()["cause"]


def test_a_worker_dies_with_its_guardian(guarded: Guarded) -> None:
    guarded.start(
        """
        import ctypes, os, signal, sys
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        assert int(sys.argv[-1]) == os.getppid()
        print("ready", flush=True)
        while True: signal.pause()
        """
    )
    guarded.wait_for("ready\n")

    guarded.guardian.kill()

    until(lambda: not guarded.census())


# ------------------------------------------------------------------------ the tree


def test_what_a_worker_leaves_behind_ends_with_it(guarded: Guarded) -> None:
    guarded.start(DAEMON + "for _ in range(5): daemon()")

    assert 0 == guarded.exit()["exit_status"]
    assert [] == guarded.census()


def test_daemons_end_with_the_job(guarded: Guarded) -> None:
    guarded.start(DAEMON + IGNORES_TERM + "for _ in range(5): daemon()\n" + STAYS)
    guarded.wait_for("daemon\n" * 5)

    guarded.order(end={"grace_s": 0.1, "cause": "dismissed"})

    assert "dismissed" == guarded.exit()["cause"]
    assert [] == guarded.census()


@pytest.mark.parametrize("new_session", [False, True])
def test_a_fork_storm_ends(guarded: Guarded, *, new_session: bool) -> None:
    guarded.start(STORM + f"for _ in range(4): storm({new_session})\n" + STAYS)
    until(lambda: len(guarded.census()) > 4)

    guarded.order(kill={"cause": "dismissed"})

    assert "dismissed" == guarded.exit()["cause"]
    assert [] == guarded.census()


def test_orphans_that_have_ended_are_not_kept(guarded: Guarded) -> None:
    guarded.start(
        """
        import os
        for _ in range(20):
            if os.fork() == 0:
                if os.fork() == 0:
                    os._exit(0)
                os._exit(0)
            os.wait()
        """
        + SAYS_READY.replace("\n", "")
        + "\n"
        + textwrap.indent(STAYS, " " * 8)
    )
    guarded.wait_for("ready\n")
    children = Path(
        f"/proc/{guarded.guardian.pid}/task/{guarded.guardian.pid}/children"
    )

    until(lambda: 1 == len(children.read_text().split()))

    guarded.order(kill={"cause": ""})
    guarded.exit()


def test_nothing_is_left_when_the_server_is_killed(guarded: Guarded) -> None:
    server = guarded.start_below_a_server(
        DAEMON + STORM + IGNORES_TERM + "daemon()\nstorm(True)\n" + SAYS_READY + STAYS,
        server_death_grace_s=0.5,
    )
    guarded.wait_for("ready\n")

    server.kill()
    server.wait()

    until(lambda: not guarded.census())


def test_a_worker_has_time_to_end_when_the_server_is_killed(guarded: Guarded) -> None:
    server = guarded.start_below_a_server(
        """
        import signal, sys
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("written"))
        print("ready", flush=True)
        while True: signal.pause()
        """,
        server_death_grace_s=3600,
    )
    guarded.wait_for("ready\n")

    server.kill()
    server.wait()

    until(lambda: not guarded.census())
    assert "ready\nwritten\n" == guarded.log()


# -------------------------------------------------------------------------- memory


def test_a_worker_that_takes_too_much_memory_is_killed(guarded: Guarded) -> None:
    guarded.start("hog = bytearray(300 << 20)\n" + STAYS, memory_bytes=200 << 20)

    report = guarded.exit()

    assert "memory_limit" == report["cause"]
    assert "SIGKILL" == report["signal"]


def test_the_memory_of_all_processes_counts(guarded: Guarded) -> None:
    guarded.start(
        "import os\nfor _ in range(3): os.fork() or exec('''\n"
        "hog = bytearray(90 << 20)\n" + STAYS + "''')\n" + STAYS,
        memory_bytes=200 << 20,
    )

    assert "memory_limit" == guarded.exit()["cause"]


def test_memory_that_processes_share_counts_once(guarded: Guarded) -> None:
    guarded.start(
        """
        import mmap, os, signal, time
        shared = mmap.mmap(-1, 60 << 20)
        shared.write(bytes(60 << 20))
        own = bytearray(60 << 20)
        for _ in range(4):
            if os.fork() == 0:
                for page in range(0, len(shared), mmap.PAGESIZE):
                    shared[page]
                while True: signal.pause()
        time.sleep(1)  # as long as the guardian looks several times
        """,
        memory_bytes=300 << 20,
    )

    assert "" == guarded.exit()["cause"]


# --------------------------------------------------------------- descriptors, log


def test_descriptors_are_passed_on_and_closed(guarded: Guarded) -> None:
    near, far = socket.socketpair()
    near.settimeout(30)
    with near, far:
        guarded.start(
            f"""
            import os
            os.write({far.fileno()}, b"hello")
            listed = sorted(map(int, os.listdir("/proc/self/fd")))
            print([fd for fd in listed if os.path.exists(f"/proc/self/fd/{{fd}}")])
            print(os.readlink("/proc/self/fd/0"))
            """,
            pass_fds=[far.fileno()],
        )
        passed = far.fileno()
        far.close()

        assert b"hello" == near.recv(5)
        assert b"" == near.recv(5)  # the worker had the only other end

    guarded.exit()
    assert f"[0, 1, 2, {passed}]\n/dev/null\n" == guarded.log()


def test_the_worker_has_the_signals_of_a_new_process(guarded: Guarded) -> None:
    guarded.start(
        """
        import os
        os.execvp("sh", ["sh", "-c", "grep -E 'Sig(Blk|Ign|Cgt)' /proc/self/status"])
        """
    )

    guarded.exit()

    masks = {
        line.split()[0]: int(line.split()[1], 16) for line in guarded.log().splitlines()
    }
    terminating = sum(
        1 << number - 1 for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    )
    assert 0 == masks["SigBlk:"]
    assert 0 == masks["SigIgn:"] & terminating


@pytest.mark.parametrize(("nice", "expected"), [(0, 0), (7, 7), (30, 19)])
def test_the_worker_gives_way_on_the_processor(
    guarded: Guarded, nice: int, expected: int
) -> None:
    report = guarded.start("import signal; signal.pause()", nice=nice)
    pid = report["started"]["pid"]

    assert expected == os.getpriority(os.PRIO_PROCESS, pid)
    session = Path(f"/proc/{pid}/autogroup")  # not every kernel has it
    with contextlib.suppress(OSError):
        assert expected == int(session.read_text().split()[-1])


def test_both_streams_of_all_processes_are_one_log(guarded: Guarded) -> None:
    guarded.start(
        """
        import os, subprocess, sys
        print("out", flush=True)
        print("err", file=sys.stderr, flush=True)
        subprocess.run(["sh", "-c", "echo child"])
        os.write(1, b"\\r 1%\\r100%\\n\\xff")
        """
    )

    guarded.exit()

    assert "out\nerr\nchild\n100%\n\ufffd" == guarded.log()


def test_a_bar_can_be_watched(guarded: Guarded) -> None:
    guarded.start("import os\nos.write(1, b'\\r50%')\n" + STAYS)

    guarded.wait_for("50%")

    guarded.order(kill={"cause": ""})
    guarded.exit()


def test_a_worker_that_runs_one_job_after_the_other_has_a_log_for_each(
    guarded: Guarded,
) -> None:
    near, far = socket.socketpair()
    with near, far:
        guarded.start(
            f"""
            import socket
            job = socket.socket(fileno={far.fileno()})
            while number := job.recv(1):
                print("job", number.decode(), flush=True)
                job.send(b"x")
            """,
            pass_fds=[far.fileno()],
        )
        far.close()
        for number in range(3):
            folder = str(guarded.folder / f"log{number}")
            guarded.order(log_dir=folder)
            assert {"log_dir": folder} == guarded.report()
            near.send(str(number).encode())
            near.recv(1)

    guarded.exit()

    assert ["job 0\n", "job 1\n", "job 2\n"] == [
        guarded.log(f"log{number}") for number in range(3)
    ]


def test_output_beyond_the_limit_does_not_grow_the_log(guarded: Guarded) -> None:
    guarded.start(
        "import os\nfor _ in range(200): os.write(1, b'0123456\\n' * 8192)",
        log_bytes=1_000_000,
    )

    assert 900_000 < guarded.exit()["log_bytes"] <= 1_000_000
    size = JobLog(guarded.folder / "log").size
    assert "bytes left out" in JobLog(guarded.folder / "log").read(0, size).decode()


@pytest.mark.parametrize("arguments", [[], ["{}"], ["x"], ["1", "2"]])
def test_nobody_else_starts_a_guardian(arguments: list[str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "deepaas.guardian", *arguments],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )

    assert 1 == ended.returncode
    assert "deepaas.guardian is started by a server only" in ended.stderr
