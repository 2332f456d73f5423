"""The structure holds: imports point down, and nothing heavy is imported before it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import rubrictool

PACKAGE = Path(__file__).parent.parent / "rubrictool"

LAYERS = [
    {"errors", "interrupts", "patterns", "asking", "figures", "figures.style", "linting", "statistics"},
    {"foreign_files", "origins", "reasoning", "typeface"},
    {"texts"},
    {"messages"},
    {"aggregation", "checks", "linting.wordings"},
    {"records", "linting.contradictions", "linting.rewording"},
    {"traces"},
    {"empty", "jsonl", "rubrics", "schemas", "linting.faults"},
    {"defence", "prompts", "ranking", "replies", "theory", "acceptance", "linting.rules"},
    {"ceilings", "preferences", "linting.item_analysis"},
    {"statistics.intervals", "statistics.tails", "statistics.model_scores"},
    {"statistics.resampling", "statistics.paired_tests"},
    {"statistics.pair_accuracy", "statistics.overoptimization", "statistics.agreement", "statistics.signal_noise"},
    {"statistics.judgings", "statistics.winrates"},
    {"statistics.tail_reports", "statistics.signal_reports", "statistics.noise_floors", "statistics.score_differences"},
    {"statistics.matches"},
    {"figures.tail", "figures.winrate"},
    {"backends", "backends.keeper", "backends.keys", "backends.limits", "backends.model_names", "backends.replicas"},
    {"backends.bodies", "backends.finish_reasons", "backends.proxies", "backends.waits"},
    {"backends.envelope", "backends.streams"},
    {"backends.refusals"},
    {"backends.plain_client"},
    {"backends.http", "backends.hosted", "backends.replay"},
    {"backends.vllm"},
    {
        "asking.answers",
        "asking.cache",
        "asking.leads",
        "asking.loops",
        "asking.pace",
        "asking.probing",
        "asking.prompt_counts",
        "asking.spending",
    },
    {"asking.parameters"},
    {"asking.sending"},
    {"asking.connections", "asking.exchanges", "run"},
    {"asking.llm"},
    {"specs", "roles", "offline.lexicon"},
    {"offline.terms"},
    {"offline.demands"},
    {"offline.judge", "offline.proposer"},
    {"offline"},
    {"orders", "proposing", "samples", "sampling", "scoring"},
    {"players"},
    {"planning", "racing", "refinement", "comparing"},
    {"simulation.world"},
    {"simulation.judge"},
    {"simulation.measures", "simulation.proposer"},
    {"simulation.experiment"},
    {"simulation.summary"},
    {"simulation"},
    {""},
    {"cli.colours", "cli.endings", "cli.help_sections"},
    {"cli.progress"},
    {"cli.closing", "cli.files", "cli.flags", "cli.inputs", "cli.showcase", "cli.tables"},
    {"cli.duels", "cli.finished", "cli.gold", "cli.idle"},
    {"cli.pictures"},
    {"cli.session", "cli.judged", "cli.signal_table", "cli.tail_table", "cli.lint_lines", "cli.score_table"},
    {"cli.empties", "cli.winrate_closing"},
    {
        "cli.housekeeping",
        "cli.sample",
        "cli.propose",
        "cli.score",
        "cli.choice",
        "cli.filter_pairs",
        "cli.winrate",
        "cli.tail",
        "cli.agree",
        "cli.signal_noise",
        "cli.lint",
        "cli.guards",
    },
    {"cli.refine", "cli.filter_race"},
    {"cli.filter_top_k"},
    {"cli.menu"},
    {"cli"},
    {"__main__"},
]
HEIGHT = {name: height for height, layer in enumerate(LAYERS) for name in layer}
MODULES = sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").rstrip(".")


def imported(path: Path) -> set[str]:
    """The modules of the package that a module imports, wherever in the file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "rubrictool":
            base = node.module.removeprefix("rubrictool").lstrip(".")
            inner = {f"{base}.{alias.name}".lstrip(".") for alias in node.names}
            found |= {name if name in HEIGHT else base for name in inner}
        if isinstance(node, ast.Import):
            found |= {
                alias.name.removeprefix("rubrictool").lstrip(".") for alias in node.names if "rubrictool" in alias.name
            }
    return found


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_has_a_layer_and_imports_only_from_below(path: Path) -> None:
    name = name_of(path)
    assert name in HEIGHT, f"{name} has no layer yet"
    assert {other: HEIGHT[other] for other in imported(path) if HEIGHT[other] >= HEIGHT[name]} == {}


def test_the_layers_name_no_module_that_is_gone() -> None:
    assert set(HEIGHT) == {name_of(path) for path in MODULES}


def loaded(script: str, *names: str) -> set[str]:
    """Which of these modules are there once a fresh Python has run a script."""
    asked = f"import sys\n{script}\nprint('loaded:', *({set(names)} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    return set(ran.stdout.rpartition("loaded:")[2].split())


def test_reading_every_command_imports_nothing_heavy() -> None:
    script = "from rubrictool.cli.menu import COMMANDS\nfor entry in COMMANDS.values(): entry.load()"
    heavy = ["litellm", "aiohttp", "numpy", "pandas", "rich.console", "vllm", "ray", "matplotlib"]
    assert loaded(script, "rubrictool.asking.llm", *heavy) == {"rubrictool.asking.llm"}


def test_the_list_of_commands_needs_none_of_them() -> None:
    script = "from rubrictool import cli\ncli.run(['--help'])"
    assert loaded(script, "pydantic", "asyncio", "rubrictool.cli.flags") == set()


def test_the_library_is_imported_name_by_name() -> None:
    assert loaded("import rubrictool", "pydantic", "rubrictool.errors") == set()
    assert loaded("from rubrictool import read", "rubrictool.jsonl", "rubrictool.asking.llm") == {"rubrictool.jsonl"}


def test_the_names_of_the_library_are_the_ones_that_type_checkers_see() -> None:
    block = next(
        node for node in ast.walk(ast.parse((PACKAGE / "__init__.py").read_text())) if isinstance(node, ast.If)
    )
    seen = {
        f"{node.module}.{alias.name}" for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert {f"{getattr(rubrictool, name).__module__}.{name}" for name in rubrictool.__all__} == seen
    assert set(rubrictool.__all__) <= set(dir(rubrictool))


def test_no_module_prints_below_the_command_line() -> None:
    allowed = {"cli", "cli.files", "cli.progress", "__main__"}
    printing = [
        name_of(path)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert set(printing) <= allowed


def test_nobody_imports_click() -> None:
    assert not [path for path in MODULES if "import click" in path.read_text(encoding="utf-8")]


def test_only_the_module_of_patterns_compiles_any() -> None:
    """Elsewhere a pattern could meet other people's text with an engine that backtracks."""
    engines = {"re", "regex", "re2"}
    others = {
        name_of(path): alias.name
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in ([ast.alias(node.module or "")] if isinstance(node, ast.ImportFrom) else node.names)
        if alias.name.split(".")[0] in engines and name_of(path) != "patterns"
    }
    assert others == {}, "use rubrictool.patterns: linear for our own, foreign for those of rows"
