"""Work out what all sections of a report are made from: the rubrics, the judgings and their verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rubrictool.report.criterion_figures import CriterionFigures, criterion_figures
from rubrictool.report.judgings import JudgedCriterion, ReportJudging, StoredVerdict, report_judgings, stored_verdicts
from rubrictool.report.report_files import ReportFiles
from rubrictool.report.rubric_book import RubricBook
from rubrictool.text.encoding import digest
from rubrictool.text.patterns import linear


class ReportData(NamedTuple):
    """The files of a report, and what several sections need of them.

    `stored` has the verdicts of all judgings by what they are on, `figures` those of each criterion by prompt and text,
    `anchors` has the name in links within the page of each prompt that has a rubric, rounds or findings.
    """

    files: ReportFiles
    book: RubricBook
    judgings: Sequence[ReportJudging]
    stored: Mapping[JudgedCriterion, Sequence[StoredVerdict]]
    figures: Mapping[tuple[str, str], CriterionFigures]
    anchors: Mapping[str, str]

    @property
    def titles(self) -> list[str]:
        """Return what people call each judging."""
        return [one.title for one in self.judgings]


def report_data(files: ReportFiles) -> ReportData:
    """Return what the sections of a report on these files are made from."""
    book = RubricBook(files)
    judgings = report_judgings(files, book)
    stored = stored_verdicts(judgings, book)
    scores = {(row.prompt_id, row.id): row.score for judging in judgings for row in judging.rows}
    told = {one.rubric for one in files.findings} | book.rounds.keys()
    anchors = {name: _anchor(name) for name, rubric in book.last.items() if rubric or name in told}
    return ReportData(files, book, judgings, stored, criterion_figures(stored, scores), anchors)


_PLAIN = linear(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,80}")


def _anchor(prompt_id: str) -> str:
    """Return the name of a prompt in links within the page: its id where that is plain, else a hash of it."""
    return f"p-{prompt_id}" if _PLAIN.fullmatch(prompt_id) else f"p-{digest(prompt_id)}"
