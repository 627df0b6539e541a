"""HELP: what can I say here? (RFC 821 section 4.1.1, RFC 1869 section 5, RFC 2821 section 4.1.1.8)."""

from esmtp_lab.protocol.extension import Context, Extension
from esmtp_lab.protocol.replies import Answer
from esmtp_lab.protocol.session import GREETED, NOT_VERBS, Form, row
from esmtp_lab.wire.command import Command


def _help(context: Context, command: Command) -> Answer:
    what = command.text("string").strip().upper()
    forms = {verb: form for verb, form in context.forms.items() if verb not in NOT_VERBS}
    if not what:
        return Answer("help", {}, (f"{context.policy.domain} knows", " ".join(forms), "HELP and a verb says more"))
    form = forms.get(what)
    if form is None:
        return Answer("help-unknown", {"what": what})
    return Answer("help", {}, (f"{what} {form.syntax}".rstrip(), form.meaning))


HELP = Extension(
    name="Help",
    ehlo_keyword="HELP",
    defined_in="RFC 821",
    meaning="the server answers HELP",
    forms=(
        Form(
            "HELP",
            "[SP string]",
            "ask what the server knows, or about one verb",
            "help-tells",
            success=(211, 214),
            failure=(502, 504),
        ),
    ),
    rows=(row(GREETED, "HELP", "2", "", "help-tells"),),
    answers={"HELP": _help},
)
