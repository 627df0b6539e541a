"""The themes: contrast on their ground, and colours that stay apart for people who see other colours."""

import math
import tomllib
from importlib import import_module
from itertools import combinations
from pathlib import Path

import pytest
from prompt_toolkit.output.vt100 import _256_colors
from prompt_toolkit.styles import default_ui_style, merge_styles
from pygments.token import Generic, Keyword, Name, Number, Token

from esmtp_lab.highlight.themes import ROLES, THEMES, looks
from esmtp_lab.highlight.tokens import MARK, NEGATIVE, TOKENS
from esmtp_lab.shell.look import class_of, style

ROOT = Path(__file__).resolve().parents[2]
GROUNDED = [name for name, theme in THEMES.items() if theme.ground]
APART = (Keyword, Number.Integer, Generic.Error, Name.Attribute)
"""A command's verb, a reply that agrees, one that refuses, and a parameter."""
SEEN_AS = {
    "as most see": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}
"""Machado, Oliveira and Fernandes, A physiologically-based model for simulation of color vision deficiency, 2009:
severity 1.0, for linear RGB."""
Colour = tuple[float, float, float]


def rgb(code: str) -> tuple[int, int, int]:
    return int(code[0:2], 16), int(code[2:4], 16), int(code[4:6], 16)


def of_256(code: str) -> tuple[int, int, int]:
    """What a terminal of 256 colours shows instead."""
    return _256_colors.colors[_256_colors[rgb(code)]]


def linear(colour: tuple[int, int, int]) -> Colour:
    parts = [each / 255 for each in colour]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return red, green, blue


def luminance(colour: Colour) -> float:
    return 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]


def contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    """WCAG 2.1, the definition of contrast ratio."""
    dark, light = sorted((luminance(linear(one)), luminance(linear(other))))
    return (light + 0.05) / (dark + 0.05)


def cielab(colour: Colour) -> Colour:
    """CIE 1976 L*a*b*, from linear sRGB under D65."""
    red, green, blue = colour
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883
    fx, fy, fz = (each ** (1 / 3) if each > 0.008856 else 7.787 * each + 16 / 116 for each in (x, luminance(colour), z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def seen(colour: tuple[int, int, int], sight: str) -> Colour:
    matrix = SEEN_AS[sight]
    red, green, blue = (
        min(1.0, max(0.0, sum(w * v for w, v in zip(row, linear(colour), strict=True)))) for row in matrix
    )
    return red, green, blue


def test_the_measures_are_those_of_the_books():
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((0x77, 0x77, 0x77), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)
    assert cielab(linear((255, 0, 0))) == pytest.approx((53.2, 80.1, 67.2), abs=0.3)
    assert [sum(row) for matrix in SEEN_AS.values() for row in matrix] == pytest.approx([1] * 12, abs=1e-5)


@pytest.mark.parametrize("theme", GROUNDED)
@pytest.mark.parametrize("depth", [rgb, of_256])
def test_contrast_of_all_that_the_shell_draws(theme, depth):
    drawn = merge_styles([default_ui_style(), style(theme)])
    classes = {name for name, _ in style(theme).style_rules if name} | {class_of(token) for token in ROLES}
    assert len(classes) > len(ROLES) + 20
    for each in classes:
        within = "class:completion-menu " if each.startswith("completion-menu.") else ""
        attrs = drawn.get_attrs_for_style_str(f"{within}class:{each}")
        assert contrast(depth(attrs.color), depth(attrs.bgcolor)) >= THEMES[theme].contrast, each


def test_no_theme_promises_less_than_wcag_asks_for():
    promised = {name: theme.contrast for name, theme in THEMES.items()}
    assert promised == {
        "terminal": 0,
        "dark": 4.5,
        "light": 4.5,
        "mono": 0,
        "high-contrast": 7,
        "colour-blind": 4.5,
        "projector-dark": 7,
        "projector-light": 7,
    }


@pytest.mark.parametrize("sight", SEEN_AS)
@pytest.mark.parametrize("depth", [rgb, of_256])
def test_the_colour_blind_theme_keeps_apart_what_must_be_told_apart(sight, depth):
    drawn = style("colour-blind")
    colours = {token: drawn.get_attrs_for_style_str(f"class:{class_of(token)}").color for token in APART}
    for one, other in combinations(APART, 2):
        far = math.dist(cielab(seen(depth(colours[one]), sight)), cielab(seen(depth(colours[other]), sight)))
        assert far >= 20, (one, other, far)


@pytest.mark.parametrize("theme", ["colour-blind", "mono"])
def test_marks_keep_them_apart_without_any_colour(theme):
    drawn = style(theme)
    attrs = [drawn.get_attrs_for_style_str(f"class:{class_of(token)}") for token in APART]
    assert len({(each.bold, each.underline) for each in attrs}) == len(APART)


def test_what_has_no_ground_leaves_the_colours_to_the_terminal():
    for theme in THEMES.keys() - set(GROUNDED):
        drawn = merge_styles([default_ui_style(), style(theme)])
        for name, _ in style(theme).style_rules:
            attrs = drawn.get_attrs_for_style_str(f"class:{name}")
            assert attrs.bgcolor in ("", "default"), name
            assert attrs.color in ("", "default") or (theme == "terminal" and attrs.color.startswith("ansi")), name


def test_every_token_has_a_role_and_every_role_a_colour():
    for token in {*TOKENS.values(), NEGATIVE, MARK}:
        assert any(token in role for role in ROLES), token
    for name in GROUNDED:
        assert {role for role, _ in ROLES.values()} == THEMES[name].colours.keys()


def test_pygments_has_each_theme_as_a_style():
    named = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]["pygments.styles"]
    assert named.keys() == {f"esmtp-{name}" for name in THEMES} - {"esmtp-terminal"}
    for name, where in named.items():
        module, _, attribute = where.partition(":")
        found = getattr(import_module(module), attribute)
        theme = name.removeprefix("esmtp-")
        assert found.name == name and looks(theme).items() <= found.styles.items()
        assert found.background_color == (THEMES[theme].ground or "#ffffff")
        assert found.style_for_token(Token.Keyword)["bold"]
