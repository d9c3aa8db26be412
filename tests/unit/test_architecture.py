"""Imports point left, and the world stays at the edge. A module that belongs to no layer fails."""

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PACKAGES = ("planerka", "expectations", "tasks", "flows")

LAYERS: tuple[tuple[str, ...], ...] = (
    ("planerka.phones", "planerka.unseen"),
    ("planerka.errors",),
    ("planerka.files",),
    ("planerka.model", "planerka.dispute_states"),
    ("planerka.clock", "planerka.ternary", "planerka.stats", "planerka.words"),
    ("planerka.sections", "planerka.survival"),
    ("planerka.people",),
    ("planerka.settings",),
    ("planerka.rulebook",),
    ("planerka.crm", "planerka.store"),
    ("planerka.privacy",),
    ("planerka.intake",),
    ("planerka.regulation",),
    ("planerka.disputes",),
    ("planerka.processes",),
    ("planerka.kpis",),
    ("planerka.motivation",),
    ("planerka.whatif",),
    ("planerka.meeting",),
    ("planerka.pack",),
    ("planerka.preview",),
    ("planerka.delivery",),
    ("planerka.desk",),
    ("expectations",),
    ("tasks",),
    ("flows",),
    ("flows.cli",),
)
"""From left to right; modules of one layer do not import each other, modules of one entry may."""

# What is fenced, and the only places that may have it.
IMPORT_FENCES = {
    "prefect": ("tasks", "flows"),
    "great_expectations": ("expectations",),
    "alembic": ("planerka.store",),
    "sqlite3": ("planerka.store",),
    "psycopg": ("planerka.store",),
    "httpx": ("planerka.crm", "flows.quiet"),  # whose errors Prefect's client raises
    "requests": (),
    "urllib.request": ("planerka.crm", "flows.quiet"),  # asks whether a Prefect server answers
    "smtplib": ("planerka.delivery",),
    "phonenumbers": ("planerka.phones",),
    "openpyxl": ("planerka.files", "planerka.crm.xlsx_file"),
    "jinja2": ("planerka.pack", "planerka.desk"),
    "fastapi": ("planerka.desk", "flows"),
    "starlette": ("planerka.desk", "flows"),
    "uvicorn": ("planerka.desk", "flows"),
    "vl_convert": ("planerka.pack",),
    "typer": ("flows",),
    "rich": ("flows",),
}

# flows.quiet writes Prefect's own variables before Prefect is imported; it reads none of planerka's.
ENVIRONMENT_READERS = ("planerka.settings", "flows.wiring", "flows.quiet")
CLOCK_READERS = ("planerka.settings", "flows.wiring")

SQL_HOMES = ("planerka.store", "planerka.crm")
SQL_TYPES = {"sqlalchemy.Engine", "sqlalchemy.Connection"}
SQL_CALLS = {"execute", "executemany", "exec_driver_sql", "scalar", "scalars", "read_sql", "read_sql_query", "to_sql"}

CLOCKS = {"now", "utcnow", "today"}


def name_of(path: Path) -> str:
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for package in PACKAGES for path in sorted((PROJECT / package).rglob("*.py"))}


@cache
def tree_of(module: str) -> ast.Module:
    """Read when the first test asks: to parse them all takes two seconds of every process that collects this file."""
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


@cache
def nodes_of(module: str) -> list[ast.AST]:
    return list(ast.walk(tree_of(module)))


def is_inside(module: str, places: tuple[str, ...]) -> bool:
    return any(module == place or module.startswith(f"{place}.") for place in places)


def layer_of(module: str) -> tuple[int, str]:
    """The number and name of the most exact entry that holds the module; -1 for none."""
    entries = [(len(e), n, e) for n, layer in enumerate(LAYERS) for e in layer if is_inside(module, (e,))]
    _, number, entry = max(entries, default=(0, -1, ""))
    return number, entry


