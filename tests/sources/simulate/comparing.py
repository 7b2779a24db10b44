"""Compares an answer with the truth: every column that the answer has, rows matched by their key."""

from __future__ import annotations

from math import isclose
from typing import Any

Row = dict[str, Any]
_KEYS = {
    "overview": (),
    "time_series": ("bucket_local", "utc_offset_s", "split"),
    "revenue": ("currency",),
    "products": ("value",),
    "devices": ("value",),
    "acquisition": ("value",),
    "login_state": ("value",),
}


def differences(metric: str, found: list[Row], true: list[Row]) -> list[str]:
    """What is not as it should be, in words; doubles may differ by 1e-9 of themselves."""
    wanted, got = _keyed(metric, true), _keyed(metric, found)
    problems = [f"{key}: is missing" for key in wanted.keys() - got.keys()]
    problems += [f"{key}: should not be there: {got[key]}" for key in got.keys() - wanted.keys()]
    for key in wanted.keys() & got.keys():
        problems += [f"{key}: {text}" for text in _row(got[key], wanted[key])]
    return sorted(problems)


def _keyed(metric: str, rows: list[Row]) -> dict[tuple[Any, ...], Row]:
    keyed = {tuple(row[name] for name in _KEYS[metric]): row for row in rows}
    assert len(keyed) == len(rows), "a row came twice"
    return keyed


def _row(found: Row, true: Row) -> list[str]:
    unknown = [f"the truth knows no {name}" for name in found if name not in true]
    return unknown + [
        f"{name} is {found[name]}, in truth {true[name]}"
        for name in found
        if name in true and not _same(found[name], true[name])
    ]


def _same(found: Any, true: Any) -> bool:
    if isinstance(found, float) or isinstance(true, float):
        return found is not None and true is not None and isclose(found, true, rel_tol=1e-9, abs_tol=1e-15)
    return bool(found == true)
