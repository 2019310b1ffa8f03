"""Consensus of several annotators: by majority, or weighted by reliability (STAPLE)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from datakit.errors import InputError

Votes = npt.NDArray[np.uint8]
Known = npt.NDArray[np.bool_]

_RELIABLE = 0.99999
"""How often each person is taken to be right before anything is known of them (ITK's value)."""
_MOST_ROUNDS = 200
_CONVERGED = 1e-7
_LEAST = 1e-12


def agreed(votes: Votes, known: Known) -> npt.NDArray[np.bool_]:
    """Return where all who know a pixel's class say the same, and at least one knows it.

    Parameters
    ----------
    votes : (R, H, W) uint8
        The class that each of R people gives each pixel.
    known : (R, H, W) bool
        Where each of them knows it.

    Examples
    --------
    >>> agreed(np.uint8([[[1, 1, 0]], [[1, 0, 1]]]), np.bool_([[[1, 1, 1]], [[1, 1, 0]]])).tolist()
    [[True, False, True]]
    """
    _check(votes, known)
    low = np.where(known, votes, 255).min(axis=0)
    high = np.where(known, votes, 0).max(axis=0)
    return np.asarray((low == high) & known.any(axis=0))


def majority(votes: Votes, known: Known) -> npt.NDArray[np.uint8]:
    """Return the class that most people give each pixel, (H, W); of a tie, the lowest.

    An unknown pixel is 0. Parameters as of `agreed`.

    Examples
    --------
    >>> majority(np.uint8([[[2, 1]], [[2, 0]], [[0, 0]]]), np.ones((3, 1, 2), bool)).tolist()
    [[2, 0]]
    """
    return _voted(votes, known, _shares)


def staple(votes: Votes, known: Known) -> npt.NDArray[np.uint8]:
    """Return the most probable class of each pixel, (H, W), given how reliable each person is.

    Simultaneous truth and performance level estimation: expectation maximisation over the true
    class of each pixel and each person's confusion matrix, with each class's share of all votes as
    its prior. An unknown pixel is 0. Parameters as of `agreed`.

    References
    ----------
    Warfield, Zou, Wells: Simultaneous truth and performance level estimation (STAPLE). IEEE
    Transactions on Medical Imaging 23(7), 2004.

    Examples
    --------
    Two who see all of it outweigh three who each see a part.

    >>> careful = np.uint8([[1] * 4 + [0] * 6])
    >>> careless = [np.eye(1, 10, at, dtype=np.uint8) for at in (0, 1, 2)]
    >>> votes = np.stack([careful, careful, *careless])
    >>> known = np.ones(votes.shape, bool)
    >>> staple(votes, known).tolist(), majority(votes, known).tolist()
    ([[1, 1, 1, 1, 0, 0, 0, 0, 0, 0]], [[1, 1, 1, 0, 0, 0, 0, 0, 0, 0]])
    """
    return _voted(votes, known, _probabilities)


def _voted(
    votes: Votes,
    known: Known,
    judge: Callable[[npt.NDArray[np.intp], npt.NDArray[np.intp], int], npt.NDArray[np.float64]],
) -> npt.NDArray[np.uint8]:
    """Give each pixel the class that ``judge`` finds best for the labels that people gave it."""
    _check(votes, known)
    classes = np.flatnonzero(np.bincount(votes[known], minlength=1))
    if not len(classes):
        return np.zeros(votes.shape[1:], np.uint8)
    index_of = np.zeros(256, np.intp)
    index_of[classes] = np.arange(len(classes))
    labels = np.where(known, index_of[votes], len(classes)).reshape(len(votes), -1)
    patterns, which = _patterns(labels, len(classes) + 1)
    scores = judge(patterns, np.bincount(which), len(classes))
    best = classes[scores.argmax(axis=1)].astype(np.uint8)
    best[(patterns == len(classes)).all(axis=1)] = 0
    return np.asarray(best[which].reshape(votes.shape[1:]))


def _patterns(
    labels: npt.NDArray[np.intp], words: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the distinct (P, R) combinations of the labels of R people, and which each pixel has.

    There are few of them beside pixels, and all that follows is about these.
    """
    patterns = np.zeros((1, 0), np.intp)
    which = np.zeros(labels.shape[1], np.intp)
    for one in labels:
        codes = which * words + one
        present = np.flatnonzero(np.bincount(codes))
        number = np.zeros(present[-1] + 1, np.intp)
        number[present] = np.arange(len(present))
        which = number[codes]
        patterns = np.hstack([patterns[present // words], (present % words)[:, None]])
    return patterns, which


def _shares(
    patterns: npt.NDArray[np.intp], pixels: npt.NDArray[np.intp], classes: int
) -> npt.NDArray[np.float64]:
    labels: npt.NDArray[np.bool_] = patterns[:, :, None] == np.arange(classes)
    return np.asarray(labels.sum(axis=1), np.float64)


def _probabilities(
    patterns: npt.NDArray[np.intp], pixels: npt.NDArray[np.intp], classes: int
) -> npt.NDArray[np.float64]:
    """Return (P, classes) probabilities of the true class."""
    # Who voted for what: (R, P, classes), all zero where somebody does not know.
    labels = patterns.T[:, :, None] == np.arange(classes)
    prior = (labels.sum(axis=0) * pixels[:, None]).sum(axis=0) / (labels.any(axis=2) @ pixels).sum()
    off = (1 - _RELIABLE) / max(1, classes - 1)
    one = np.where(np.eye(classes, dtype=bool), _RELIABLE, off)
    # Share of the pixels of each true class (last) that each person calls by each class.
    confusion = np.repeat(one[None], len(labels), axis=0)
    truth = np.zeros((len(patterns), classes))
    for _ in range(_MOST_ROUNDS):
        logs = np.log(np.maximum(confusion, _LEAST))
        weights = np.log(prior) + np.einsum("rpo,rot->pt", labels, logs)
        truth = np.exp(weights - weights.max(axis=1, keepdims=True))
        truth /= truth.sum(axis=1, keepdims=True)
        mass = truth * pixels[:, None]
        called = np.einsum("rpo,pt->rot", labels, mass)
        total = called.sum(axis=1, keepdims=True)
        found = np.where(total > 0, called / np.maximum(total, _LEAST), confusion)
        change = np.abs(found - confusion).max()
        confusion = found
        if change < _CONVERGED:
            break
    return truth


def _check(votes: Votes, known: Known) -> None:
    if votes.ndim != 3 or votes.shape != known.shape or not len(votes):
        raise InputError(
            f"votes: expected (people, H, W) and as much of what is known, found {votes.shape} and "
            f"{known.shape}"
        )
