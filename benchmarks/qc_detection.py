"""Recall and false alarms of each check of `datakit qc`, by defects planted in clean mattes.

    python benchmarks/qc_detection.py [--checks NAME ...] [--copies 2]
        [--segmenter mediapipe-selfie] [--held-out] [--json OUT]

Recall: the share of planted mattes in which the check that the defect is for reports, at its
default thresholds, strength by strength (the first one is the documented one). False alarms: the
share of the untouched originals in which it reports. The content checks look at a stand-in for a
segmenter (the clean alpha at 256 px, smoothed, with noise), and with --segmenter at a real one.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from datakit.checks import all_checks
from datakit.checks.base import StoredFile, Subject
from datakit.checks.judge import Measurements, judge, measure
from datakit.checks.thresholds import default_limits
from datakit.core.quality.edge_fit import edge_fit, shift_of
from datakit.models.segmenters.base import SEGMENTERS, build, segment_one
from datakit.records.probe import Probe
from tests.planted.base import (
    Base,
    grown,
    make_base,
    random_shift,
    shifted,
    stand_in_segmenter,
    subject_of,
)
from tests.planted.defects import DEFECTS
from tests.planted.mattes import (
    CleanMatte,
    analytic_mattes,
    held_out_mattes,
    real_mattes,
    sample_mattes,
)


def original(matte: CleanMatte) -> Subject:
    """Return the untouched matte as a reader gives it."""
    levels = np.rint(matte.alpha * 255).astype(np.uint8)
    kind = "JPEG" if matte.is_jpeg else "PNG"
    probe = Probe(format=kind, mode="L", stored_wh=levels.shape[::-1])
    rng = np.random.default_rng([3, len(matte.name)])
    confidence = stand_in_segmenter(matte.alpha, rng)
    file = StoredFile(probe)
    return Subject(
        matte.name, matte.image, levels, alpha_file=file, confidence=confidence, split="train"
    )


def detection(bases: list[Base], names: set[str], copies: int) -> list[dict]:
    """Return recall by defect and strength."""
    limits = default_limits()
    rows = []
    for number, defect in enumerate(DEFECTS):
        if defect.check not in names:
            continue
        for strength in defect.strengths:
            found, missed = 0, []
            for index, base in enumerate(bases):
                for copy in range(copies):
                    rng = np.random.default_rng([7, number, index, copy])
                    subject = defect.plant(base, strength, rng)
                    if subject is None:
                        continue
                    row = measure(subject, [defect.check])
                    findings, _ = judge([row], {defect.check: limits[defect.check]})
                    found += bool(findings)
                    if not findings:
                        missed.append({base.name: dict(row.values.get(defect.check, {}))})
            rows.append(
                {
                    "check": defect.check,
                    "strength": strength,
                    "unit": defect.unit,
                    "planted": found + len(missed),
                    "found": found,
                    "missed": missed,
                }
            )
            report(rows[-1], documented=strength == defect.strengths[0])
    return rows


def report(row: dict, documented: bool) -> None:
    recall = row["found"] / max(row["planted"], 1)
    mark = "documented" if documented else ""
    print(
        f"{row['check']:20s} {row['strength']:>8g} {row['unit']:32s} "
        f"{row['found']:4d}/{row['planted']:<4d} {recall:6.1%} {mark}",
        flush=True,
    )
    for missed in row["missed"][:3] if documented else ():
        print("      missed", {k: short(v) for k, v in missed.items()})


def short(values: dict) -> dict:
    return {k: round(v, 4) if isinstance(v, float) else v[:20] for k, v in values.items()}


def outliers(mattes: list[CleanMatte], rows: dict[str, Measurements]) -> list[dict]:
    """Return recall of the two checks that judge one sample against its set."""
    limits = default_limits()
    results = []
    for check, unit, change in (
        (
            "edge_width_outlier",
            "of the diagonal (blur sigma)",
            lambda alpha, s: cv2.GaussianBlur(alpha, (0, 0), s * float(np.hypot(*alpha.shape))),
        ),
        ("foreground_outlier", "of the foreground's width", lambda alpha, s: squeezed(alpha, s)),
    ):
        for strength in (0.02, 0.01) if check == "edge_width_outlier" else (0.1, 0.2):
            found, missed = 0, []
            for matte in mattes:
                mates = [m for m in mattes if m.set == matte.set]
                if len(mates) < 8:
                    continue
                base = Base(matte.name, matte.image, matte.alpha, matte)
                planted = measure(subject_of(base, change(matte.alpha, strength)), [check])
                others = [rows[m.name] for m in mates if m.name != matte.name]
                findings, scores = judge([planted, *others], {check: limits[check]})
                hit = any(finding.sample == matte.name for finding in findings)
                found += hit
                if not hit:
                    missed.append({matte.name: scores[check].get(matte.name)})
            planted_count = found + len(missed)
            results.append(
                {
                    "check": check,
                    "strength": strength,
                    "unit": unit,
                    "planted": planted_count,
                    "found": found,
                    "missed": missed,
                }
            )
            print(
                f"{check:20s} {strength:>8g} {unit:32s} {found:4d}/{planted_count:<4d} "
                f"{found / planted_count:6.1%}",
                missed[:4],
                flush=True,
            )
    return results


def squeezed(alpha: np.ndarray, factor: float) -> np.ndarray:
    """Return the subject at ``factor`` of its width and height, at the bottom of the picture."""
    height, width = alpha.shape
    size_wh = (max(1, round(width * factor)), max(1, round(height * factor)))
    small = cv2.resize(alpha, size_wh, interpolation=cv2.INTER_AREA)
    out = np.zeros_like(alpha)
    out[height - size_wh[1] :, : size_wh[0]] = small
    return out


def twins(mattes: list[CleanMatte], rows: dict[str, Measurements]) -> list[dict]:
    """Return recall of the checks between samples.

    A copy with another label; a label on another picture; a recompressed, slightly cropped copy
    in another split.
    """
    limits = default_limits()
    results = []
    for check in ("twin_images", "twin_labels", "leakage"):
        found = 0
        for index, matte in enumerate(mattes):
            other = mattes[(index + 1) % len(mattes)]
            copy = measure(twin_of(matte, other, check), ["twin_images", "twin_labels", "leakage"])
            findings, _ = judge([*rows.values(), copy], {check: limits[check]})
            found += any(finding.sample == copy.id for finding in findings)
        print(f"{check:20s} {'':41s} {found:4d}/{len(mattes):<4d} {found / len(mattes):6.1%}")
        results.append({"check": check, "planted": len(mattes), "found": found})
    return results


def twin_of(matte: CleanMatte, other: CleanMatte, check: str) -> Subject:
    """Return a second sample that must not be there."""
    size_wh = matte.alpha.shape[::-1]
    image, alpha = matte.image, matte.alpha
    if check == "twin_images":
        alpha = grown(alpha, round(0.04 * max(size_wh)))
    elif check == "twin_labels":
        image = cv2.resize(other.image, size_wh, interpolation=cv2.INTER_AREA)
    else:
        cut = round(0.02 * min(size_wh))
        _, data = cv2.imencode(".jpg", image[cut:, cut:], [cv2.IMWRITE_JPEG_QUALITY, 70])
        image, alpha = cv2.imdecode(data, cv2.IMREAD_COLOR), alpha[cut:, cut:]
    base = Base(f"copy of {matte.name}", np.ascontiguousarray(image), alpha, other)
    return subject_of(base, alpha, split="val" if check == "leakage" else "train")


def recovery(mattes: list[CleanMatte], copies: int) -> dict:
    """Return how often a shift of 1 to 3 px is found exactly, and relative to the original."""
    exact = relative = total = 0
    for index, matte in enumerate(mattes):
        own = shift_of(edge_fit(matte.image, matte.alpha))
        for copy in range(copies):
            rng = np.random.default_rng([11, index, copy])
            dx, dy = random_shift(int(rng.integers(1, 4)), rng)
            moved = shifted(matte.alpha, dx, dy)
            shift = shift_of(edge_fit(matte.image, moved))
            hit = (shift.dx_px, shift.dy_px) == (dx, dy)
            exact += hit
            relative += (shift.dx_px - own.dx_px, shift.dy_px - own.dy_px) == (dx, dy)
            total += 1
            if not hit:
                print("      shift", matte.name, (dx, dy), "found", shift, "own", own)
    print(f"shifts of 1-3 px found exactly: {exact}/{total} {exact / total:.1%}", flush=True)
    return {"exact": exact, "relative_to_own": relative, "total": total}


def false_alarms(mattes: list[CleanMatte]) -> tuple[dict, dict[str, Measurements]]:
    """Return check -> the originals it reports, and all measurements."""
    limits = default_limits()
    rows: dict[str, Measurements] = {}
    alarms: dict[str, list] = {name: [] for name in all_checks()}
    worst: dict[str, float] = {}
    for matte in mattes:
        rows[matte.name] = measure(original(matte), list(all_checks()))
    for group in dict.fromkeys(matte.set for matte in mattes):
        members = [rows[matte.name] for matte in mattes if matte.set == group]
        findings, scores = judge(members, limits)
        for finding in findings:
            alarms[finding.check].append((finding.sample, finding.severity, finding.words))
        for check, by_sample in scores.items():
            worst[check] = max([worst.get(check, -np.inf), *by_sample.values()])
    for check, found in alarms.items():
        print(
            f"{check:20s} {len(found):3d}/{len(mattes)} {len(found) / len(mattes):6.1%} "
            f"worst {worst.get(check, float('nan')):.4g}"
        )
        for entry in found[:4]:
            print("      ", *entry)
    return {"alarms": alarms, "worst": worst, "originals": len(mattes)}, rows


def content(mattes: list[CleanMatte], name: str, copies: int) -> list[dict]:
    """Return recall and false alarms of the content checks with a real segmenter, on people."""
    model = build(name)
    limits = default_limits()
    people = [matte for matte in mattes if matte.set in ("ppm100", "mmagic", "sample")]
    seen = {matte.name: segment_one(model, matte.image) for matte in people}
    results = []
    for number, defect in enumerate(DEFECTS):
        if all_checks()[defect.check].measure.__module__ != "datakit.checks.content":
            continue
        limit = {defect.check: limits[defect.check]}
        alarms = []
        for matte in people:
            subject = replace(original(matte), confidence=seen[matte.name])
            if judge([measure(subject, [defect.check])], limit)[0]:
                alarms.append(matte.name)
        print(f"{name}: {defect.check} false alarms {len(alarms)}/{len(people)} {alarms}")
        for strength in defect.strengths:
            found, missed = 0, []
            for index, matte in enumerate(people):
                for copy in range(copies):
                    rng = np.random.default_rng([13, number, index, copy])
                    planted = defect.plant(make_base(matte, matte), strength, rng)
                    if planted is None:
                        continue
                    subject = replace(planted, confidence=seen[matte.name])
                    row = measure(subject, [defect.check])
                    hit = bool(judge([row], limit)[0])
                    found += hit
                    missed += [] if hit else [{matte.name: dict(row.values[defect.check])}]
            results.append(
                {
                    "check": defect.check,
                    "segmenter": name,
                    "strength": strength,
                    "unit": defect.unit,
                    "planted": found + len(missed),
                    "found": found,
                    "missed": missed,
                    "false_alarms": alarms,
                }
            )
            report(results[-1], documented=strength == defect.strengths[0])
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--checks", nargs="*", default=None)
    parser.add_argument("--copies", type=int, default=2)
    parser.add_argument("--segmenter", choices=list(SEGMENTERS))
    parser.add_argument("--held-out", action="store_true", help="other mattes than the tuned on")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    started = time.process_time()
    mattes = [*real_mattes(), *sample_mattes(), *analytic_mattes()]
    if args.held_out:
        mattes = list(held_out_mattes())
    sets = {group: sum(m.set == group for m in mattes) for group in {m.set for m in mattes}}
    print(f"{len(mattes)} clean mattes: {sets}")
    names = set(args.checks or all_checks())
    print("--- false alarms on the originals")
    alarms, rows = false_alarms(mattes)
    print("--- recall by planted defect")
    bases = [
        make_base(matte, mattes[(index + 5) % len(mattes)]) for index, matte in enumerate(mattes)
    ]
    planted = detection(bases, names, args.copies)
    planted += (
        outliers(mattes, rows) if names & {"edge_width_outlier", "foreground_outlier"} else []
    )
    planted += twins(mattes, rows) if names & {"twin_images", "twin_labels", "leakage"} else []
    shifts = recovery(mattes, 6) if "misaligned" in names else {}
    planted += content(mattes, args.segmenter, args.copies) if args.segmenter else []
    print(f"CPU {time.process_time() - started:.0f} s")
    if args.json:
        result = {"false_alarms": alarms, "planted": planted, "shifts": shifts}
        args.json.write_text(json.dumps(result, indent=1, default=str))


if __name__ == "__main__":
    main()
