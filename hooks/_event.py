"""What `session_end.py` does: stdin -> a file in the spool -> start the worker -> `{}`.

The bytes of stdin are kept exactly as they came; reading them, and all else that takes time, is the worker's work.
A payload goes to the first of these folders that takes it, and `claude_metrics.recording.spool` looks into all of them:
  1. `--spool DIR`, else `$CLAUDE_METRICS_HOME/data/spool`, else the platform's data folder of claude-metrics
     (`--home DIR` is what CLAUDE_METRICS_HOME was when the hook was installed; the worker gets it too);
  2. `~/.local/state/claude-metrics/spool-<path of 1>`, when 1 is read-only, a file or a link;
  3. `$TMPDIR/claude-metrics-<uid>-<path of 1>`, when the home folder is read-only or its disk full.
The file is `<time_ns>-<pid>-<agent>-<event>.json`, with `-cut` before the suffix when the end of stdin was not seen.
"""

import _signal  # what `signal` wraps; in every interpreter already, `signal` itself costs 4 ms
import sys
import time

if sys.platform == "win32":
    import os
else:
    import posix as os  # what `os` wraps; importing `os` itself costs 1 ms of the 7 an interpreter needs to start

READ_S = 1.0  # all SessionEnd hooks share 1.5 s, and the client writes its payload before it starts to wait
REST_S = 5.0  # a hung disk or pipe; busy disks are well below
LIMIT_BYTES = 16 << 20
NUDGE_EVERY_S = 120
CHOSEN_HOME = [""]  # `--home` is appended
STUBBORN = [name for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(_signal, name)]
PRIVATE_NAMES = ("CLAUDE_CODE_MESSAGING_", "PYTHON", "__PYVENV_LAUNCHER__")  # the worker needs none of these


def main(argv):
    options = parse(argv)
    CHOSEN_HOME.append(options["home"])
    if options["background"]:
        return store_now(options)
    try:
        os.umask(0o077)
        os.closerange(3, 1024)  # whatever the client left open: the worker must not hold its pipes
        payload, complete = read_stdin()
        after(REST_S, lambda *_: os._exit(0))
        return record(options, payload, complete)
    finally:
        os.write(1, b"{}\n")


def parse(argv):
    options = {
        "agent": "claude",
        "event": "end",
        "spool": "",
        "db-path": "",
        "home": "",
        "background": "",
        "worker-python": [],
    }
    words = iter(argv)
    for word in words:
        name, equals, value = word.lstrip("-").partition("=")
        if name in options:
            value = value if equals else next(words, "")
            options[name] = [*options[name], value] if name == "worker-python" else value
    return options


def after(seconds, act):
    """Again and again, as a signal that comes just before a wait does not end it; there is no bound on Windows."""
    if hasattr(_signal, "setitimer"):
        _signal.signal(_signal.SIGALRM, act)
        _signal.setitimer(_signal.ITIMER_REAL, seconds, 0.1)


def read_stdin():
    """The payload, at most its first 16 MiB, and whether that is all of it."""
    chunks, room, late = [], LIMIT_BYTES, []

    def end_it(*_):  # not an exception: that could come between a read and the keeping of what was read
        late.append(True)
        os.dup2(os.open("/dev/null", os.O_RDONLY), 0)

    after(READ_S, end_it)
    try:
        while True:
            chunk = os.read(0, 1 << 16)
            if not chunk:
                break
            if room > 0:
                chunks.append(chunk[:room])
            room -= len(chunk)  # what is beyond is read and dropped: a closed pipe would be an error for the client
    except OSError:  # closed from the beginning
        pass
    return b"".join(chunks), room >= 0 and not late


def record(options, payload, complete):
    spool = absolute(options["spool"] or default_spool())
    stop = options["event"] == "stop" or value_of(payload, b"hook_event_name").endswith(b"Stop")
    event = "stop" if stop else word_of(options["event"], "end")
    name = f"{time.time_ns()}-{os.getpid()}-{word_of(options['agent'], 'claude')}-{event}"
    name += ".json" if complete else "-cut.json"
    place = payload and keep_somewhere(spool, name, payload)
    if place and (not stop or is_due(place, value_of(payload, b"session_id"))):
        nudge(spool, options)


