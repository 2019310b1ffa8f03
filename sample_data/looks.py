"""Who is drawn: colours, hair, pose and background of each portrait."""

from __future__ import annotations

from dataclasses import dataclass

from easel import Colour


@dataclass(frozen=True)
class Look:
    """One person: colours, hair, pose and what is behind."""

    name: str
    seed: int
    skin: Colour
    hair: Colour
    shirt: Colour
    style: str
    behind: str
    tilt_deg: float = 0.0
    turn: float = 0.0
    shift_x_px: float = 0.0
    glasses: bool = False
    beard: bool = False
    collar: str = "round"


# fmt: off
LOOKS = (
    Look("dark_long_hair", 1, (224, 172, 138), (46, 30, 24), (54, 86, 122), "long", "studio", -5.0),
    Look("grey_short_glasses", 2, (236, 192, 166), (150, 148, 146), (66, 64, 72), "short", "wall",
         3.0, 0.5, 14.0, glasses=True, collar="v"),
    Look("curly_brown", 3, (141, 92, 64), (34, 22, 18), (196, 128, 60), "curly", "foliage", 6.0),
    Look("red_wind_blown", 4, (244, 206, 184), (166, 74, 34), (60, 104, 84), "wind", "bokeh",
         -3.0, -0.6, -16.0),
    Look("bald_beard", 5, (188, 132, 98), (60, 42, 32), (210, 208, 200), "bald", "stripes",
         0.0, 0.2, beard=True, collar="v"),
    Look("blond_bun", 6, (240, 198, 170), (206, 168, 104), (140, 58, 84), "bun", "dusk", 8.0, -0.3),
)

# Only in the export, so that no picture of `portraits/` occurs in its test split.
OTHER_LOOKS = (
    Look("auburn_bun", 11, (226, 178, 150), (96, 44, 30), (228, 206, 120), "bun", "foliage",
         -6.0, 0.4),
    Look("white_beard", 12, (232, 186, 160), (206, 204, 200), (44, 62, 58), "short", "dusk",
         4.0, -0.2, 10.0, beard=True, collar="v"),
    Look("black_wind", 13, (206, 156, 116), (26, 24, 30), (168, 62, 58), "wind", "wall",
         5.0, 0.3, 24.0),
    Look("dark_curls", 14, (112, 74, 52), (28, 20, 18), (96, 122, 168), "curly", "stripes",
         -8.0, 0.3, glasses=True),
)
# fmt: on
