"""Torch models in batches: prepared on the device, computed there, copied back meanwhile.

The same code runs on a CPU and on a GPU; the device is a parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from datakit.core.images import network_input
from datakit.core.images.network_input import Placement
from datakit.errors import ModelError
from datakit.models.factory import Identity, Settings
from datakit.models.prediction import Hint, Image, Prediction
from datakit.models.runtimes.contract import Contract
from datakit.models.runtimes.devices import choose_device, equal_runs
from datakit.models.runtimes.torch_maps import check_range, chosen, to_maps, to_values

Forward = Callable[[Tensor], Any]
# Matrices that resize one axis: of how many (from, to) pairs they are kept.
_MATRICES_KEPT = 64


class TorchSegmenter:
    """One torch model by its contract.

    A batch that does not fit into memory is halved, and the smaller size is kept. With
    ``settings.compiled``, and on CUDA where all inputs have one size, every batch has one static
    size, the last one filled up: the libraries choose their sums by the size of the batch, and a
    picture's result must not depend on how many came with it.

    Parameters
    ----------
    identity : Identity
        What the weights are; the runtime is added.
    model : callable
        Maps (N, 3, h, w) to a tensor, or to a sequence or mapping of them; an `nn.Module` is moved.
    contract : Contract
    settings : Settings
    resize_on_device : bool, optional
        Whether whole pictures go to the device and are made small there; by default on CUDA only.
    fixed_batch : int, optional
        The only batch size that the model takes.

    Attributes
    ----------
    batch_size : int
        What fits; it shrinks when memory runs out.

    Raises
    ------
    ModelError
        If CUDA is asked for and not there.
    """

    takes_hints = False

    def __init__(
        self,
        identity: Identity,
        model: Forward,
        contract: Contract,
        settings: Settings,
        resize_on_device: bool | None = None,
        fixed_batch: int | None = None,
    ) -> None:
        self.device = choose_torch_device(settings.device)
        self.contract = contract
        self.batch_size = fixed_batch or settings.batch_size
        on_cuda = self.device.type == "cuda"
        one_size = on_cuda and contract.input.fit != "multiple"
        self._static = settings.compiled or fixed_batch is not None or one_size
        self._fixed_batch = fixed_batch
        self._sides = contract.output.sides if settings.sides else ()
        self._precision = getattr(torch, settings.precision)
        self._resize_on_device = on_cuda if resize_on_device is None else resize_on_device
        self._matrices: dict[tuple[int, int], Tensor] = {}
        self._forward = self._moved(model, settings.compiled)
        self.identity = replace(identity, runtime=self._runtime(settings))

    def _moved(self, model: Forward, compiled: bool) -> Forward:
        module = getattr(model, "__self__", model)
        if isinstance(module, torch.nn.Module):
            module.to(self.device)
            for weight in module.parameters():
                if weight.ndim == 4:
                    weight.data = weight.data.contiguous(memory_format=torch.channels_last)
        if not compiled:
            return model
        mode = "reduce-overhead" if self.device.type == "cuda" else "default"
        return cast(Forward, torch.compile(model, mode=mode, dynamic=False))

    def _runtime(self, settings: Settings) -> str:
        device = str(self.device)
        if self.device.type == "cuda":
            device += f" ({torch.cuda.get_device_name(self.device)})"
        compiled = ", compiled" if settings.compiled else ""
        return f"torch {torch.__version__}, {device}, {settings.precision}{compiled}"

    def segment(
        self, images: Sequence[Image], hints: Sequence[Hint | None] | None = None
    ) -> list[Prediction]:
        """Return one prediction per picture, at the model's resolution."""
        return self.submit(images)()

    def submit(self, images: Sequence[Image]) -> Callable[[], list[Prediction]]:
        """Start the pictures on the device; the returned function waits for them.

        Raises
        ------
        ModelError
            If a single picture does not fit into memory, or the model takes other input.
        """
        places = [self.contract.input.place((i.shape[0], i.shape[1])) for i in images]
        waits: list[Callable[[], list[Prediction]]] = []
        at = 0
        while at < len(images):
            run = next(equal_runs(places[at:], self.batch_size))
            chosen = slice(at, at + run.stop)
            wait = self._launched(images[chosen], places[chosen])
            if wait is None:
                self._halve(run.stop, images[at])
                continue
            waits.append(wait)
            at += run.stop
        return lambda: [prediction for wait in waits for prediction in wait()]

    def _launched(
        self, images: Sequence[Image], places: Sequence[Placement]
    ) -> Callable[[], list[Prediction]] | None:
        """Start one batch; None when memory ran out."""
        try:
            return self._launch(images, places)
        except torch.cuda.OutOfMemoryError:
            return None

    def _halve(self, count: int, image: Image) -> None:
        """Make batches smaller after one of `count` pictures did not fit."""
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        least = self._fixed_batch or 1
        if (self.batch_size if self._static else count) <= least:
            raise ModelError(
                f"{self.identity.name}: a batch of {least} does not fit into the memory of "
                f"{self.device} (picture {image.shape[1]} x {image.shape[0]}); use --device cpu, "
                "a smaller model or a smaller input.size"
            )
        # A short last batch says less than a full one: halve what did not fit.
        self.batch_size = max(1, (self.batch_size if self._static else count) // 2)

    @torch.inference_mode()
    def _launch(
        self, images: Sequence[Image], places: Sequence[Placement]
    ) -> Callable[[], list[Prediction]]:
        count = len(images)
        outputs = self._computed(images, places)
        output, name = self.contract.output, self.identity.name
        found = chosen(outputs, output, self._sides, places[0].input_hw, name)
        maps, sides, raw = to_maps(found, output, count, name)
        copies = [self._copied(part) for part in (maps, sides, raw) if part is not None]
        done: Any = None
        if self.device.type == "cuda":
            done = torch.cuda.current_stream(self.device).record_event()

        def wait() -> list[Prediction]:
            if done is not None:
                done.synchronize()
            arrays = [copy.numpy() for copy in copies]
            return self._predictions(arrays[0], arrays[1:-1], arrays[-1], places)

        return wait

    def raw_output(self, image: Image) -> npt.NDArray[Any]:
        """Return the (C, h, w) output that the contract reads, before its activation."""
        place = self.contract.input.place((image.shape[0], image.shape[1]))
        with torch.inference_mode():
            outputs = self._computed([image], [place])
        name = self.identity.name
        [found] = chosen(outputs, self.contract.output, (), place.input_hw, name)
        kept = found[0].cpu()
        values: npt.NDArray[Any] = (kept.float() if kept.dtype.is_floating_point else kept).numpy()
        return values

    def _computed(self, images: Sequence[Image], places: Sequence[Placement]) -> Any:
        """Run one batch, filled up where its size is static; whatever the model returns."""
        count = len(images)
        values = to_values(self._stacked(images, places), self.contract.input)
        if self._static and count < self.batch_size:
            filler = values.new_zeros((self.batch_size - count, *values.shape[1:]))
            values = torch.cat((values, filler))
        values = values.contiguous(memory_format=torch.channels_last)
        try:
            with self._arithmetic():
                return self._forward(values)
        except torch.cuda.OutOfMemoryError:
            raise
        except (RuntimeError, TypeError, AssertionError) as error:
            raise ModelError(
                f"{self.identity.name}: the model does not take an input of shape "
                f"{tuple(values.shape)}, which its contract gives: {_first_line(error)}"
            ) from None

    @contextmanager
    def _arithmetic(self) -> Iterator[None]:
        """Hold the precision that was asked for, and on CUDA the same sums in every run."""
        exact = self._precision == torch.float32
        with ExitStack() as held:
            if self.device.type == "cuda":
                # cuDNN would round float32 to 19 bits (TF32) by itself.
                flags = torch.backends.cudnn.flags(
                    enabled=True, benchmark=False, deterministic=True, allow_tf32=not exact
                )
                held.enter_context(flags)
            if not exact:
                held.enter_context(torch.autocast(self.device.type, dtype=self._precision))
            yield

    def _predictions(
        self, maps: Any, sides: list[Any], raw: Any, places: Sequence[Placement]
    ) -> list[Prediction]:
        check_range(raw, self.contract.output, self.identity.name)
        return [
            Prediction(
                maps[number],
                place,
                raw_max=float(raw[number, 1]),
                sides=sides[0][number] if sides else None,
            )
            for number, place in enumerate(places)
        ]

    def _stacked(self, images: Sequence[Image], places: Sequence[Placement]) -> Tensor:
        """Return (N, h, w, 3) values of 0 .. 255 on the device, uint8 or rounded float32."""
        padding = self.contract.input.padding
        if not self._resize_on_device:
            pairs = zip(images, places, strict=True)
            return self._sent(np.stack([network_input.to_input(i, p, padding) for i, p in pairs]))
        high, wide = places[0].input_hw
        edge = torch.tensor(padding, dtype=torch.float32, device=self.device)
        out = edge.expand(len(images), high, wide, 3).contiguous()
        for number, (image, place) in enumerate(zip(images, places, strict=True)):
            x0, y0, x1, y1 = place.window_xyxy
            out[number, y0:y1, x0:x1] = self._resized(self._sent(image), place.window_hw)
        return out

    def _resized(self, image: Tensor, size_hw: tuple[int, int]) -> Tensor:
        """Resize (H, W, 3) uint8 to (h, w, 3) float32 of whole numbers, as OpenCV does."""
        high, wide = image.shape[:2]
        rows, columns = self._matrix(high, size_hw[0]), self._matrix(wide, size_hw[1])
        narrow = rows @ image.reshape(high, wide * 3).float()
        small = torch.matmul(columns, narrow.reshape(size_hw[0], wide, 3))
        return small.round_().clamp_(0, 255)

    def _matrix(self, length: int, to: int) -> Tensor:
        key = (length, to)
        if key not in self._matrices:
            if len(self._matrices) >= _MATRICES_KEPT:
                self._matrices.pop(next(iter(self._matrices)))
            weights = torch.from_numpy(network_input.resize_weights(length, to))
            self._matrices[key] = weights.to(self.device)
        return self._matrices[key]

    def _sent(self, array: Image) -> Tensor:
        """Copy to the device; from pinned memory, so that the host does not wait."""
        tensor = torch.from_numpy(np.ascontiguousarray(array))
        if self.device.type != "cuda":
            return tensor
        return tensor.pin_memory().to(self.device, non_blocking=True)

    def _copied(self, tensor: Tensor) -> Tensor:
        """Start a copy to pinned memory of the host."""
        if self.device.type != "cuda":
            return tensor
        host = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
        return host.copy_(tensor, non_blocking=True)


def choose_torch_device(asked: str) -> torch.device:
    """Return the device that was asked for; ModelError when it is not there."""
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    kind, number = choose_device(asked, count, "torch")
    return torch.device(f"cuda:{number}" if kind == "cuda" else "cpu")


def _first_line(error: BaseException) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), repr(error))
