"""Ask whether a response meets one criterion."""

from __future__ import annotations

from rubrictool.errors import Unreadable
from rubrictool.models.json_schema import YES_OR_NO, Schema, object_of
from rubrictool.models.question import Question
from rubrictool.questions import judge
from rubrictool.questions.json_replies import last_object, without_repeats
from rubrictool.questions.templates import REASON, Templates, answer_form, fence
from rubrictool.rows.records import Prompt, Verdict
from rubrictool.text.chats import Conversation


def question(templates: Templates, prompt: Prompt, criterion: str, response: str | Conversation) -> Question:
    """Ask about one criterion, which comes last."""
    answered = templates.response("response", response)
    return templates.question(
        "criterion",
        prompt,
        prefixes=[[], [answered]],
        response=answered,
        criterion=fence("criterion", criterion),
        word_count=judge.word_count([criterion], response),
        form=answer_form("met", judge.MET, reasons=templates.reasons),
    )


def schema(*, reasons: bool = False) -> Schema:
    """Return the schema of one verdict, with `reasons` after a reason."""
    return object_of(reason=REASON, met=YES_OR_NO) if reasons else object_of(met=YES_OR_NO)


def parse(reply: str) -> Verdict:
    """Return the verdict, under the id c1. Raises `Unreadable` where it is missing or neither yes nor no."""
    entry = last_object(reply, "met")
    if entry is None:
        return judge.parse(reply, count=1)[0]
    answer = without_repeats(entry, {"met", "reason", "p"})
    if answer is None:
        raise Unreadable("the verdict is given twice")
    return judge.verdict("c1", answer)
