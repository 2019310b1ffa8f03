"""Run a TensorFlow Lite model with LiteRT, on the CPU with one thread."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from datakit.errors import ModelError
from datakit.models.runtimes.stderr import native_stderr_held

Tensor = npt.NDArray[np.float32]


class LitertModel:
    """One model of one input; one thread, so that a picture gives the same numbers in every worker.

    Parameters
    ----------
    data : bytes
        The ``.tflite`` file, its sha256 already checked.
    name : str
        Subject of error messages.

    Attributes
    ----------
    input_shape : tuple of int
        As the model declares it, the batch first.

    Raises
    ------
    ModelError
        If LiteRT is not installed, or does not read the file.
    """

    def __init__(self, data: bytes, name: str) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise ModelError(
                f"{name}: expected the package ai-edge-litert, found {error}; "
                "install it: pip install 'datakit[faces]'"
            ) from error
        try:
            # The runtime says on stderr which delegate it made.
            with native_stderr_held():
                net: Any = Interpreter(model_content=data, num_threads=1)
                net.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"{name}: LiteRT does not read the model: {error}") from error
        self._net = net
        (given,) = net.get_input_details()
        self._input = given["index"]
        self._outputs = [detail["index"] for detail in net.get_output_details()]
        self.input_shape = tuple(int(side) for side in given["shape"])

    def run(self, values: Tensor) -> list[Tensor]:
        """Compute the outputs, in the order in which the model declares them.

        Parameters
        ----------
        values : float32
            Of the shape `input_shape`.
        """
        self._net.set_tensor(self._input, values)
        self._net.invoke()
        return [self._net.get_tensor(output) for output in self._outputs]
