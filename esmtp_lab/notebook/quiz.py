"""A question on a page: choices to click, a field for anything else, and what was said to the answer."""

from html import escape

from esmtp_lab.notebook.face import button, safe
from esmtp_lab.tutor.question import FORMS, Question


def quiz(question: Question, said: str | None) -> str:
    """The question, with what was `said` to it, if anything was."""
    inside = f'<div class="esmtp-ask">{escape(question.ask)}</div>{_ways(question)}{_standing(question, said)}'
    return f'<div class="esmtp-quiz" role="group" aria-label="a question">{inside}</div>'


def _ways(question: Question) -> str:
    """How it can be answered."""
    choices = [f"{key}  {choice}" for key, choice in question.choices.items()]
    if question.kind == "choice":
        clicks = (
            button("answer", text, value=f"{question.id} {key}")
            for key, text in zip(question.choices, choices, strict=True)
        )
        return f'<div class="esmtp-choices">{"".join(clicks)}</div>'
    listed = "".join(f"<li>{escape(each)}</li>" for each in choices)
    name = escape(question.id)
    return (
        f'<ul>{listed}</ul><form data-act="answer" data-before="{name} ">'
        f"<label>your answer: {escape(FORMS[question.kind])}"
        f'<input name="answer" data-focus="answer {name}" autocomplete="off" autocapitalize="off" spellcheck="false">'
        "</label><button>Answer</button></form>"
    )


def _standing(question: Question, said: str | None) -> str:
    if said is None:
        return "<div>[ ] not answered yet</div>"
    verdict = question.judge(said)
    mark = "[x] right:" if verdict.right else "[ ] not right:"
    return f"<div>{safe(f'{mark} {said} – {verdict.say}')}</div>"
