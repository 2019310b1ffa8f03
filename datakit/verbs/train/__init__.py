"""The verb ``train``: its row of the table."""

from datakit.verbs.verb import Verb

ROW = Verb(
    name="train",
    group="Training",
    summary="Train a first segmenter on reviewed labels, for prelabel.",
    text=(
        "SRC is a dataset with masks or alphas. Its split val is held out, and its split test "
        "is never read; without a split val some groups are held out. DST gets "
        "model.safetensors (the best epoch's weights), history.jsonl, and a checkpoint that "
        "--resume goes on from."
    ),
    examples=(
        "datakit train reviewed -o model --size 320 --epochs 30",
        "datakit train reviewed -o model --model u2netp --weights u2netp.pth --lr 0.00002",
        "datakit train reviewed -o model --resume",
    ),
)
