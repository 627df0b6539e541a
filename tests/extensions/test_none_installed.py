"""Where no third party has anything, nothing is said of it."""

import pytest

from esmtp_lab.errors import DataError
from esmtp_lab.extensions.installed import every, find, named


def test_nothing_is_found_and_nothing_is_wrong():
    assert find("XWHEEL") is None
    assert list(every()) == []
    with pytest.raises(DataError, match=r"is no file, and no distribution has it$"):
        named("XWHEEL")
