"""TURN on a real channel: the client's end serves, and the server's end delivers what has waited for it."""

import asyncio
from collections.abc import Callable

import pytest

from esmtp_lab.lab import client_dialect, server_dialect
from esmtp_lab.mailbox.memory import MemoryMailboxes
from esmtp_lab.net.client import deliver
from esmtp_lab.net.server import Server, serve
from esmtp_lab.net.service import Limits
from esmtp_lab.protocol.delivery import Delivery
from esmtp_lab.protocol.event import Event
from esmtp_lab.protocol.policy import Policy, find_policy
from esmtp_lab.wire.path import Path

ADA, ANN = Path(b"ada", b"lab.example"), Path(b"ann", b"me.example")
HOME = Policy("home", domain="me.example", mailboxes={"ann": "Ann"})
FOR_US = Delivery(ADA, (ANN,), b"Subject: waiting\r\n\r\nfor you\r\n")
NOTHING = Delivery(Path(), (), b"", turns=True)


class Shelf:
    """Letters that wait for hosts by name, and what became of them."""

    def __init__(self, **letters: Delivery) -> None:
        self.letters = {name.replace("_", "."): letter for name, letter in letters.items()}
        self.returned: list[Delivery] = []

    def next(self, client: str) -> Delivery | None:
        """See `Waiting.next`."""
        return self.letters.pop(client, None)

    def back(self, delivery: Delivery) -> None:
        """See `Waiting.back`."""
        self.returned.append(delivery)


def _home(era: str = "rfc2821") -> Server:
    return Server(HOME, server_dialect(HOME, era), MemoryMailboxes(HOME.domain))


async def _there(shelf: Shelf | None, policy: Policy | None = None, era: str = "rfc2821", **more: object) -> Server:
    policy = policy or find_policy("classic")
    boxes = MemoryMailboxes(policy.domain)
    return await serve(policy, server_dialect(policy, era), boxes, port=0, waiting=shelf, **more)  # type: ignore[arg-type]


def _run(meet: Callable[[], object]) -> None:
    async def main() -> None:
        async with asyncio.timeout(20):
            await meet()  # type: ignore[misc]

    asyncio.run(main())


@pytest.mark.parametrize("era", ["rfc821", "rfc1869", "rfc2821"])
def test_letters_cross_in_both_directions_on_one_channel(era: str) -> None:
    async def meet() -> None:
        shelf, home = Shelf(me_example=FOR_US), _home(era)
        async with await _there(shelf, era=era) as there:
            letter = Delivery(ANN, (ADA,), b"Subject: here\r\n\r\nto you\r\n", turns=True)
            delivered = await deliver(letter, client_dialect(era), port=there.port, host=home)
            assert [each.accepted for each in delivered.outcomes] == [True]
            assert isinstance(there.mailboxes, MemoryMailboxes)
            assert isinstance(home.mailboxes, MemoryMailboxes)
            assert list(there.mailboxes.letters) == ["ada"]
            assert list(home.mailboxes.letters) == ["ann"]
            assert home.mailboxes.letters["ann"][0].client == "lab.example"
            assert there.opened == 1, "one channel did for both"
        assert [each.accepted for each in shelf.returned[0].outcomes] == [True]

    _run(meet)


def test_the_two_ends_see_the_same_dialogue() -> None:
    async def meet() -> None:
        seen: list[tuple[str, str, bytes]] = []

        def show(number: int, event: Event) -> None:
            seen.append((event.observer, event.speaker, event.octets))

        async with await _there(Shelf(me_example=FOR_US), on_event=show) as there:
            await deliver(NOTHING, client_dialect(), port=there.port, host=_home())
        turned = seen.index(("server", "client", b"TURN\r\n"))
        after = [(observer, speaker) for observer, speaker, _ in seen[turned + 2 :]]
        assert after[:3] == [("client", "server"), ("client", "client"), ("client", "server")]
        assert [octets for _, speaker, octets in seen if speaker == "client"][-1] == b"QUIT\r\n"

    _run(meet)


def test_a_host_without_turn_refuses_and_the_client_leaves() -> None:
    async def meet() -> None:
        asked: list[bytes] = []
        for era, code in (("rfc821", b"502"), ("rfc2821", b"")):
            seen: list[Event] = []
            async with await _there(Shelf(me_example=FOR_US), find_policy("lab"), era) as there:
                await deliver(NOTHING, client_dialect(era), port=there.port, host=_home(era), on_event=seen.append)
            asked += [event.octets[:3] for event in seen if event.speaker == "server" and event.to == "TURN"]
            assert seen[-1].octets.startswith(b"221")
            assert asked == ([code] if code else asked), "who was offered nothing does not ask"
        assert asked == [b"502"]

    _run(meet)


def test_where_nothing_waits_the_other_end_says_so_much_and_leaves() -> None:
    async def meet() -> None:
        for shelf in (Shelf(), None):
            home = _home()
            async with await _there(shelf) as there:
                await deliver(NOTHING, client_dialect(), port=there.port, host=home)
            assert isinstance(home.mailboxes, MemoryMailboxes)
            assert home.mailboxes.letters == {}

    _run(meet)


def test_a_client_that_does_not_serve_costs_the_letter_nothing() -> None:
    """It says TURN and goes: no one has greeted, and the letter is given back undecided."""

    async def meet() -> None:
        shelf = Shelf(me_example=FOR_US)
        async with await _there(shelf) as there:
            await deliver(NOTHING, client_dialect(), port=there.port)
            while there.channels:
                await asyncio.sleep(0.01)
        assert [(each.reply, each.temporary) for each in shelf.returned[0].outcomes] == [(None, True)]

    _run(meet)


def test_a_server_that_closes_does_not_wait_for_a_client_that_never_greets() -> None:
    async def meet() -> None:
        shelf = Shelf(me_example=FOR_US)
        there = await _there(shelf, limits=Limits(linger=0.2))
        reader, writer = await asyncio.open_connection("127.0.0.1", there.port)
        writer.write(b"EHLO me.example\r\nTURN\r\n")
        heard = b""
        while b"\r\n250 " not in heard.partition(b"250-")[2].partition(b"\r\n250 ")[2]:
            heard += await reader.read(1000)
            if heard.count(b"\r\n250 ") == 2:
                break
        await asyncio.sleep(0.05)
        assert len(there.channels) == 1
        await there.close()
        assert not there.channels
        assert len(shelf.returned) == 1
        writer.close()

    _run(meet)
