"""How well `datakit augment` keeps labels: soft edges, elastic fields, colour fringes.

    python benchmarks/augment_quality.py [--mattes FOLDER]

Prints Markdown tables.

* Soft edges: an alpha known as a formula is moved by rotation, scale and FastElastic; the result
  is compared with the formula at the warped coordinates, in the band 0.02 < alpha < 0.98.
* Elastic fields: standard deviation (inside, and with the border) and correlation length of
  ElasticTransform and FastElastic, over many draws.
* Colour fringes: portraits whose true foreground is known (sample data), and, with --mattes
  (image/ and alpha/ of equal stems), synthetic pairs made from real alphas: smooth foreground
  colours over a photo as old background. The composite on a new background is compared with the
  one made with the true foreground, where 0.05 < alpha < 0.5; naive compositing takes the photo
  itself for the foreground.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.matting.compositing import composite, cover
from datakit.core.matting.foreground import estimate_foreground
from datakit.transforms.document import parse_document
from datakit.transforms.elastic import FastElastic
from datakit.transforms.pipeline import Pipeline

import albumentations as A  # noqa: N812  isort: skip

HERE = Path(__file__).parent
PORTRAITS = HERE.parent / "sample_data" / "portraits"
BACKDROPS = ((30, 60, 200), (230, 230, 225), (40, 120, 50), (15, 15, 18))
LONG_SIDE_PX = 1600

Image = npt.NDArray[np.uint8]
Alpha = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]


def soft_alpha(x: Floats, y: Floats, edge_px: float) -> Floats:
    """Return the alpha of a head and shoulders with an edge `edge_px` wide (10 to 90 %)."""
    head = 80 - np.hypot(x - 301.7, y - 199.4)
    body = 140 - np.hypot((x - 299.2) * 0.8, y - 411.6)
    return 0.5 + 0.5 * np.tanh(np.maximum(head, body) * 2.197 / edge_px)


def edge_error(step: str, edge_px: float, seed: int) -> float:
    """Return the mean error of the moved alpha in its band."""
    rows, columns = np.mgrid[:600, :620].astype(np.float64)
    alpha = soft_alpha(columns, rows, edge_px).astype(np.float32)
    image = np.zeros((600, 620, 3), np.uint8)
    pipeline = Pipeline(parse_document(f"transforms:\n- {step}\n", "edge"))
    kept = {}
    for transform in pipeline._compose.transforms:
        genuine = transform.apply_with_params

        def spy(params, *args, _genuine=genuine, **data):
            kept.update(params)
            return _genuine(params, *args, **data)

        transform.apply_with_params = spy
    out = pipeline(image=image, alpha=alpha, rng=np.random.default_rng(seed))
    if "matrix" in kept:
        places = np.stack([columns, rows, np.ones_like(rows)])
        x, y, w = np.einsum("ij,jhw->ihw", np.linalg.inv(kept["matrix"]), places)
        x, y = x / w, y / w
    else:
        x, y = kept["map_x"].astype(np.float64), kept["map_y"].astype(np.float64)
    exact = soft_alpha(x, y, edge_px)
    inside = (x > 0) & (x < 619) & (y > 0) & (y < 599)
    band = inside & (exact > 0.02) & (exact < 0.98)
    return float(np.abs(out["alpha"] - exact)[band].mean())


def print_edges() -> None:
    """Print the table of soft edges."""
    steps = {
        "rotate": "Rotate: {limit: [-40, 40], p: 1}",
        "scale": "Affine: {scale: [0.6, 1.6], p: 1}",
        "FastElastic": "FastElastic: {alpha: 2200, sigma: 30, stationary: true, p: 1}",
    }
    print("| transform | edge 2 px | edge 4 px | edge 8 px |\n|---|---|---|---|")
    for name, step in steps.items():
        errors = [
            np.mean([edge_error(step, edge_px, seed) for seed in range(10)])
            for edge_px in (2, 4, 8)
        ]
        print(f"| {name} | " + " | ".join(f"{error:.4f}" for error in errors) + " |")


def correlation_px(fields: npt.NDArray[np.float32]) -> float:
    """Return the lag at which the rows' autocorrelation falls to exp(-1/4): sigma of the blur."""
    width = fields.shape[-1]
    centred = fields - fields.mean()
    power = np.abs(np.fft.rfft(centred, n=2 * width, axis=-1)) ** 2
    sums = np.fft.irfft(power.reshape(-1, power.shape[-1]).mean(axis=0))[: width // 2]
    correlation = sums / (width - np.arange(width // 2))
    correlation /= correlation[0]
    return float(np.interp(-np.exp(-0.25), -correlation, np.arange(width // 2)))


def print_fields(draws: int) -> None:
    """Print the moments of both elastic transforms."""
    print("\n| size | sigma | field | std inside | std whole | correlation px |")
    print("|---|---|---|---|---|---|")
    for height, width, sigma in ((512, 512, 16), (512, 512, 50), (1080, 1920, 50)):
        margin = min(4 * sigma, height // 2 - 50)
        for kind in (A.ElasticTransform, FastElastic):
            transform = kind(alpha=1000, sigma=sigma)
            found = []
            for seed in range(draws):
                transform.set_random_seed(seed)
                maps = transform.get_params_dependent_on_data({"shape": (height, width, 3)}, {})
                found.append(maps["map_x"] - np.arange(width, dtype=np.float32))
                found.append(maps["map_y"] - np.arange(height, dtype=np.float32)[:, None])
            fields = np.stack(found)
            inner = fields[:, margin:-margin, margin:-margin]
            print(
                f"| {width}x{height} | {sigma} | {kind.__name__} | {inner.std():.3f} | "
                f"{fields.std():.3f} | {correlation_px(inner):.1f} |"
            )


def fringe(front: Image, truth: Image, alpha: Alpha, backdrop: Image) -> float:
    """Return the mean colour distance in the soft band, in code values."""
    made = composite(front, alpha, backdrop).astype(np.float64)
    ideal = composite(truth, alpha, backdrop)
    soft = (alpha > 0.05) & (alpha < 0.5)
    return float(np.linalg.norm(made - ideal, axis=2)[soft].mean())


def read_rgb(path: Path) -> Image:
    """Read a photo as RGB."""
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


def known_pairs() -> list[tuple[str, Image, Image, Alpha]]:
    """Return name, photo, true foreground and alpha of the sample portraits that have one."""
    pairs = []
    for path in sorted((PORTRAITS / "foregrounds").glob("*.png")):
        alpha = cv2.imread(str(PORTRAITS / "alphas" / path.name), cv2.IMREAD_GRAYSCALE)
        photo = read_rgb(PORTRAITS / "images" / path.name)
        pairs.append((path.stem, photo, read_rgb(path), alpha / np.float32(255)))
    return pairs


def synthetic_pairs(folder: Path) -> list[tuple[str, Image, Image, Alpha]]:
    """Return pairs with real alphas: each photo's own colours made smooth, over another photo."""
    photos = sorted((folder / "image").iterdir())
    pairs = []
    for number, path in enumerate(photos):
        (label,) = (folder / "alpha").glob(f"{path.stem}.*")
        photo = read_rgb(path)
        alpha = cv2.imread(str(label), cv2.IMREAD_GRAYSCALE)
        alpha = cv2.resize(alpha, photo.shape[1::-1]) / np.float32(255)
        zoom = min(1.0, LONG_SIDE_PX / max(alpha.shape))
        size_wh = (round(alpha.shape[1] * zoom), round(alpha.shape[0] * zoom))
        photo = cv2.resize(photo, size_wh, interpolation=cv2.INTER_AREA)
        alpha = cv2.resize(alpha, size_wh, interpolation=cv2.INTER_AREA)
        truth = filled_foreground(photo, alpha)
        other = read_rgb(photos[(number + 1) % len(photos)])
        behind = cover(other, alpha.shape)
        pairs.append((path.stem[:24], composite(truth, alpha, behind), truth, alpha))
    return pairs


def filled_foreground(photo: Image, alpha: Alpha) -> Image:
    """Return the photo's opaque colours continued outwards: a foreground known everywhere."""
    sure = (alpha > 0.98).astype(np.float32)
    total, weight = np.zeros(photo.shape, np.float32), np.zeros(alpha.shape, np.float32)
    for sigma in (2, 6, 18, 54, 162):
        part = cv2.GaussianBlur(sure, (0, 0), sigma)
        colours = cv2.GaussianBlur(photo.astype(np.float32) * sure[..., None], (0, 0), sigma)
        share = np.where(weight < 1e-3, 1.0, 0.0).astype(np.float32) * (part > 1e-3)
        total += np.where(share[..., None] > 0, colours / np.maximum(part, 1e-6)[..., None], 0)
        weight += share
    smooth = np.where(weight[..., None] > 0, total, photo)
    return np.where(sure[..., None] > 0, photo, smooth).astype(np.uint8)


def print_fringes(mattes: Path | None) -> None:
    """Print the fringes of naive compositing and of estimated foreground colours."""
    print("\n| pair | naive | estimated foreground | ratio |\n|---|---|---|---|")
    sets = {"sample portraits": known_pairs()}
    if mattes is not None:
        sets["real alphas"] = synthetic_pairs(mattes)
    for title, pairs in sets.items():
        totals = []
        for name, photo, truth, alpha in pairs:
            estimated = estimate_foreground(photo, alpha)
            plain = [np.full_like(photo, colour) for colour in BACKDROPS]
            naive = np.mean([fringe(photo, truth, alpha, backdrop) for backdrop in plain])
            ours = np.mean([fringe(estimated, truth, alpha, backdrop) for backdrop in plain])
            totals.append((naive, ours))
            print(f"| {name} | {naive:.1f} | {ours:.1f} | {naive / ours:.1f} |")
        naive, ours = np.mean(totals, axis=0)
        print(f"| **{title}, mean** | {naive:.1f} | {ours:.1f} | {naive / ours:.1f} |")


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mattes", type=Path, help="folder with image/ and alpha/")
    parser.add_argument("--draws", type=int, default=12)
    options = parser.parse_args()
    cv2.setNumThreads(0)
    print_edges()
    print_fields(options.draws)
    print_fringes(options.mattes)


if __name__ == "__main__":
    main()
