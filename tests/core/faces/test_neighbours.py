"""Which faces a frame is expected to show."""

from __future__ import annotations

from datakit.core.faces.neighbours import Sighting, expected_faces, is_near


def seen(x, y=0.4, side=0.1, score=0.9):
    return Sighting((x, y, x + side, y + side), 0.0, score)


def test_each_face_of_a_frame_accounts_for_one_of_its_neighbour():
    left, right = seen(0.3), seen(0.38)
    assert expected_faces([left, right], [("a", [left, right])], []) == ()
    (lacking,) = expected_faces([left], [("a", [left, right])], [])
    assert lacking.sighting == right


def test_one_face_of_several_neighbours_is_expected_once_where_the_nearest_shows_it():
    found = expected_faces([], [("b", [seen(0.3)]), ("a", [seen(0.25)])], [("d", [seen(0.35)])])
    assert [(one.seen_in, one.sighting, one.on_both_sides) for one in found] == [
        ("b", seen(0.3), True)
    ]


def test_a_faint_face_or_one_of_a_single_side_may_be_gone():
    faint = seen(0.3, score=0.3)
    for before, after in (([seen(0.3)], []), ([faint], [seen(0.3)]), ([seen(0.3)], [faint])):
        (found,) = expected_faces([], [("a", before)], [("c", after)])
        assert not found.on_both_sides


def test_what_is_far_or_of_another_size_is_another_face():
    assert is_near(seen(0.3), seen(0.39))
    assert not is_near(seen(0.3), seen(0.41))
    assert not is_near(seen(0.3), seen(0.28, 0.38, side=0.21))
    assert not is_near(seen(0.3), seen(0.3, side=0.0))
