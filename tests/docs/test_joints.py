"""Joints of the market: a lever hurts its owner where its channel acts, and only there."""

from __future__ import annotations

import pytest

from tests.docs.scripts import script

joints = script("joints")
FAILURES = {f"{f.lever}, {f.channel}": f for f in joints.FAILURES}


@pytest.mark.slow
@pytest.mark.parametrize("name", FAILURES)
def test_a_lever_lowers_its_owners_share_through_its_channel_alone(name):
    assert joints.effect(FAILURES[name], True, 0) < -1.0
    assert joints.effect(FAILURES[name], False, 0) >= 0.0


def test_each_lever_that_never_hurt_has_a_world_in_which_it_does():
    told = {failure.lever for failure in joints.FAILURES}
    assert told >= {"scale", "account_poaching", "creator_platform", "exclusive_marketing"}
    page = joints.PAGE.read_text(encoding="utf-8")
    assert all(failure.channel in page for failure in joints.FAILURES)
