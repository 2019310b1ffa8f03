// Tools that point at something: clicks, a box, a lasso, and strokes whose band is solved anew. What
// was pointed at goes to the server, which finds what it means in the photo.
const SVG = "http://www.w3.org/2000/svg";
const NEAR_PX = 4; // a drag shorter than that is a click
export const POINTING = {
  click: "Click what belongs to the subject; Shift or right button: what does not.",
  box: "Drag a box around a person or thing.",
  lasso: "Draw a loose line around a person or thing.",
  hair: "Paint over hair or fur: its edge is solved anew.",
  inside: "Paint what surely belongs to the subject: the edge beside it is solved anew.",
  outside: "Paint what surely does not: the edge beside it is solved anew.",
  harder: "Paint over an edge to make it harder.",
  softer: "Paint over an edge to make it softer.",
};

const GROUNDS = { hair: "unknown", inside: "foreground", outside: "background" };

export class Pointing {
  constructor(stage, finished) {
    Object.assign(this, { stage, finished });
    this.mode = null;
    this.radius = 14;
    this.strength = 0.5; // how much harder or softer an edge becomes, 0 to 1
    this.spaced = false; // Space is held: drag pans
    this.points = null;
    this.touches = new Set(); // with two fingers nothing is pointed at
    this.line = document.createElementNS(SVG, "polyline");
    this.line.setAttribute("class", "pointed");
    this.#listen();
  }

  setMode(mode) {
    this.mode = mode;
    this.#clear();
    this.stage.box.classList.toggle("pointing", mode !== null);
  }

  #listen() {
    const { box } = this.stage;
    box.addEventListener("contextmenu", (event) => { if (this.mode === "click") event.preventDefault(); });
    box.addEventListener("pointerdown", (event) => {
      this.touches.add(event.pointerId);
      if (this.touches.size > 1) this.#clear();
      const second = event.button === 2 && this.mode === "click";
      if (!this.mode || this.spaced || this.touches.size > 1 || !(event.button === 0 || second)) return;
      if (!this.stage.mayEdit()) return;
      event.preventDefault();
      box.setPointerCapture(event.pointerId);
      this.points = [this.stage.point(event)];
      this.from = { x: event.clientX, y: event.clientY, positive: !(event.shiftKey || second) };
      this.#draw();
    }, { capture: true });
    box.addEventListener("pointermove", (event) => {
      if (!this.points) return;
      for (const one of event.getCoalescedEvents?.() || [event]) this.points.push(this.stage.point(one));
      this.#draw();
    });
    const end = (event) => {
      this.touches.delete(event.pointerId);
      if (event.type === "pointerup") this.#end(event);
      this.#clear();
    };
    box.addEventListener("pointerup", end);
    box.addEventListener("pointercancel", end);
  }

  #end(event) {
    const { mode, points, from } = this;
    if (!points) return;
    const still = Math.hypot(event.clientX - from.x, event.clientY - from.y) < NEAR_PX;
    const pairs = points.map(({ x, y }) => [x, y]);
    if (mode === "click") this.finished({ prompts: { clicks: [{ ...points[0], positive: from.positive }] } });
    else if (mode === "box" && !still) this.finished({ prompts: { box: [...pairs[0], ...pairs.at(-1)] } });
    else if (mode === "lasso" && pairs.length > 2) this.finished({ prompts: { lasso: pairs } });
    else if (mode in GROUNDS) this.finished({ stroke: this.#stroke(pairs), ground: GROUNDS[mode] });
    else if (mode === "harder") this.finished({ stroke: this.#stroke(pairs), edge: 1 + 1.2 * this.strength });
    else if (mode === "softer") this.finished({ stroke: this.#stroke(pairs), edge: 1 - 0.8 * this.strength });
  }

  #stroke(points) { return { points, radius_px: this.radius }; }

  #clear() {
    this.points = null;
    this.line.remove();
  }

  #draw() {
    const { mode, points } = this, first = points[0], last = points.at(-1);
    if (mode === "click") return;
    const corners = mode === "box" ? [first, { x: last.x, y: first.y }, last, { x: first.x, y: last.y }, first]
      : mode === "lasso" ? [...points, first] : points;
    this.line.setAttribute("points", corners.map(({ x, y }) => `${x},${y}`).join(" "));
    const wide = !["box", "lasso"].includes(mode);
    this.line.classList.toggle("wide", wide);
    this.line.style.strokeWidth = wide ? `${2 * this.radius * this.stage.pan.scale}px` : "";
    this.stage.boxes.append(this.line);
  }
}
