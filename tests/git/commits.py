"""How the tests of commits speak of them."""

ADD = "echo $RANDOM >> file.txt; git add -A;"


def the_one(commits: list) -> object:
    assert len(commits) == 1, commits
    return commits[0]