def word_of(text, default):
    return "".join(c for c in text.lower() if c in "abcdefghijklmnopqrstuvwxyz0123456789_")[:32] or default


def value_of(payload, key):
    """The first short string under that key, found without parsing; inside other strings its quotes are escaped."""
    at = payload.find(b'"' + key + b'"')
    text = payload[at + len(key) + 2 :][:256].lstrip(b" \t\r\n:") if at >= 0 else b""
    return text[1:].partition(b'"')[0] if text[:1] == b'"' else b""


# Where a payload is kept


def environment():
    """Of this hook and its worker: with the CLAUDE_METRICS_HOME that the hook was installed with (`--home`)."""
    decode = os.fsdecode if hasattr(os, "fsdecode") else lambda raw: raw.decode(FILES, "surrogateescape")
    env = {decode(name): decode(value) for name, value in os.environ.items()}
    return {**env, "CLAUDE_METRICS_HOME": CHOSEN_HOME[-1]} if CHOSEN_HOME[-1] else env


FILES = sys.getfilesystemencoding()


def absolute(path):
    return path if is_absolute(path) else os.getcwd() + "/" + path


def is_absolute(path):
    return path[:1] in ("/", "\\") or path[1:2] == ":"


def home(env):
    folder = env.get("USERPROFILE", "") if sys.platform == "win32" else env.get("HOME", "")
    if sys.platform == "win32" or folder.startswith("/"):
        return folder.rstrip("/")
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_dir.rstrip("/")
    except (ImportError, KeyError):
        return ""


def default_spool():
    """What `claude_metrics.paths.spool_dir()` says: there platformdirs knows it, here nothing can be imported."""
    env = environment()
    chosen = env.get("CLAUDE_METRICS_HOME", "")
    if chosen[:2] in ("~", "~/"):
        chosen = home(env) + chosen[1:]
    if is_absolute(chosen):  # a relative one would name a folder, and a program, of whatever project is worked on
        return chosen + "/data/spool"
    data = env.get("XDG_DATA_HOME", "")
    if sys.platform == "win32":
        data = env.get("LOCALAPPDATA") or home(env) + "/AppData/Local"
    elif not data.startswith("/"):
        data = home(env) + ("/Library/Application Support" if sys.platform == "darwin" else "/.local/share")
    return data + "/claude-metrics/spool"


def fallbacks(spool):
    """The other folders for this spool, each with its path in the name: another spool's worker leaves it alone."""
    env = environment()
    key = "-".join("".join(c if c.isalnum() and c < "\x7f" else " " for c in spool).split())[-150:]
    yield home(env) + "/.local/state/claude-metrics/spool-" + key
    yield (env.get("TMPDIR") or env.get("TEMP") or "/tmp").rstrip("/") + f"/claude-metrics-{user()}-{key}"


def user():
    return os.getuid() if hasattr(os, "getuid") else 0


def keep_somewhere(spool, name, payload):
    """The folder that took the payload, or None."""
    try:
        ensure_folder(spool)
        return keep(spool, name, payload)
    except OSError:
        pass
    for place in fallbacks(spool):
        try:
            found = ensure_folder(place)
            if found.st_uid == user() and not found.st_mode & 0o022:  # anybody can make folders in the temporary one
                return keep(place, name, payload)
        except OSError:
            pass
    return None


def ensure_folder(path):
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        make_folders(path)
        found = os.lstat(path)
    if found.st_mode & 0o170000 != 0o040000:
        raise NotADirectoryError(path)
    return found


def make_folders(path):
    """Twice: the second time its parents are there. Other hooks may be making the same ones."""
    parent = path.rstrip("/\\").replace("\\", "/").rpartition("/")[0]
    for _ in range(2):
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            break
        except FileNotFoundError:
            if not parent:
                raise
            make_folders(parent)


