"""The verb ``anonymize``: its row of the table."""

from datakit.verbs.verb import Verb

ROW = Verb(
    name="anonymize",
    group="Curation",
    summary="Make faces unrecognisable as in P3M, with a record that proves it.",
    text=(
        "SRC is a folder of photos, a datakit dataset, or images with alphas. Each face that "
        "a detector finds is masked along its landmarks and blurred; with a matte, the soft "
        "boundary of the person stays as it is. A photo reaches DST only when every face that "
        "was found is hidden; photos without a face and uncertain ones are listed in "
        "DST/review.csv (exit code 1). DST/anonymize.jsonl records every face. No metadata "
        "but the colour profile is kept, and nothing is downloaded."
    ),
    examples=(
        "datakit anonymize photo.jpg -o hidden.jpg",
        "datakit anonymize photos -o safe",
        "datakit anonymize photos -o safe --alpha-dir mattes --preview 12",
        "datakit anonymize photos -o safe --method solid --on-residual solid",
        "datakit anonymize photos -o safe --release back.jpg,empty.jpg --resume",
    ),
    picture=("file_name",),
)
