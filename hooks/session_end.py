"""A session or a turn ended: keep what stands on stdin, start the worker, print `{}`, exit 0 whatever happens.

    <python> -I -S session_end.py [--agent claude] [--event end|stop] [--spool DIR] [--db-path FILE]
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
        os._exit(0)
    try:
        main(sys.argv[1:])
    except BaseException:  # a traceback would be shown to the user as the hook's failure
        pass
    os._exit(0)  # without the interpreter's farewell: it takes 1 ms, and complains if a stream is gone
