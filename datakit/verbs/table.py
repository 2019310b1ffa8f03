"""The verbs: one row each, from which the library, the command line, the docs and schemas are made.

A new verb is one package, ``datakit/verbs/NAME``, and one row here.
"""

from __future__ import annotations

from datakit.verbs.verb import Verb, Verbs

_ROWS = (
    Verb(
        name="run",
        group="Pipelines",
        summary="Walk a pipeline file; what is up to date is not done again.",
        text=(
            "PIPELINE.yaml lists steps: a verb each, with its options. Results go to DST/STEP, "
            "and DST/run.json says what was done. Run it again after any change or kill: only "
            "what changed, and what depends on it, is done again. --init prints a commented "
            "example."
        ),
        examples=(
            "datakit run --init roboflow > mine.yaml",
            "datakit run mine.yaml -o result --dry-run",
            "datakit run mine.yaml -o result",
            "datakit run mine.yaml -o result --explain",
        ),
    ),
    Verb(
        name="coco2mask",
        group="Labels",
        summary="Turn COCO polygons and RLE (Roboflow exports) into masks.",
        text=(
            "SRC is an export folder with any of train/ valid/ test/, a folder with "
            "_annotations.coco.json, a .zip of these, or a COCO .json with --images DIR. Several "
            "may be given. Every form of annotation is read: polygon lists, flat polygons, "
            "compressed and uncompressed RLE, boxes. Annotations that are wrong are listed in "
            "DST/failures.jsonl and never painted."
        ),
        examples=(
            "datakit coco2mask export.zip -o dataset",
            "datakit coco2mask export -o soft --kind coverage",
            "datakit coco2mask export -o people --kind semantic --category person --size 512x512",
            "datakit coco2mask annotations.json --images photos -o dataset",
        ),
    ),
    Verb(
        name="validate",
        group="Looking",
        summary="Say what is wrong with an export or a dataset.",
        text=(
            "Every image and label is decoded, and every annotation and row checked. Problems are "
            "shown by reason; -o and --json have all rows. Exit code 1 when there is a problem."
        ),
        examples=(
            "datakit validate export.zip",
            "datakit validate export.zip -o problems",
            "datakit validate annotations.json --images-dir photos",
        ),
    ),
    Verb(
        name="stats",
        group="Looking",
        summary="Count, plot and preview an export or a dataset.",
        text="With -o, also writes the plots as one SVG, and draws samples with their labels.",
        examples=(
            "datakit stats export.zip",
            "datakit stats dataset -o stats --preview 24",
            "datakit stats dataset --json",
        ),
    ),
    Verb(
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
            "datakit prelabel photos -o drafts",
            "datakit prelabel photos -o drafts --model u2netp --weights u2netp.onnx --tta flip",
            "datakit prelabel photos -o drafts --refine --largest 1 --second mediapipe-selfie",
            "datakit prelabel more-photos -o more-drafts --calibrate drafts",
            "datakit prelabel --merge reviewed --into drafts",
        ),
    ),
    Verb(
        name="review",
        group="Labels",
        summary="Look at uncertain labels on a local page, correct them, and apply the decisions.",
        text=(
            "Opens a page on this machine alone: drafts by uncertainty, findings of qc, photos "
            "that anonymize lists for a person. Keys accept, reject or flag; a brush corrects "
            "small errors. "
            "Every decision is appended to review.jsonl at once, beside SRC, which is never "
            "touched. --apply makes a dataset of the decisions."
        ),
        examples=(
            "datakit review drafts",
            "datakit review dataset --records qc_report --port 8000 --no-browser",
            "datakit review drafts --apply -o reviewed",
            "datakit review drafts --apply -o gold --only-accepted",
        ),
    ),
    Verb(
        name="dedup",
        group="Curation",
        summary="Find exact and near duplicates, flipped and turned ones too.",
        text=(
            "Writes clusters.csv, clusters.json and a contact sheet. Nothing is deleted: with "
            "--drop, DST becomes a dataset without the extra copies, and clusters.csv lists the "
            "kept and the dropped."
        ),
        examples=(
            "datakit dedup photos -o report",
            "datakit dedup dataset -o unique --drop",
            "datakit dedup export -o report --duplicates exact",
        ),
    ),
    Verb(
        name="split",
        group="Curation",
        summary="Make train, val and test splits that share nothing; audit and repair others.",
        text=(
            "Related samples never cross splits: copies of one photo, near-duplicates, "
            "frames of one video, shots of one burst, and what --group-by or --group-regex name. "
            "--audit says where an export's own split leaks (exit code 1), --repair writes it "
            "without leaks."
        ),
        examples=(
            "datakit split dataset -o parts --val 0.15 --seed 7",
            "datakit split dataset -o parts --val 0.1 --test 0.1 --stratify class,fg_ratio:5",
            "datakit split --audit export -o report",
            "datakit split export -o mended --repair",
            "datakit split dataset -o parts --policy p3m",
            "datakit split grown -o parts2 --val 0.15 --previous parts",
        ),
    ),
    Verb(
        name="select",
        group="Curation",
        summary="Make a dataset of chosen samples: by condition, list, chance or looks.",
        text=(
            "Every file, label and field of a chosen sample goes over unchanged, and several "
            "sources become one set. --where, --ids and --join say which samples may be taken; of "
            "these --n takes some at random, --diverse the most varied, --like those most like a "
            "photo, --outliers the most unusual. DST/selection.csv lists the choice."
        ),
        examples=(
            "datakit select dataset -o some --where \"fg_ratio > 0.2 and split == 'train'\"",
            "datakit select dataset more -o sample --n 500 --stratify categories --seed 7",
            "datakit select dataset -o varied --diverse 500",
            "datakit select dataset -o alike --like photo.jpg --top 50",
            'datakit select dataset -o rated --join ratings.csv --where "stars >= 4"',
        ),
    ),
    Verb(
        name="forget",
        group="Curation",
        summary="Find a photo and all that was made of it, and write datasets without them.",
        text=(
            "Looks in every SRC for the photo, its near-duplicates, crops and augmented copies, "
            "and shows them (exit code 1). With --apply each dataset is written without them, and "
            "removed.jsonl lists digests: no picture, no name. SRC is never touched."
        ),
        examples=(
            "datakit forget dataset more -o report --photo anna.jpg",
            "datakit forget dataset more -o cleared --photo anna.jpg --apply",
            "datakit forget dataset --photo anna.jpg --models model",
        ),
    ),
    Verb(
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
            "datakit anonymize photos -o safe",
            "datakit anonymize photos -o safe --alpha-dir mattes --preview 12",
            "datakit anonymize photos -o safe --method solid --on-residual solid",
            "datakit anonymize photos -o safe --release back.jpg,empty.jpg --resume",
        ),
    ),
    Verb(
        name="matte",
        group="Mattes",
        summary="Estimate soft alphas from binary masks, by closed-form matting.",
        text=(
            "SRC has images with masks or trimaps. Around a mask's outline an unknown band is "
            "laid, and the alpha in it is estimated from the photo. The alphas are tagged "
            "synthetic-alpha: good to train on, but no ground truth; eval refuses them."
        ),
        examples=(
            "datakit matte dataset -o mattes",
            "datakit matte dataset -o mattes --faces mediapipe --cutouts",
            "datakit matte dataset -o quick --method guided --trimaps",
        ),
    ),
    Verb(
        name="inpaint",
        group="Mattes",
        summary="Remove the labelled people and restore the background: clean plates.",
        text=(
            "SRC has photos with masks or alphas. A plate in which a segmenter or a face detector "
            "still sees somebody is not in the dataset; DST/review.csv lists it (exit code 1)."
        ),
        examples=(
            "datakit inpaint dataset -o plates",
            "datakit inpaint dataset -o plates --shadows --layers",
        ),
    ),
    Verb(
        name="trimap",
        group="Mattes",
        summary="Make trimaps from masks or alphas, P3M- or DIM-style too.",
        text=(
            "SRC has images with masks (--style band) or alphas (any style). A trimap is 0 in the "
            "background, 255 in the foreground and 128 where the alpha is to be found."
        ),
        examples=(
            "datakit trimap dataset -o trimaps",
            "datakit trimap p3m -o trimaps --style p3m --kernel 25",
            "datakit trimap dataset -o trimaps --style dim --reach 10",
        ),
    ),
    Verb(
        name="qc",
        group="Mattes",
        summary="Find what is wrong with alpha mattes, and repair what is certain.",
        text=(
            "Writes findings (qc.jsonl, qc.csv), all measurements (qc.parquet), plots (qc.svg) "
            "and a contact sheet of the worst samples of each check. Exit code 1 when a finding "
            "reaches --fail-on. Thresholds are changed in the YAML of --config; --rejudge applies "
            "them to measurements that were kept."
        ),
        examples=(
            "datakit qc mattes -o report",
            "datakit qc mattes -o report --target fg_ratio=0.5+-0.2 --fail-on warning",
            "datakit qc mattes -o repaired --fix safe",
            "datakit qc --rejudge report/qc.parquet --config strict.yaml",
        ),
    ),
    Verb(
        name="eval",
        group="Training",
        summary="Measure predicted mattes or masks against the truth, as the field does.",
        text=(
            "SRC is PRED GT: two folders of mattes or masks with equal names (pictures or .npy), "
            "or datasets. docs/eval.md lists how the profiles differ. Intervals are of the mean, "
            "by the bootstrap. With --between, SRC are several people's labels of the same "
            "images, and --consensus makes one label of them."
        ),
        examples=(
            "datakit eval predictions truth",
            "datakit eval predictions truth -o report --profile p3m --trimap p3m",
            "datakit eval --compare new old truth --json",
            "datakit eval --between anna ben carla",
            "datakit eval --between anna ben carla --consensus staple -o agreed",
        ),
    ),
    Verb(
        name="augment",
        group="Training",
        summary="Write augmented copies whose labels still fit, reproducible to the byte.",
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
    ),
    Verb(
        name="export",
        group="Training",
        summary="Write a dataset as another program reads it: P3M, U-2-Net, COCO, shards.",
        text=(
            "SRC is a dataset, or anything else that datakit reads with masks or alphas. What a "
            "layout cannot carry is listed at the end and in docs/export.md. DST keeps datakit's "
            "own metadata.jsonl, dataset.json and failures.jsonl at its root."
        ),
        examples=(
            "datakit export dataset -o p3m --format p3m --size 512x512 --fit crop",
            "datakit export dataset -o train_data --format u2net",
            "datakit export dataset -o coco --format coco",
            "datakit export dataset -o shards --format webdataset --shard-samples 5000 --shuffle 7",
            "datakit export dataset -o arrays --format numpy --size 320x320",
        ),
    ),
    Verb(
        name="mask2coco",
        group="Labels",
        summary="Turn masks into COCO polygons and RLE that keep them.",
        text=(
            "SRC is a dataset with masks (of one class, of several, or of objects) or alphas, "
            "which are cut at one half. DST has Roboflow's layout: a folder per split with the "
            "images and _annotations.coco.json, which coco2mask and every COCO reader take. "
            "Polygons are as coarse as IoU and boundary IoU allow; outlines.jsonl says what each "
            "has lost."
        ),
        examples=(
            "datakit mask2coco dataset -o coco",
            "datakit mask2coco dataset -o people --instances component --holes bridge",
            "datakit mask2coco dataset -o exact --shapes rle",
            "datakit mask2coco folders -o coco --category skin --category hair",
        ),
    ),
    Verb(
        name="report",
        group="Looking",
        summary="Show what is in a dataset, what was done and what is uncertain, in one HTML file.",
        text=(
            "SRC is a dataset that datakit wrote. The page needs no network and no other file; "
            "its pictures are small and come from the dataset alone. Findings of qc, the record "
            "of anonymize and the queue of prelabel are shown when they lie in the dataset or in "
            "a folder named with --records."
        ),
        examples=(
            "datakit report dataset -o report.html",
            "datakit report dataset -o report.html --records qc_report --records anonymized",
            "datakit report dataset -o report.html --overwrite --pictures 0",
        ),
    ),
    Verb(
        name="diff",
        group="Looking",
        summary="Say what is different between two datasets: samples, splits, images, labels.",
        text=(
            "SRC is A B: two datasets, or a dataset and what came back of its export. Samples are "
            "found again by id, name or content. Labels are compared class by class. Exit code 1 "
            "when anything differs."
        ),
        examples=(
            "datakit diff old new",
            "datakit diff old new -o changes",
            "datakit diff dataset reviewed_export --json",
        ),
    ),
    Verb(
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
    ),
    Verb(
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
    ),
)

VERBS = Verbs(_ROWS)
"""The verbs by name, in the order of the work."""


def by_group() -> dict[str, list[Verb]]:
    """Return the verbs under their headings, both in the order of the table."""
    groups: dict[str, list[Verb]] = {}
    for row in _ROWS:
        groups.setdefault(row.group, []).append(row)
    return groups
