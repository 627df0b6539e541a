"""What a host can offer is checked against its era, its port, and what an extension needs: data, and clear errors."""

from dataclasses import replace

import pytest

from esmtp_lab.errors import DataError
from esmtp_lab.extensions import SHIPPED, XPONG
from esmtp_lab.extensions.hosting import check_host
from esmtp_lab.extensions.registry import NOW, registries
from esmtp_lab.lab import Lab, server_dialect
from esmtp_lab.protocol.dialect import can_have
from esmtp_lab.protocol.era import ERAS
from esmtp_lab.protocol.extension import Extension
from esmtp_lab.protocol.policy import find_policy, policies

LAB = find_policy("lab")
TODAY = registries()[NOW].entries


def made(keyword: str, **more: object) -> Extension:
    """An extension that is nothing but its keyword."""
    return Extension(name="x", ehlo_keyword=keyword, defined_in="x", meaning="x", **more)


def host(tmp_path, text: str) -> str:
    file = tmp_path / "mine.toml"
    file.write_text(f'version = 1\ndomain = "mine.example"\n{text}', "utf-8")
    return str(file)


@pytest.mark.parametrize("policy", policies().values(), ids=lambda policy: policy.name)
@pytest.mark.parametrize("era", ERAS)
def test_the_ready_made_hosts_are_well_in_every_era(policy, era):
    assert server_dialect(policy, era)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('extensions = ["REQUIRETLS"]', "^mine: REQUIRETLS needs STARTTLS. Add STARTTLS to the extensions$"),
        ('extensions = ["BINARYMIME"]', "^mine: BINARYMIME needs CHUNKING. Add"),
        (
            'era = "rfc821"\nextensions = ["SIZE"]',
            "^mine: SIZE is offered by EHLO, which came with era rfc1869, and this "
            'host is of era rfc821. Take SIZE out, or write era = "rfc1869"$',
        ),
        ('era = "rfc3000"', "era is one of .*rfc821, rfc1869, rfc2821, rfc5321, not 'rfc3000'"),
        ("port = 70000", "port is a number from 1 to 65535"),
        ('port = "25"', "port is a int, not '25'"),
    ],
)
def test_a_host_that_offers_what_it_cannot_is_told_what_to_mend(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        Lab(policy=host(tmp_path, text))


def test_optional_commands_of_1982_need_no_ehlo(tmp_path):
    lab = Lab(policy=host(tmp_path, 'era = "rfc821"\nextensions = ["HELP", "EXPN", "TURN"]'))
    assert lab.era == "rfc821"
    lab.send("HELO a")
    assert lab.send("HELP")[-1].event.code == 214


def test_an_era_that_is_chosen_goes_before_that_of_the_host(tmp_path):
    name = host(tmp_path, 'era = "rfc5321"')
    assert (Lab(policy=name).era, Lab("rfc1869", policy=name).era, Lab().era) == ("rfc5321", "rfc1869", "rfc2821")


def test_a_local_extension_may_be_of_a_later_era():
    late = replace(XPONG, since="rfc2821")
    assert [can_have(era, late) for era in ERAS.values()] == [False, False, True, True]
    with pytest.raises(
        DataError, match=r"XPONG came with era rfc2821, and this host is of era rfc1869\. Take XPONG out"
    ):
        check_host(replace(LAB, era="rfc1869"), [late])
    check_host(replace(LAB, era="rfc5321"), [late])
    older = Lab("rfc1869", extensions=[late])
    older.send("EHLO a")
    assert "XPONG" not in older.bench.client.offered
    assert older.send("XPING")[-1].event.code == 500


@pytest.mark.parametrize(
    "entry", [each for each in TODAY.values() if each.ports or each.barred], ids=lambda each: each.keyword
)
def test_the_ports_of_the_registry_bind_a_host_that_says_its_own(entry):
    extension = made(entry.keyword)
    good = next(port for port in (*entry.ports, 25, 587) if port not in entry.barred)
    check_host(replace(LAB, port=good), [extension])
    check_host(LAB, [extension])
    for port in entry.barred:
        with pytest.raises(DataError, match=f"{entry.keyword} is not for port {port} by RFC {entry.rfc}. Take"):
            check_host(replace(LAB, port=port), [extension])
    if entry.ports:
        with pytest.raises(
            DataError, match=f"is made for port {entry.ports[0]} by .* this host stands for port 2525. Take"
        ):
            check_host(replace(LAB, port=2525), [extension])


def test_a_local_extension_may_be_for_some_ports():
    posting = replace(XPONG, ports=(587, 465))
    check_host(replace(LAB, port=465), [posting])
    with pytest.raises(
        DataError, match=r"XPONG is made for port 587 or 465, and this host stands for port 25\. .* port = 587"
    ):
        check_host(replace(LAB, port=25), [posting])


def test_what_the_lab_has_is_offered_by_a_relay_or_for_submission():
    """Each that the lab implements can be offered on one of the two ports of mail."""
    for extension in SHIPPED:
        entry = TODAY.get(extension.ehlo_keyword)
        assert entry is None or any(
            port not in entry.barred and (not entry.ports or port in entry.ports) for port in (25, 587)
        )
