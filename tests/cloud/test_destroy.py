"""`clickstream destroy` against an account (moto) with resources left in every category that people forget."""

from __future__ import annotations

import pytest

from clickstream.cloud import names
from clickstream.cloud.account import Account
from clickstream.cloud.destroy.run import destroy, plan
from clickstream.cloud.destroy.sweep import CATEGORIES
from tests.cloud.amplify import Amplify
from tests.cloud.leftovers import FOREIGN, everything, make_all, make_decoys


def no_wait(seconds: float) -> None:
    del seconds


def test_everything_of_the_platform_goes_and_nothing_of_others(account: Account, amplify: Amplify) -> None:
    list(make_decoys(account, amplify, {}, "untagged"))
    list(make_decoys(account, amplify, FOREIGN, "foreign"))
    before = everything(account, amplify)
    list(make_all(account, amplify))
    full = everything(account, amplify)
    assert len(full) > len(before) + 30

    found = plan(account)
    assert {each.kind for each in found.items} >= {each.kind for each in CATEGORIES}
    assert everything(account, amplify) == full

    lines: list[str] = []
    outcome = destroy(account, report=lines.append, wait=no_wait)
    assert [each for each in outcome.left if "clickstream" in each.id] == []
    assert everything(account, amplify) == before

    again = destroy(account, report=lines.append, wait=no_wait)
    assert again.is_clean
    assert again.deleted == []
    assert plan(account).is_empty
