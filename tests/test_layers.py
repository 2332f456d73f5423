"""The structure holds: imports point down, and nothing heavy is imported before it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

from source import MODULES, PACKAGE, nodes

import rubrictool

LAYERS = [
    "interrupts",
    "errors",
    "text",
    "shapes",
    "rows",
    "rubric",
    "models",
    "questions",
    "linting",
    "formats",
    "judging",
    "steps",
    "select",
    "analysis",
    "analysis.estimators",
    "analysis.judgings",
    "analysis.comparisons",
    "analysis.labels",
    "analysis.tails",
    "analysis.noise",
    "analysis.benchmarks",
    "analysis.monitoring",
    "refinement",
    "rewards",
    "distribution",
    "figures",
    "report",
    "simulation",
    "sync",
    "",
    "cli",
    "__main__",
]
"""The packages, the lowest first, also those in `analysis`: each imports from those before it. The empty name is `rubrictool`."""


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").rstrip(".")


def package_of(name: str) -> str:
    first, _, rest = name.partition(".")
    inner = f"{first}.{rest.split('.')[0]}"
    return inner if inner in LAYERS else first


NAMES = {name_of(path) for path in MODULES}


@cache
def imported(path: Path) -> frozenset[str]:
    """The modules of the package that a module imports, wherever in the file."""
    found: set[str] = set()
    for node in nodes(path):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "rubrictool":
            base = node.module.removeprefix("rubrictool").lstrip(".")
            inner = {f"{base}.{alias.name}".lstrip(".") for alias in node.names}
            found |= {name if name in NAMES else base for name in inner}
        if isinstance(node, ast.Import):
            found |= {
                alias.name.removeprefix("rubrictool").lstrip(".") for alias in node.names if "rubrictool" in alias.name
            }
    return frozenset(found)


def test_every_package_has_a_layer_and_no_layer_is_gone() -> None:
    assert {package_of(name) for name in NAMES} == set(LAYERS)


def height(name: str) -> int:
    return LAYERS.index(package_of(name))


def test_every_module_imports_only_from_its_own_package_and_those_below() -> None:
    modules = {name_of(path): imported(path) for path in MODULES}
    upwards = {name: {one for one in names if height(one) > height(name)} for name, names in modules.items()}
    assert {name: above for name, above in upwards.items() if above} == {}


def test_no_modules_import_each_other_in_a_circle() -> None:
    TopologicalSorter({name_of(path): imported(path) - {name_of(path)} for path in MODULES}).prepare()


def loaded(script: str, *names: str) -> set[str]:
    """Return which of these modules are there once a fresh Python has run a script."""
    asked = f"import sys\n{script}\nprint('loaded:', *({set(names)} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    return set(ran.stdout.rpartition("loaded:")[2].split())


def test_reading_every_command_imports_nothing_heavy() -> None:
    script = "from rubrictool.cli.command_table import COMMANDS\nfor entry in COMMANDS.values(): entry.load()"
    heavy = ["litellm", "aiohttp", "numpy", "pandas", "rich.console", "vllm", "ray", "matplotlib"]
    assert loaded(script, "rubrictool.models.client", *heavy) == {"rubrictool.models.client"}


def test_the_list_of_commands_needs_none_of_them() -> None:
    script = "from rubrictool import cli\ncli.run(['--help'])"
    assert loaded(script, "pydantic", "asyncio", "rubrictool.cli.options") == set()


def test_the_library_is_imported_name_by_name() -> None:
    assert loaded("import rubrictool", "pydantic", "rubrictool.errors") == set()
    assert loaded("from rubrictool import read", "rubrictool.rows.jsonl", "rubrictool.models.client") == {
        "rubrictool.rows.jsonl"
    }


def test_the_names_of_the_library_are_the_ones_that_type_checkers_see() -> None:
    block = next(node for node in nodes(PACKAGE / "__init__.py") if isinstance(node, ast.If))
    seen = {
        f"{node.module}.{alias.name}" for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    values = {name: getattr(rubrictool, name) for name in rubrictool.__all__}
    assert {f"{getattr(value, '__module__', 'rubrictool')}.{name}" for name, value in values.items()} == seen
    assert set(rubrictool.__all__) <= set(dir(rubrictool))


def test_no_module_prints_below_the_command_line() -> None:
    allowed = {"cli", "cli.files", "cli.terminal.progress", "__main__"}
    printing = [
        name_of(path)
        for path in MODULES
        for node in nodes(path)
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
        for node in nodes(path)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in ([ast.alias(node.module or "")] if isinstance(node, ast.ImportFrom) else node.names)
        if alias.name.split(".")[0] in engines and name_of(path) != "text.patterns"
    }
    assert others == {}, "use rubrictool.text.patterns: linear for our own, foreign for those of rows"
