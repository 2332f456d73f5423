"""Work out what the report of a run shows, section by section."""

from __future__ import annotations

from dataclasses import dataclass

from rubrictool.report.criterion_figures import criterion_figures
from rubrictool.report.figures_sections import agreement_tables, signal_tables, tail_sections
from rubrictool.report.judgings import doubtful_verdicts, report_judgings, stored_verdicts
from rubrictool.report.matrix_data import MatrixBuilder, MatrixData
from rubrictool.report.overview import Overview, PageSections, overview
from rubrictool.report.report_files import ReportFiles
from rubrictool.report.rubric_book import RubricBook
from rubrictool.report.rubrics_section import RubricsSection
from rubrictool.report.scores_section import scores_section
from rubrictool.report.systems_section import systems_section
from rubrictool.text.encoding import digest
from rubrictool.text.patterns import linear


@dataclass(frozen=True)
class ReportPage:
    """All that a report shows, section by section; a section without anything to show is empty or None."""

    overview: Overview
    sections: PageSections
    matrix: MatrixData | None


def report_page(files: ReportFiles, *, seed: int = 0) -> ReportPage:
    """Return what the report of these files shows. Intervals are drawn with `seed`."""
    book = RubricBook(files)
    judgings = report_judgings(files, book)
    stored = stored_verdicts(judgings, book)
    anchors = {prompt_id: anchor(prompt_id) for prompt_id in book.last}
    scores = {(row.prompt_id, row.id): row.score for judging in judgings for row in judging.rows}
    figures = criterion_figures(stored, scores)
    sections = PageSections(
        RubricsSection(files, book, stored, figures, [one.title for one in judgings]).prompts(anchors),
        scores_section(judgings, seed=seed),
        [systems_section(name, found, files, seed=seed) for name, found in files.comparisons],
        tail_sections(files),
        signal_tables(files),
        agreement_tables(files),
    )
    return ReportPage(
        overview(files, judgings, doubtful_verdicts(stored, files), sections, anchors),
        sections,
        MatrixBuilder(files, book, stored, figures, anchors).build(judgings) if judgings else None,
    )


_PLAIN = linear(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,80}")


def anchor(prompt_id: str) -> str:
    """Return the name of a prompt in links within the page: its id where that is plain, else a hash of it."""
    return f"p-{prompt_id}" if _PLAIN.fullmatch(prompt_id) else f"p-{digest(prompt_id)}"
