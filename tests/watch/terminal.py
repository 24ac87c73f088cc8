"""Plays the terminal of `contexture watch` in the current folder: terminal.py PROGRAM quit|interrupt|hangup."""

import fcntl
import os
import pathlib
import pty
import select
import struct
import sys
import termios
import time

DEADLINE = 60

program, ending = sys.argv[1:]
control, terminal = pty.openpty()
fcntl.ioctl(control, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
before = termios.tcgetattr(terminal)

child = os.fork()
if child == 0:
    os.close(control)
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    for stream in range(3):
        os.dup2(terminal, stream)
    os.environ["TERM"] = "xterm"
    os.execv(program, [program, "watch"])

seen = ""


def until(*wanted):
    """Reads on until every one of the texts stands in what came since the last call."""
    global seen
    end = time.monotonic() + DEADLINE
    while not all(text in seen for text in wanted):
        left = end - time.monotonic()
        ready, _, _ = select.select([control], [], [], max(left, 0))
        if not ready:
            sys.exit(f"waited for {wanted}, saw:\n{seen!r}")
        try:
            seen += os.read(control, 65536).decode(errors="replace")
        except OSError:
            sys.exit(f"the program ended; waited for {wanted}, saw:\n{seen!r}")
    answer, seen = seen, ""
    return answer


first = until("\x1b[?1049h", "build 1,", "2 contexts", "> all", "one", "gpt-6.1-sol")
assert "HEAD" in first and "warm" in first, first
if termios.tcgetattr(terminal)[3] & termios.ECHO:
    sys.exit("the terminal still echoes keys")

pathlib.Path("docs/a.md").write_text("# a\n\nText of a, and two more.\n")
until("build 2,", "+4")
os.write(control, b"n")
until("> one")
os.write(control, b"h")
until("next context", "this help")
os.write(control, b"h")
until("> one")

pathlib.Path("contexts/one.yaml").write_text("sistem: []\n")
until("build 3,", "1 broken", "unknown key `sistem`", "^^^^^^")
fcntl.ioctl(control, termios.TIOCSWINSZ, struct.pack("HHHH", 6, 40, 0, 0))
until("…")
pathlib.Path("contexts/one.yaml").write_text("system: [{text: Mended}]\n")
until("build 4,")
os.write(control, b"r")
until("build 5,")

if ending == "hangup":
    os.close(control)
else:
    os.write(control, {"quit": b"q", "interrupt": b"\x03"}[ending])
    until("\x1b[?1049l")
    # Whatever comes is read, so that the program is not held up by a full terminal.
    while select.select([control], [], [], 0)[0] and os.read(control, 65536):
        pass

_, status = os.waitpid(child, 0)
code = os.waitstatus_to_exitcode(status)
expected = {"quit": 0, "interrupt": 130, "hangup": 129}[ending]
if code != expected:
    sys.exit(f"ended with {code}, not {expected}")
if ending != "hangup" and termios.tcgetattr(terminal) != before:
    sys.exit("the terminal is not as it was")
