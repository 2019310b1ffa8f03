"""The options of ``train``."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from datakit.errors import InputError
from datakit.models.segmenters.base import SEGMENTERS
from datakit.verbs.shared.options import WriteOptions

VERB = "train"
COMMON = ("model", "weights", "size", "epochs", "lr", "seed", "device")


class Options(WriteOptions, frozen=True, kw_only=True):
    """Options of ``train``.

    Examples
    --------
    >>> Options(src=("dataset",), out="model").model
    'unet'
    """

    model: Annotated[
        Literal["unet", "u2netp", "u2net"], Meta(description="the network to train")
    ] = "unet"
    weights: Annotated[
        str | None,
        Meta(
            description="initial weights (a state dict or safetensors) [default: random]",
            extra={"input": "path"},
        ),
    ] = None
    size: Annotated[
        int, Meta(ge=32, le=2048, description="side of the square that pictures are stretched to")
    ] = 320
    width: Annotated[int, Meta(ge=1, le=512, description="unet: channels of the first level")] = 32
    depth: Annotated[int, Meta(ge=1, le=8, description="unet: how often the resolution halves")] = 4
    epochs: Annotated[int, Meta(ge=1, le=100_000, description="at most this many")] = 30
    patience: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(
            description="stop after this many epochs without a gain beyond its 95 % interval; 0: "
            "never [default: 10, with --weights 3]"
        ),
    ] = None
    freeze: Annotated[
        Literal["none", "encoder"],
        Meta(description="with --weights: what is left as it is"),
    ] = "none"
    batch_size: Annotated[int, Meta(ge=1, le=4096, description="samples per step")] = 8
    lr: Annotated[
        Annotated[float, Meta(gt=0, le=10)] | None,
        Meta(
            description="learning rate of the first epoch [default: 0.001, with --weights 0.00003]"
        ),
    ] = None
    pipeline: Annotated[
        str,
        Meta(
            description="augmentation: a preset, a pipeline's YAML file, or none",
            extra={"input": "word"},
        ),
    ] = "light"
    val_share: Annotated[
        float,
        Meta(
            ge=0,
            lt=1,
            description="share of the groups held out, when SRC has no split val; 0: none, and "
            "the score is cross-validated",
        ),
    ] = 0.2
    folds: Annotated[
        int, Meta(ge=2, le=100, description="--val-share 0: parts that are held out in turn")
    ] = 5
    teacher: Annotated[
        tuple[str, ...],
        Meta(
            description="a model whose soft labels the photos without a label are learnt from; of "
            "several the mean (repeatable)",
            extra={"choices": SEGMENTERS},
        ),
    ] = ()
    teacher_weights: Annotated[
        tuple[str, ...],
        Meta(
            description="weights of each --teacher, in their order; - for its own (repeatable)",
            extra={"metavar": "FILE", "input": "path"},
        ),
    ] = ()
    teacher_contract: Annotated[
        tuple[str, ...],
        Meta(
            description="contract of each --teacher, in their order; - for none (repeatable)",
            extra={"metavar": "FILE|NAME", "input": "word"},
        ),
    ] = ()
    mse: Annotated[
        float, Meta(ge=0, le=1000, description="weight of the alphas' squared error")
    ] = 1.0
    ssim: Annotated[float, Meta(ge=0, le=1000, description="weight of 1 - SSIM")] = 1.0
    bce: Annotated[float, Meta(ge=0, le=1000, description="weight of the cross entropy")] = 1.0
    seed: Annotated[int, Meta(ge=0, description="random seed")] = 0
    device: Annotated[
        Literal["auto", "cpu", "cuda"], Meta(description="auto: CUDA where there is one")
    ] = "auto"
    threads: Annotated[
        Annotated[int, Meta(ge=1, le=1024)] | None,
        Meta(description="torch's threads in this process [default: CPUs]"),
    ] = None
    workers: Annotated[
        int, Meta(ge=0, description="processes that decode and augment; 0: this one")
    ] = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.freeze != "none" and self.weights is None:
            raise InputError(
                f"--freeze {self.freeze}: expected --weights whose {self.freeze} is worth keeping"
            )
        for flag, given in (("weights", self.teacher_weights), ("contract", self.teacher_contract)):
            if given and len(given) != len(self.teacher):
                raise InputError(
                    f"--teacher-{flag}: expected one for each of {len(self.teacher)} --teacher "
                    f"(- for none), found {len(given)}"
                )

    @property
    def makes_dataset(self) -> bool:
        """False: DST is a model; datakit goes on with SRC."""
        return False
