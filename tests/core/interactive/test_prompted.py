"""Answers of a promptable model only add where asked, and only take away where asked."""

from __future__ import annotations

import numpy as np

from datakit.core.interactive.prompted import prompted
from datakit.core.interactive.prompts import Click, Prompts


def test_clicks_add_and_take_away_what_is_connected_with_them() -> None:
    answer = np.zeros((6, 12), np.float32)
    answer[1:5, 1:5] = answer[1:5, 7:11] = 0.9
    asked = []

    def model(clicks, box):
        asked.append((list(clicks), box))
        return answer

    empty = np.zeros((6, 12), bool)
    one = prompted(model, Prompts(clicks=(Click(2.5, 2.5),)), empty)
    assert (one == ((answer > 0) & (np.arange(12) < 6))).all()
    clicks = (Click(2.5, 2.5), Click(8.5, 2.5, positive=False))
    assert (prompted(model, Prompts(clicks=clicks), answer > 0) == one).all()
    # The negative click asks for what lies below it, told apart from the positive one.
    assert asked[-1] == ([(2.5, 2.5, False), (8.5, 2.5, True)], None)
    # Clicks on what is so already ask nothing.
    count = len(asked)
    assert (prompted(model, Prompts(clicks=clicks), one) == one).all()
    assert len(asked) == count


def test_a_box_and_a_lasso_keep_the_answer_inside() -> None:
    full = np.ones((6, 12), np.float32)
    asked = []
    found = prompted(
        lambda clicks, box: asked.append(box) or full,
        Prompts(box=(1, 1, 4, 3), lasso=((8.5, 1.5), (10.5, 1.5), (10.5, 3.5), (8.5, 3.5))),
        np.zeros((6, 12), bool),
    )
    assert asked == [(1, 1, 4, 3), (8, 1, 11, 4)]
    assert found.sum() == 6 + 9
