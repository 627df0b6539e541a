"""Notebooks: every one is stored without outputs, keeps to the house rules, is in step, and runs to its end."""

import ast
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from esmtp_lab.notebook.chapters import chapters, notebook, written
from esmtp_lab.tutor.lesson import lessons

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
CHAPTERS = list(chapters(lessons()))
SAYS = {
    "00-tour": ("S: 250-SIZE 10485760", "S: 501 5.5.4", "!! the client broke this", "S: 500"),
    "instructor": ("C: EHLO me.example", "!! the client broke this"),
    "design-an-extension": ("S: 250 XMOOD", "S: 500 5.5.2", "S: 555"),
}
"""What is among the outputs of the notebooks that tell something."""


def test_every_notebook_is_known():
    assert {path.stem for path in NOTEBOOKS} == {*SAYS, *(Path(name).stem for name, _ in CHAPTERS)}


@pytest.mark.parametrize(("name", "chapter"), CHAPTERS, ids=[name for name, _ in CHAPTERS])
def test_the_notebook_of_a_chapter_is_in_step_with_its_lessons(name, chapter):
    assert (FOLDER / name).read_text("utf-8") == written(notebook(chapter)), "python -m esmtp_lab.notebook.chapters"


def test_every_lesson_stands_in_a_chapter():
    assert [each.id for _, chapter in CHAPTERS for each in chapter] == [each.id for each in lessons()]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_outputs_and_in_short_cells(path):
    stored = nbformat.read(path, as_version=4)
    nbformat.validate(stored)
    assert "widgets" not in stored.metadata
    for section in sections(stored):
        code = [cell for cell in section if cell.cell_type == "code"]
        for cell in code:
            assert cell.outputs == []
            assert cell.execution_count is None
            assert len(cell.source.splitlines()) <= 9
            if not cell.source.startswith("%"):
                assert not [
                    node for node in ast.walk(ast.parse(plain(cell.source))) if isinstance(node, ast.FunctionDef)
                ]
        assert not code or "assert" in code[-1].source, section[0].source


def plain(source: str) -> str:
    """A cell without its magics."""
    return "\n".join(line for line in source.splitlines() if not line.startswith("%"))


def sections(stored):
    """The cells from each heading of the second level to the next."""
    found = [[]]
    for cell in stored.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            found.append([])
        found[-1].append(cell)
    return found[1:]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_a_notebook_runs_to_its_end(path, tmp_path, monkeypatch):
    monkeypatch.setenv("ESMTP_LAB_PROGRESS", str(tmp_path / "progress.json"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    stored = nbformat.read(path, as_version=4)
    NotebookClient(stored, timeout=120, kernel_name="python3").execute()
    outputs = [output for cell in stored.cells if cell.cell_type == "code" for output in cell.outputs]
    text = "\n".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs)
    for words in SAYS.get(path.stem, ("[ ]",)):
        assert words in text
