// A lens at the cursor: the photo and its label, larger, where the pointer is.
const SIDE_PX = 200, TIMES = 4;

export class Lens {
  constructor(stage) {
    this.stage = stage;
    this.on = false;
    this.canvas = document.createElement("canvas");
    Object.assign(this.canvas, { className: "lens", width: SIDE_PX, height: SIDE_PX, hidden: true });
    this.canvas.setAttribute("aria-hidden", "true");
    stage.box.append(this.canvas);
    stage.box.addEventListener("pointermove", (event) => this.#draw(event));
    stage.box.addEventListener("pointerleave", () => { this.canvas.hidden = true; });
  }

  toggle() {
    this.on = !this.on;
    if (!this.on) this.canvas.hidden = true;
    return this.on;
  }

  #draw(event) {
    this.canvas.hidden = !this.on || !this.stage.photo;
    if (this.canvas.hidden) return;
    const { stage, canvas } = this, pen = canvas.getContext("2d"), at = stage.point(event);
    const seen = SIDE_PX / (TIMES * stage.pan.scale), left = at.x - seen / 2, top = at.y - seen / 2;
    pen.imageSmoothingEnabled = TIMES * stage.pan.scale < 4;
    pen.clearRect(0, 0, SIDE_PX, SIDE_PX);
    pen.drawImage(stage.photo, left, top, seen, seen, 0, 0, SIDE_PX, SIDE_PX);
    if (stage.label && stage.view === "overlay") {
      const share = stage.shown.width / stage.size.width;
      pen.globalAlpha = stage.tint;
      pen.drawImage(stage.shown, left * share, top * share, seen * share, seen * share, 0, 0, SIDE_PX, SIDE_PX);
      pen.globalAlpha = 1;
    }
    const edge = stage.box.getBoundingClientRect(), x = event.clientX - edge.left, y = event.clientY - edge.top;
    // Beside the pointer, on the side that has room.
    canvas.style.left = `${x > SIDE_PX + 40 ? x - SIDE_PX - 24 : x + 24}px`;
    canvas.style.top = `${y > SIDE_PX + 40 ? y - SIDE_PX - 24 : y + 24}px`;
  }
}