def imports_of(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Every module the code imports, wherever the import stands; `from a import b` gives a.b as well as a."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import of {node.module}: write it from the root"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def imports_by(module: str) -> set[str]:
    return set(imports_of(nodes_of(module)))


def own_imports(module: str) -> list[str]:
    return sorted(imports_by(module) & MODULES.keys())


def points_left(module: str, imported: str) -> bool:
    (here, entry), (there, other) = layer_of(module), layer_of(imported)
    return there < here or entry == other or is_inside(module, (imported,))


def speaks_sql(node: ast.AST) -> bool:
    """Whether the node sends SQL or builds it; Engine and Connection are only handed through."""
    if isinstance(node, ast.ImportFrom) and is_inside(str(node.module), ("sqlalchemy",)):
        return not {f"{node.module}.{alias.name}" for alias in node.names} <= SQL_TYPES
    if not isinstance(node, ast.Attribute):
        return False
    is_sqlalchemy = isinstance(node.value, ast.Name) and node.value.id == "sa"
    return node.attr in SQL_CALLS or (is_sqlalchemy and node.attr not in {"Engine", "Connection"})


def calls_clock(node: ast.AST) -> bool:
    """`datetime.now()`, `date.today()`, `sa.func.now()`, `time.time()`, by whatever name the owner goes."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    return node.func.attr in CLOCKS or ast.unparse(node.func) == "time.time"


def reads_environment(node: ast.AST) -> bool:
    names = {"environ", "environb", "getenv"}
    if isinstance(node, ast.ImportFrom):
        return node.module == "os" and any(alias.name in names for alias in node.names)
    return isinstance(node, ast.Attribute) and node.attr in names


def test_every_module_belongs_to_a_layer():
    """A new module is given a place in LAYERS before it is given code."""
    roots = [name for name in MODULES if "." not in name]
    assert [] == [name for name in MODULES if name not in roots and layer_of(name)[0] < 0]


def test_imports_point_left():
    """Nothing imports what stands to its right, not even inside a function or for a type."""
    wrong = [f"{m} imports {i}" for m in MODULES for i in own_imports(m) if not points_left(m, i)]
    assert [] == wrong


@pytest.mark.parametrize("library", IMPORT_FENCES)
def test_a_fenced_library_is_imported_only_inside_its_fence(library):
    """Prefect, Great Expectations, SQL, HTTP, phones, sheets, templates and the shell each have one home."""
    users = [m for m in MODULES if any(is_inside(i, (library,)) for i in imports_by(m))]
    assert [] == [m for m in users if not is_inside(m, IMPORT_FENCES[library])]


def test_only_the_store_speaks_sql():
    """Our database has one home; a connector may read a customer's. Others hand an engine or a connection on."""
    wrong = [m for m in MODULES if any(map(speaks_sql, nodes_of(m)))]
    assert [] == [m for m in wrong if not is_inside(m, SQL_HOMES)]


def test_only_wiring_asks_for_the_time():
    """`now` is an argument everywhere else: a run can be repeated for any week."""
    wrong = [m for m in MODULES if any(map(calls_clock, nodes_of(m)))]
    assert [] == [m for m in wrong if not is_inside(m, CLOCK_READERS)]


def test_only_settings_and_wiring_read_the_environment():
    """Nothing deep inside depends on a variable that nobody sees."""
    wrong = [m for m in MODULES if any(map(reads_environment, nodes_of(m)))]
    assert [] == [m for m in wrong if not is_inside(m, ENVIRONMENT_READERS)]


def test_every_module_says_what_it_is_for():
    """The first line that somebody reads."""
    assert [] == [name for name in MODULES if not ast.get_docstring(tree_of(name))]


def test_init_files_hold_a_docstring_and_nothing_else():
    """A package is described where it is opened; code has a name of its own."""
    packages = [name for name, path in MODULES.items() if path.name == "__init__.py"]
    assert [] == [p for p in packages if not (ast.get_docstring(tree_of(p)) and len(tree_of(p).body) == 1)]


def test_every_folder_of_modules_is_a_package():
    """Setuptools leaves out a folder without `__init__.py`, and nobody notices in a clone."""
    assert [] == sorted({p.parent.name for p in MODULES.values() if not (p.parent / "__init__.py").exists()})


def test_unit_tests_need_neither_prefect_nor_great_expectations():
    """They stay fast, and prove that what is right or wrong can be told without either."""
    wrong = {
        path.name
        for path in (PROJECT / "tests" / "unit").rglob("*.py")
        for name in imports_of(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        if is_inside(name, ("prefect", "great_expectations", "tasks", "expectations"))
    }
    assert set() == wrong


def test_help_imports_nothing_slow():
    """`planerka --help` answers at once."""
    code = """if True:
        import sys
        from flows import cli
        try:
            cli.main()
        except SystemExit:
            pass
        slow = {"prefect", "great_expectations", "pandas", "numpy", "sqlalchemy", "scipy"}
        print(sorted(slow & set(sys.modules)), file=sys.stderr)
    """
    answer = subprocess.run(
        [sys.executable, "-c", code, "--help"], cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False
    )
    assert "[]" == answer.stderr.strip()
    assert "weekly" in answer.stdout
