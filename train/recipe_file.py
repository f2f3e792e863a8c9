"""`recipe.toml` of a workspace: how its models are made, when `paidan tune` found something better than the default."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

from paidan.errors import RecordsError
from paidan.features import VIEWS
from train.estimators import Penalty
from train.fit import Recipe
from train.vectorise import View

FILE = "recipe.toml"
HEAD = "# How models of this workspace are made; written by `paidan tune`, used by `paidan train`. Delete it for the default.\n"
LONGEST = 6


def recipe_of(home: Path, otherwise: Recipe) -> Recipe:
    """The recipe of a workspace; `otherwise` where it has none. What the file does not name stays as it is there.

    Raises:
        RecordsError: the file cannot be read; names every problem.
    """
    path = home / FILE
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return otherwise
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RecordsError(f"{path}: {error}. Mend it, or delete it for the default recipe") from None
    problems: list[str] = []
    views = tuple(_view(one, problems) for one in raw.get("views", [])) or otherwise.views
    if len({view.view for view in views}) < len(views):
        problems.append("a view is named twice")
    penalties = {head: _penalty(head, one, problems) for head, one in raw.get("penalties", {}).items()}
    problems += [
        f"'{key}' is unknown; allowed are views and penalties" for key in raw if key not in ("views", "penalties")
    ]
    if problems:
        raise RecordsError("\n".join(f"{path}: {problem}" for problem in problems))
    penalty = penalties.pop("tag", otherwise.penalty)
    return replace(otherwise, views=views, penalty=penalty, penalties={**otherwise.penalties, **penalties})


def write_recipe(home: Path, recipe: Recipe, note: str = "") -> Path:
    """Write a recipe beside the old one and swap."""
    lines = [HEAD, f"# {note}\n" if note else ""]
    lines += [
        f'[[views]]\nview = "{view.view}"\nshortest = {view.shortest}\nlongest = {view.longest}\n'
        f"scale = {float(view.scale)}\nscarce = {view.scarce}\n"
        for view in recipe.views
    ]
    lines += [
        f"[penalties.{head}]\nc = {float(penalty.c)}\nbalanced = {str(penalty.balanced).lower()}\n"
        for head, penalty in {"tag": recipe.penalty, **recipe.penalties}.items()
    ]
    path = home / FILE
    partial = path.with_suffix(".part")
    partial.write_text("\n".join(filter(None, lines)), encoding="utf-8")
    partial.replace(path)
    return path


def _view(raw: Any, problems: list[str]) -> View:
    try:
        view = View(
            raw["view"],
            int(raw["shortest"]),
            int(raw["longest"]),
            float(raw.get("scale", 1.0)),
            int(raw.get("scarce", 1)),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        problems.append(f"views: {error!r}; a view has view, shortest, longest, and may have scale and scarce")
        return View("words", 1, 1)
    if (
        view.view not in VIEWS
        or not 1 <= view.shortest <= view.longest <= LONGEST
        or view.scale <= 0
        or view.scarce < 1
    ):
        problems.append(
            f"views: {view.view} {view.shortest}-{view.longest}, scale {view.scale}, scarce {view.scarce}; allowed are "
            f"{' and '.join(VIEWS)}, 1 to {LONGEST}, a scale above 0, scarce from 1"
        )
    return view


def _penalty(head: str, raw: Any, problems: list[str]) -> Penalty:
    try:
        penalty = Penalty(float(raw["c"]), bool(raw.get("balanced", False)))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        problems.append(f"penalties.{head}: {error!r}; a penalty has c, and may have balanced")
        return Penalty()
    if penalty.c <= 0:
        problems.append(f"penalties.{head}: c is {penalty.c}; it must be above 0")
    return penalty
