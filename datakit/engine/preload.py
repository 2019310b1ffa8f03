"""What the server that forks workers loads before the first of them: what every task needs.

A fork copies only the thread that forks, so there must be no other. NumPy's linear algebra starts
its threads on import, unless it is told to have one; OpenCV starts none before its first picture.
"""

from __future__ import annotations

import sys

from datakit.engine.worker import one_thread_per_library

# A server that ends (too few open files for it) is named by the process that asked it, in words.
sys.excepthook = lambda *_: None
one_thread_per_library()

import cv2  # noqa: E402, F401
import numpy as np  # noqa: E402, F401
