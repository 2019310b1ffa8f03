"""The verb ``weights``: its row of the table."""

from datakit.verbs.verb import Verb

ROW = Verb(
    name="weights",
    group="Training",
    summary="List, find, add or pull the weights of models, with licence and sha256.",
    text=(
        "Weights are found through --weights, DATAKIT_WEIGHTS (folders) and the user's cache, "
        "in this order. `add` checks a file and copies it into the cache. `pull` is the only "
        "thing in datakit that downloads: from the table's address, checked by sha256."
    ),
    examples=(
        "datakit weights list",
        "datakit weights pull u2netp",
        "datakit weights add mine.safetensors --licence MIT",
        "datakit weights path u2netp",
    ),
)
