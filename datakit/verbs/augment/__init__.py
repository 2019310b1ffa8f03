"""The verb ``augment``: its row of the table."""

from datakit.verbs.verb import Verb

ROW = Verb(
    name="augment",
    group="Training",
    summary="Write augmented copies with matching labels, reproducible to the byte.",
    text=(
        "Only train is augmented; val and test are never touched (--also names one on "
        "purpose). Image, mask, alpha and trimap move together, and every copy records its "
        "original, its seed and the parameters that were drawn. The same seed gives the same "
        "bytes with any number of workers, and whatever other samples there are. DST holds "
        "the copies; with --include-originals also the originals of all splits, byte for "
        "byte."
    ),
    examples=(
        "datakit augment dataset -o more --preset p3m --copies 4 --seed 7",
        "datakit augment dataset -o more --pipeline mine.yaml --include-originals --preview 6",
        "datakit augment dataset -o more --backgrounds rooms --match-colours 0.3",
        "datakit augment dataset -o one --replay train/anna__aug2.jpg --manifest more",
    ),
)
