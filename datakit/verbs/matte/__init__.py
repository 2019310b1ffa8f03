"""The verb ``matte``: its row of the table."""

from datakit.verbs.verb import Verb

ROW = Verb(
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
    picture=("alpha_file_name",),
)
