"""How good are segmenters: mean IoU of their maps with hand-made labels, and against a plain loop.

    OMP_NUM_THREADS=1 python benchmarks/segmenters.py --weights u2netp.onnx
        --pairs ppm100/image ppm100/alpha 0 --pairs people/photos people/masks 40
        [--models mediapipe-selfie kmeans ...]

Each --pairs names a folder of photos, one of true masks or alphas with the same stems, and how many
to take by file name (0: all). Maps are enlarged bilinearly to the truth's size, both are
thresholded at one half. The rows:

  reference           a plain loop over onnxruntime with the published pre-processing (`--weights`)
  reference, min-max  the same with each map stretched to [0, 1], as the published code and rembg do
  u2netp onnx         datakit's segmenter on the same file, in onnxruntime
  u2netp graph        the same weights as safetensors, in a graph that datakit writes from them
  u2netp torch        the same in datakit's torch architecture, in float32
  …                   every other model of --models
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import safetensors.torch

from datakit.core.images import network_input
from datakit.core.metrics.mask_metrics import iou
from datakit.models.factory import Identity, Settings
from datakit.models.networks.u2net import U2Net
from datakit.models.networks.u2net_weights import read_u2net
from datakit.models.runtimes.contract import shipped
from datakit.models.runtimes.torch_runner import TorchSegmenter
from datakit.models.segmenters.base import Segmenter, build
from datakit.models.segmenters.u2net_segmenter import on_logits

SIDE = 320
MEAN, STD = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
Predict = Callable[[np.ndarray, tuple[int, int]], np.ndarray]


def reference(weights: Path, min_max: bool) -> Predict:
    """The published inference, written out once more and independently of datakit."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(weights), options)
    name = session.get_inputs()[0].name

    def predict(image: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
        small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
        values = (small / small.max() - MEAN) / STD
        (fused, *_) = session.run(None, {name: values.transpose(2, 0, 1)[None]})
        found = fused[0, 0]
        if min_max:
            found = (found - found.min()) / (found.max() - found.min())
        return cv2.resize(found, size_hw[::-1], interpolation=cv2.INTER_LINEAR)

    return predict


def segmenter(name: str, settings: Settings) -> Predict:
    """A segmenter of datakit, its map brought to the truth's size."""
    return mapped(build(name, settings))


def in_torch(model: U2Net) -> Predict:
    contract = on_logits(shipped("u2net"))
    settings = Settings(device="cpu")
    return mapped(TorchSegmenter(Identity(name="u2netp"), model.logits, contract, settings))


def mapped(made: Segmenter) -> Predict:
    said = made.identity
    print(f"  {said.name}: {said.runtime}; {said.release or 'no release'}")

    def predict(image: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
        found = made.segment([image])[0]
        return network_input.to_image_size(
            found.probability, replace(found.placement, image_hw=size_hw)
        )

    return predict


def pairs(given: list[list[str]]) -> list[tuple[int, Path, Path]]:
    found = []
    for number, (photos, truths, count) in enumerate(given):
        by_stem = {path.stem: path for path in Path(truths).iterdir()}
        chosen = [path for path in sorted(Path(photos).iterdir()) if path.stem in by_stem]
        found += [(number, path, by_stem[path.stem]) for path in chosen[: int(count) or None]]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", nargs=3, action="append", required=True)
    parser.add_argument("--weights", type=Path, required=True, help="of u2netp, ONNX")
    parser.add_argument("--models", nargs="*", default=["mediapipe-selfie"])
    given = parser.parse_args()
    chosen = pairs(given.pairs)
    with tempfile.TemporaryDirectory() as folder:
        torch_file = Path(folder, "u2netp.safetensors")
        model = read_u2net(given.weights.read_bytes(), "u2netp", str(given.weights))
        torch_file.write_bytes(safetensors.torch.save(model.state_dict()))
        contenders = {
            "reference": reference(given.weights, False),
            "reference, min-max": reference(given.weights, True),
            "u2netp onnx": segmenter("u2netp", Settings(weights=(given.weights,), device="cpu")),
            "u2netp graph": segmenter("u2netp", Settings(weights=(torch_file,), device="cpu")),
            "u2netp torch": in_torch(model),
        } | {name: segmenter(name, Settings()) for name in given.models}
    scores: dict[str, dict[int, list[float]]] = {name: {} for name in contenders}
    seconds = dict.fromkeys(contenders, 0.0)
    for number, photo, truth in chosen:
        image = cv2.cvtColor(cv2.imread(str(photo)), cv2.COLOR_BGR2RGB)
        true = cv2.imread(str(truth), cv2.IMREAD_GRAYSCALE) > 127
        for name, predict in contenders.items():
            started = time.process_time()
            found = predict(image, (true.shape[0], true.shape[1])) > 0.5
            seconds[name] += time.process_time() - started
            scores[name].setdefault(number, []).append(iou(found, true))
    for number, (photos, _, _) in enumerate(given.pairs):
        print(f"\n{photos}, {len(scores['reference'][number])} photos")
        print("| segmenter | mean IoU | median | min | less than the reference |")
        print("|---|---|---|---|---|")
        expected = statistics.mean(scores["reference"][number])
        for name, by_number in scores.items():
            values = by_number[number]
            mean = statistics.mean(values)
            print(
                f"| {name} | {mean:.4f} | {statistics.median(values):.4f} | {min(values):.4f} "
                f"| {expected - mean:+.4f} |"
            )
    print("\nCPU ms per photo:")
    for name, total in seconds.items():
        print(f"  {name}: {1000 * total / len(chosen):.0f}")


if __name__ == "__main__":
    main()
