"""Programs that make no commit by themselves. A call of anything else, a script say, may have made one."""

# Words of the shell and programs that read, write or wait, but do not start what a repository or a user has written.
_QUIET = """
: [ [[ } true false test echo printf cd pwd pushd popd export unset set local declare alias let shift trap umask ulimit
exit return break continue read wait jobs fg bg disown history clear for in done fi esac case select function
cat tac head tail less more ls dir tree find fd grep egrep fgrep rg ag ack wc stat file du df which type whereis nl bat
jq yq diff cmp comm join sort uniq cut paste tr rev fold fmt column expand split sed awk gawk tee xxd od hexdump strings
md5sum sha1sum sha256sum base64 basename dirname realpath readlink mktemp mkdir rmdir rm cp mv ln touch chmod chown
tar zip unzip gzip gunzip xz bzip2 curl wget ping dig nc lsof netstat ss ps pgrep pkill kill killall top free
uname whoami id hostname date seq sleep printenv man help env
pytest mypy pyright ruff black isort flake8 pylint eslint prettier tsc vitest jest mocha ctest rspec phpunit shellcheck
gcc g++ cc clang clang++ cmake ninja rustc javac pip pip3 docker kubectl
set-location push-location pop-location get-content get-childitem select-string write-output write-host test-path
new-item remove-item copy-item move-item set-content add-content out-file out-null select-object where-object
"""
# Of these only the named subcommands are known to make none (`npm version` and `cargo release` do).
_QUIET_WITH = {
    "npm": "install i ci test t ls list view outdated audit",
    "yarn": "install add test",
    "pnpm": "install i add test",
    "cargo": "build b test t check c clippy run r fmt doc bench tree metadata",
    "go": "build test vet mod fmt get install list version env",
    "uv": "sync pip lock add venv",
    "make": "test tests lint check build clean format",
    "poetry": "install lock show",
    "gh": "auth api issue browse search status label",
}
_MODULES = ("pytest", "unittest", "mypy", "ruff", "pip", "venv", "json.tool", "http.server", "black", "compileall")
# What git itself does without making a commit on a branch. Any other word is an alias or a program named `git-...`.
_GIT = """
add apply archive bisect blame branch bundle cat-file check-attr check-ignore checkout checkout-index cherry clean clone
column config count-objects describe diff diff-files diff-index diff-tree difftool fetch for-each-ref format-patch fsck
gc grep hash-object help init log ls-files ls-remote ls-tree merge-base mergetool mv name-rev notes push range-diff
read-tree reflog remote repack replace reset restore rev-list rev-parse rm shortlog show show-branch show-ref
sparse-checkout stash status submodule switch symbolic-ref tag var version whatchanged worktree write-tree
"""
QUIET = frozenset(_QUIET.split())
GIT_QUIET = frozenset(_GIT.split())
_SUBCOMMANDS = {name: frozenset(words.split()) for name, words in _QUIET_WITH.items()}


def is_quiet(name: str, arguments: list[str]) -> bool:
    """Whether a program, called with these words, makes no commit and starts nothing that could."""
    if name == "find":
        return not any(word.startswith(("-exec", "-ok")) for word in arguments)
    if name in _SUBCOMMANDS:
        return bool(arguments) and arguments[0] in _SUBCOMMANDS[name]
    if name.startswith("python"):
        return arguments[:1] == ["-m"] and len(arguments) > 1 and arguments[1] in _MODULES
    return name in QUIET
