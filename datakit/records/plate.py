"""What ``inpaint`` keeps of a plate: the photo's scene without the person."""

from __future__ import annotations

from typing import Final

PLATE: Final = "plate"
"""Tag of a sample whose image is a restored background."""
REGIONS: Final = "regions"
"""Folder of the filled regions, 0/255, one beside each plate."""
FOREGROUNDS: Final = "foregrounds"
"""Folder of the layers that, laid over the plates, give the photos back."""
WAITING: Final = "review"
"""Folder of plates in which a person is still visible; no sample has them."""
REVIEW: Final = "review.csv"
"""List of these, for a person."""
REVIEW_HEADER: Final = "id,file,plate,reasons\n"
