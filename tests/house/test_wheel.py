"""What somebody gets who installs the built package instead of cloning the repository."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.house.tree import PACKAGES, ROOT, clean_environment, name_of, python_files


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("dist")
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", target],
        capture_output=True,
        text=True,
        timeout=100,
        cwd=ROOT,
        env=clean_environment(),
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (found,) = target.glob("*.whl")
    return found


def test_the_wheel_holds_every_module_and_nothing_else_of_python(wheel: Path) -> None:
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".py")}
    assert inside == {name_of(path) for path in python_files(*PACKAGES)}


def test_the_wheel_holds_the_example_workflows(wheel: Path) -> None:
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("flowdesk/examples/")}
    assert inside == {f"flowdesk/examples/{path.name}" for path in (ROOT / "examples").glob("*.yaml")}


def test_the_wheel_is_typed_and_licensed(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(names)
    assert any(name.endswith("dist-info/licenses/LICENSE") for name in names)


def test_the_wheel_declares_its_commands(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (name,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
    points = archive.read(name).decode()
    assert "flowdesk = flowdesk.__main__:main" in points
    assert "flowdesk-server = server.__main__:main" in points


def test_both_commands_start_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    """Unpacked beside nothing else of the checkout; -I keeps the checkout itself off the path."""
    zipfile.ZipFile(wheel).extractall(tmp_path)
    for module in ("flowdesk.__main__", "server.__main__"):
        code = (
            f"import sys; sys.path[:] = [{str(tmp_path)!r}] + [p for p in sys.path if p != {str(ROOT)!r}]\n"
            f"sys.argv = ['it', '--help']\n"
            f"import {module.partition('.')[0]} as package; print(package.__file__)\n"
            f"from flowdesk.examples import examples_dir; assert str(examples_dir()).startswith({str(tmp_path)!r})\n"
            f"from {module} import main; main()"
        )
        ran = subprocess.run(
            [sys.executable, "-I", "-c", code], capture_output=True, text=True, timeout=60, env=clean_environment()
        )
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout.startswith(str(tmp_path))
        assert "Usage" in ran.stdout or "usage" in ran.stdout
