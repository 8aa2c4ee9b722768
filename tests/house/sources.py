"""The sources as the guards see them: files by folder, and what a file imports."""

import ast
import pathlib
import shutil
import subprocess
from collections.abc import Iterator

LAYERS = ("domain", "ports", "adapters", "application")
FACADE = "facade"


def python_files(root: pathlib.Path, *folders: str) -> Iterator[pathlib.Path]:
    """The Python files below *folders* of *root*, in order."""
    for folder in folders:
        yield from sorted((root / folder).rglob("*.py"))


def parse(path: pathlib.Path) -> ast.Module:
    """The syntax tree of the file at *path*."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imports(tree: ast.AST) -> Iterator[tuple[int, int, str]]:
    """Line, level (0: absolute; 1: this package; 2: its parent ...) and module of each import in *tree*."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, 0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.level, node.module or ""


def own_files(root: pathlib.Path) -> list[pathlib.Path]:
    """The project's own text files: what git tracks or would track; without git, the known folders and the root."""
    git = shutil.which("git")
    if git and (root / ".git").exists():
        listing = subprocess.run(
            [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        )
        candidates = [root / name for name in listing.stdout.split("\0") if name]
    else:
        folders = (*LAYERS, FACADE, "tests", "tools", "bench", "docs", ".ci")
        candidates = [path for folder in folders for path in (root / folder).rglob("*")]
        candidates += root.iterdir()
    texts = {".py", ".md", ".toml", ".txt", ".in", ".yml", ".yaml", ".cfg", ".json", ".sh", ""}
    return sorted(path for path in candidates if path.is_file() and path.suffix in texts)
