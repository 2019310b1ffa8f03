"""The verb ``split``: its row of the table."""

from datakit.verbs.verb import Verb

ROW = Verb(
    name="split",
    group="Curation",
    summary="Make train, val and test splits without leaks; audit and repair existing ones.",
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
        "datakit split export -o repaired --repair",
        "datakit split dataset -o parts --policy p3m",
        "datakit split grown -o parts2 --val 0.15 --previous parts",
    ),
)
