"""A session begins: print the note that the agent begins with, exit 0 whatever happens.

    <python> -I -S session_start.py [--tool claude|codex|cursor|gemini] [--db-path FILE] [--home DIR]

Without `--tool` the note is plain text. Its text is made by `claude_metrics.context`, found by this file's own place;
standard library only, as -S leaves site-packages out. On any trouble what is printed is valid and says nothing.
Afterwards a catch-up of the last days' unrecorded sessions is started, see `_catch_up.py`.
"""

import json
import os
import sys
import threading
from os.path import abspath, dirname, isdir, isfile

STDIN_S = 0.5  # clients write their payload at once and close it
LIMIT_BYTES = 1 << 20
HARD_S = 4.0  # whatever hangs; the least patient client waits for 5
DEADLINE_S = 3.0  # the most that the config can ask for, so that there is a note before HARD_S

HERE = dirname(abspath(__file__))


class Output:
    """Written once, whole, by whoever comes first."""

    def __init__(self, empty):
        self.empty = empty
        self.once = threading.Lock()

    def say(self, text):
        if not self.once.acquire(blocking=False):
            return False
        rest = (text + "\n" if text else "").encode("utf-8", "replace")
        try:
            while rest:
                rest = rest[os.write(1, rest) :]
        except OSError:  # nobody listens any more
            pass
        return True

    def give_up(self):
        if self.say(self.empty):
            os._exit(0)


def parse(argv):
    options = {"tool": "", "db-path": "", "home": ""}
    words = iter(argv)
    for word in words:
        name, equals, value = word.lstrip("-").partition("=")
        if name in options:
            options[name] = value if equals else next(words, "")
    return options


def read_payload():
    """The JSON object on stdin; {} when there is none, or none in time."""
    chunks = []

    def read():
        room = LIMIT_BYTES
        while room > 0 and (chunk := os.read(0, min(room, 1 << 16))):
            chunks.append(chunk)
            room -= len(chunk)

    if not os.isatty(0):
        thread = threading.Thread(target=quietly(read), daemon=True)
        thread.start()
        thread.join(STDIN_S)
    try:
        payload = json.loads(b"".join(chunks) or b"{}")
    except (ValueError, RecursionError):
        payload = {}
    return payload if isinstance(payload, dict) else {}


def quietly(act):
    def run():
        try:
            act()
        except OSError:
            pass

    return run


def folder_of(payload):
    """Where the session works. Not always our own folder: Cursor starts hooks in its own."""
    roots = payload.get("workspace_roots")
    named = [payload.get("cwd"), *(roots if isinstance(roots, list) else []), os.environ.get("CURSOR_PROJECT_DIR")]
    fitting = (name for name in named if isinstance(name, str) and os.path.isabs(name) and "\0" not in name)
    return next((name for name in fitting if isdir(name)), None) or os.getcwd()


def load_package():
    """In a checkout the package lies beside `hooks/`, in a wheel `hooks/` lies in it, under `_assets/`.

    The copy that the installer makes has a file beside it that names the package's folder.
    """
    root = named_package() or dirname(HERE)
    if not isfile(root + "/claude_metrics/context/note.py"):
        root = dirname(dirname(root))
    sys.path.append(root)  # last: nothing there may stand in the way of the standard library
    sys.path.append(HERE)


def named_package():
    try:
        with open(HERE + "/package", encoding="utf-8", errors="surrogateescape") as file:
            return file.read(4096).strip()
    except OSError:
        return ""


def note(options):
    from _catch_up import database
    from _event import environment, home

    from claude_metrics.context import clients, settings
    from claude_metrics.context.note import write

    payload, client = read_payload(), clients.client_of(options["tool"])
    chosen = settings.load(settings.config_file(environment(), home(environment())), DEADLINE_S)
    session = str(payload.get("session_id") or payload.get("conversation_id") or "")
    return client.output(write(folder_of(payload), database(options["db-path"]), chosen, client, session=session))


def catch_up(db_path):
    from _catch_up import start_if_due

    start_if_due(db_path)


def main(argv):
    options = parse(argv)
    if options["home"]:
        os.environ["CLAUDE_METRICS_HOME"] = options["home"]
    output = Output("{}" if options["tool"] else "")
    timer = threading.Timer(HARD_S, output.give_up)
    timer.daemon = True
    timer.start()
    try:
        os.umask(0o077)
        sys.setswitchinterval(0.0005)  # a thread that has an answer of git's does not wait for one that imports
        os.closerange(3, 1024)  # whatever the client left open: the catch-up must not hold its pipes
        load_package()
        output.say(note(options))
        timer.cancel()
        catch_up(options["db-path"])
    finally:
        output.say(output.empty)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except BaseException:  # a traceback would be shown to the user as the hook's failure
        pass
    os._exit(0)  # threads that are still stuck are not waited for
