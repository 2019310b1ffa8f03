"""The verb ``prelabel``: its row of the table."""

from datakit.verbs.verb import Verb

ROW = Verb(
    name="prelabel",
    group="Labels",
    summary="Draft labels with a model, and say which drafts to look at first.",
    text=(
        "SRC has photos; DST gets an alpha and a mask for each, annotations.coco.json, and "
        "queue.csv, the most uncertain draft first. mediapipe-selfie needs no download; other "
        "models take --weights. Every label says which model made it, and its licence. After "
        "a review, --merge REVIEWED --into DST brings the corrected labels back."
    ),
    examples=(
        "datakit prelabel photo.jpg -o alpha.png",
        "datakit prelabel photos -o drafts",
        "datakit prelabel photos -o drafts --model u2netp --weights u2netp.onnx --tta flip",
        "datakit prelabel photos -o drafts --refine --largest 1 --second mediapipe-selfie",
        "datakit prelabel more-photos -o more-drafts --calibrate drafts",
        "datakit prelabel --merge reviewed --into drafts",
    ),
    picture=("alpha_file_name", "mask_file_name"),
)
