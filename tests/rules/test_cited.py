"""What each rule does over the corpus is what was reviewed."""

from tests.rules.cited import FILE, HOW, pinned, table


def test_every_rule_does_what_was_reviewed():
    reviewed = pinned()
    found = {line.partition("  ")[0]: line for line in table()}
    changed = [
        f"{name}\n    reviewed: {reviewed.get(name, 'not there')}\n    now:      {found.get(name, 'not there')}"
        for name in dict.fromkeys((*found, *reviewed))
        if reviewed.get(name) != found.get(name)
    ]
    assert not changed, (
        f"{len(changed)} rules do something else than {FILE.name} says. Read what changed; if all of it is meant, run "
        f"{HOW}\n" + "\n".join(changed)
    )
