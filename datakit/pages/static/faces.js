// Before and after anonymize: the boxes of the faces, and the other picture beside the one in sight.
export class Faces {
  constructor(stage, queue, pictures, say) {
    Object.assign(this, { stage, queue, pictures, say });
    this.begin(-1);
  }

  // Another sample comes into sight.
  begin(at) {
    this.at = at;
    this.boxes = [];
  }

  // Boxes of the faces that anonymize found in it.
  found(boxes) {
    this.boxes = boxes;
    this.#outline();
  }

  // With the slider the other picture is fetched, which may take seconds where it has to be made.
  async show() {
    const { at, stage, queue } = this;
    this.#outline();
    if (stage.view !== "slider" || stage.counterpart || !stage.photo || !queue.data.counterpart[at]) return;
    const isAfter = queue.data.waiting[at];
    stage.box.classList.add("waiting");
    if (isAfter) this.say("Hiding the faces as anonymize would…");
    try {
      const picture = await this.pictures.counterpart(at);
      if (at !== this.at) return;
      this.say("");
      stage.setCounterpart(picture, isAfter);
      this.#outline();
    } catch (error) {
      if (at === this.at) this.say(`Before and after cannot be shown: ${error.message}`);
    } finally {
      stage.box.classList.remove("waiting");
    }
  }

  // A photo that waits is looked at for its faces; on others the boxes come with the comparison.
  #outline() {
    const { stage, queue, at, boxes } = this;
    if (boxes.length && (queue.data.waiting[at] || (stage.view === "slider" && stage.counterpart))) stage.outline(boxes);
  }
}
