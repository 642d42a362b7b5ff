"""A session or a turn ended: keep what stands on stdin, start the worker, print `{}`, exit 0 whatever happens.

    <python> -I -S session_end.py [--agent claude] [--event end|stop] [--spool DIR] [--db-path FILE] [--home DIR]
                                  [--worker-python PYTHON]... [--background FILE]

The work is in `_event.py`: Python caches the bytecode of what is imported, never that of the file it was started
with, and compiling all of it would take 2 ms at every end of a session. Standard library only; see there.
"""

import _signal  # what `signal` wraps; in every interpreter already, `signal` itself costs 4 ms
import sys

if sys.platform == "win32":
    import os
else:
    import posix as os  # what `os` wraps; importing `os` itself costs 1 ms of the 7 an interpreter needs to start


def load_main():
    sys.path.insert(0, __file__[: -len("session_end.py")] or ".")
    try:
        from _event import main
    except BaseException:
        return compile_main()
    finally:
        del sys.path[0]
    return main


def compile_main():
    """Without the import system: started through a link, or the cached bytecode is damaged."""
    from os.path import dirname, realpath

    path = dirname(realpath(__file__)) + "/_event.py"
    names = {"__name__": "_event"}
    with open(path, encoding="utf-8") as file:
        exec(compile(file.read(), path, "exec"), names)
    return names["main"]


def keep_without_event(argv):
    """`_event.py` is gone or damaged: what stands on stdin goes into the spool all the same, if one is named."""
    import time

    spool = argv[argv.index("--spool") + 1]
    agent = argv[argv.index("--agent") + 1] if "--agent" in argv else "claude"
    path = f"{spool}/{time.time_ns()}-{os.getpid()}-{agent}-end.json"
    file = os.open(path + ".tmp", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    while piece := os.read(0, 1 << 16):
        while piece:
            piece = piece[os.write(file, piece) :]
    os.fsync(file)
    os.rename(path + ".tmp", path)


if __name__ == "__main__":
    for number in (15, 2, 1):  # TERM, INT, HUP: the client's patience has ended, a few more ms save the event
        try:
            _signal.signal(number, _signal.SIG_IGN)
        except ValueError:  # Windows has no HUP
            pass
    try:
        main = load_main()
    except BaseException:
        os.write(1, b"{}\n")
        main = keep_without_event
    try:
        main(sys.argv[1:])
    except BaseException:  # a traceback would be shown to the user as the hook's failure
        pass
    os._exit(0)  # without the interpreter's farewell: it takes 1 ms, and complains if a stream is gone
