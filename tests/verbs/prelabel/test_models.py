"""Which model an effort makes."""

from __future__ import annotations

import pytest

from datakit.errors import InputError
from datakit.verbs.prelabel.models import follows_edges, is_thorough, settings_of


def test_the_effort_goes_to_models_that_have_one() -> None:
    assert settings_of("mediapipe-selfie", "best", {})["effort"] == "best"
    assert "effort" not in settings_of("u2netp", "best", {})
    assert "effort" not in settings_of("otsu", "default", {})
    for name in ("otsu", "promptable"):
        with pytest.raises(InputError, match="--effort best: expected a model with weights"):
            settings_of(name, "best", {})


def test_who_is_helped_and_who_follows_edges() -> None:
    assert is_thorough("u2netp", "best")
    assert not is_thorough("mediapipe-selfie", "best")
    assert follows_edges("mediapipe-selfie", "default")
    assert follows_edges("u2netp", "best")
    assert not follows_edges("mediapipe-selfie", "fast")
    assert not follows_edges("u2netp", "default")
