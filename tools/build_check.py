"""Builds the wheel and proves it in a clean environment, in a folder where no source is in sight.

Steps: sdist, the wheel from the sdist, the list of what it ships; a fresh environment with the core alone, where
importing must have no effect; then with every extra, where the command line answers and the tests run against the
installed package. What stays is dist/.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import tomllib
import venv
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
WITH_TESTS = ("pytest", "pytest-timeout", "pytest-xdist", "responses")


def main() -> int:
    """Build and prove; a failing step ends the program with its exit status."""
    shutil.rmtree(DIST, ignore_errors=True)
    _run(sys.executable, "-m", "build", "--outdir", DIST, ROOT)
    (wheel,) = DIST.glob("*.whl")
    _check_contents(wheel)
    with tempfile.TemporaryDirectory(prefix="surefill-build-") as name:
        _prove(wheel, pathlib.Path(name).resolve())
    sys.stdout.write(
        f"make build: {wheel.relative_to(ROOT)} is complete, imports without effect and passes its tests.\n"
    )
    return 0


def _check_contents(wheel: pathlib.Path) -> None:
    """The wheel ships our package and its metadata, every module of the sources, and nothing else."""
    names = zipfile.ZipFile(wheel).namelist()
    foreign = [name for name in names if not name.startswith(("surefill/", "surefill-"))]
    if foreign:
        sys.exit(f"make build: the wheel ships more than surefill/: {foreign}; see [tool.setuptools] in pyproject.toml")
    wanted = {"surefill/py.typed"}
    for folder, target in _mapping().items():
        for path in (ROOT / folder).rglob("*.py"):
            wanted.add(f"{target}/{path.relative_to(ROOT / folder).as_posix()}")
    if lacking := sorted(wanted - set(names)):
        sys.exit(f"make build: the wheel lacks {lacking}; complete [tool.setuptools] packages in pyproject.toml")
    sys.stdout.write(f"make build: the wheel ships {len(names)} files, all of them surefill's.\n")


def _mapping() -> dict[str, str]:
    """The folders of the sources and where the wheel has them: `domain` is `surefill/domain`."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    return {folder: name.replace(".", "/") for name, folder in settings["package-dir"].items()}


def _prove(wheel: pathlib.Path, place: pathlib.Path) -> None:
    """Install the wheel below *place*, first alone and then with everything, and use it there."""
    venv.create(place / "venv", with_pip=True, symlinks=True)
    python = place / "venv" / "bin" / "python"
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-c", ROOT / "constraints.txt")
    elsewhere = place / "elsewhere"
    elsewhere.mkdir()
    shutil.copytree(ROOT / "tests", elsewhere / "tests", ignore=shutil.ignore_patterns("__pycache__", "recorded"))
    shutil.copy(ROOT / "pyproject.toml", elsewhere)  # for pytest's settings only: no source is beside it

    _run(*pip, wheel, cwd=elsewhere)
    _run(python, "-I", "-B", elsewhere / "tests" / "house" / "import_probe.py", "surefill", cwd=elsewhere)
    _run(*pip, f"surefill[all] @ {wheel.as_uri()}", *WITH_TESTS, cwd=elsewhere)
    _run(python, "-m", "surefill", "--help", cwd=elsewhere)
    _run(place / "venv" / "bin" / "surefill", "--help", cwd=elsewhere)
    _run(python, "-m", "pytest", "-n", "2", "-p", "no:cacheprovider", cwd=elsewhere)


def _run(*command: str | pathlib.Path, cwd: pathlib.Path = ROOT) -> None:
    words = [str(word) for word in command]
    sys.stdout.write(f"make build: {' '.join(words)}\n")
    sys.stdout.flush()
    # PYTHONPATH and its kin could put the sources back in sight
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment["HYPOTHESIS_PROFILE"] = "ci"
    status = subprocess.run(words, cwd=cwd, env=environment, check=False).returncode
    if status:
        sys.exit(status if status > 0 else 1)


if __name__ == "__main__":
    sys.exit(main())