def keep(place, name, payload):
    """A half-written payload is never seen under its final name, nor after a power cut."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    for flag in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"):
        flags |= getattr(os, flag, 0)
    half = place + "/" + name + ".tmp"
    file = os.open(half, flags, 0o600)
    try:
        rest = memoryview(payload)
        while rest:
            rest = rest[os.write(file, rest) :]
        os.fsync(file)
    except OSError:
        os.unlink(half)
        raise
    finally:
        os.close(file)
    os.rename(half, place + "/" + name)
    sync_folder(place)
    return place


def sync_folder(place):
    try:
        folder = os.open(place, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    except OSError:  # not on Windows
        pass


def is_due(place, session):
    """Turns end often: a worker for them at most every two minutes a session. The payload waits in any case."""
    plain = session.replace(b"-", b"").replace(b"_", b"").isalnum() and len(session) <= 64
    marker = place + "/.nudged/" + (session.decode() if plain else "other")
    try:
        ensure_folder(place + "/.nudged")
        if is_recent(marker):
            return False
        os.close(os.open(marker, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:  # another turn's hook was faster
        return False
    except OSError:
        pass
    return True


def is_recent(marker):
    try:
        if 0 <= time.time() - os.lstat(marker).st_mtime < NUDGE_EVERY_S:
            return True
        os.unlink(marker)
    except FileNotFoundError:
        pass
    return False


# The worker


def nudge(spool, options):
    arguments = ["-I", "-m", "claude_metrics.worker", "--spool", spool]
    if options["db-path"]:
        arguments += ["--db-path", absolute(options["db-path"])]
    env = {name: value for name, value in environment().items() if not name.startswith(PRIVATE_NAMES)}
    candidates = [*options["worker-python"], installed_python(spool), sys.executable]
    os.chdir("/")  # not the project's folder: that may be deleted or unmounted
    for python in filter(None, candidates):
        try:
            start(python, [python, *arguments], env)
            break
        except OSError:  # not there any more
            pass


def installed_python(spool):
    """The interpreter that has the package: a plugin's hook runs under whichever `python3` is found."""
    try:
        path = spool.rstrip("/").rpartition("/")[0] + "/worker-python"
        file = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        return os.read(file, 4096).decode(FILES, "surrogateescape").strip()
    except OSError:
        return ""


def start(python, command, env):
    """In a new session: with our own end, a moment from now, the client that kills our descendants cannot find it."""
    if sys.platform == "win32":
        return start_by_module(command, env, creationflags=0x208)
    try:
        null = [(os.POSIX_SPAWN_OPEN, stream, "/dev/null", os.O_RDWR, 0) for stream in (0, 1, 2)]
        ours = (_signal.SIGTERM, _signal.SIGINT, _signal.SIGHUP, _signal.SIGPIPE)
        os.posix_spawn(python, command, env, file_actions=null, setsid=True, setsigdef=ours)
    except (AttributeError, NotImplementedError):  # a C library that cannot start a session
        start_by_module(command, env, start_new_session=True)


def start_by_module(command, env, **session):
    import subprocess  # only here: it takes as long as the rest of the hook

    null = subprocess.DEVNULL
    subprocess.Popen(command, env=env, stdin=null, stdout=null, stderr=null, **session)


def store_now(options):
    """`--background FILE`: no spool and no worker; here, or under the interpreter that has the package."""
    os.write(1, b"{}\n")
    for name in STUBBORN:  # this may take a while, and somebody waits for it
        _signal.signal(getattr(_signal, name), _signal.SIG_DFL)
    arguments = ["--background", options["background"], "--agent", options["agent"]]
    if options["db-path"]:
        arguments += ["--db-path", options["db-path"]]
    try:
        import site

        site.main()  # -S left site-packages out
        __import__("os").environ.update(environment())
        from claude_metrics.worker import main as work
    except ImportError:
        python = installed_python(absolute(options["spool"] or default_spool()))
        os.execve(python, [python, "-I", "-m", "claude_metrics.worker", *arguments], environment())
    else:
        work(arguments)
