// The outline as vertices: drag one, drag an edge to add one, Shift + click takes one away.
const SVG = "http://www.w3.org/2000/svg";
const NEAR_PX = 10, LEAST = 3;

export class Vertices {
  constructor(stage, finished) {
    Object.assign(this, { stage, finished });
    this.on = false;
    this.spaced = false; // Space is held: drag pans
    this.rings = [];
    this.held = null;
    this.group = document.createElementNS(SVG, "g");
    this.#listen();
  }

  setMode(on) {
    this.on = on;
    this.rings = [];
    this.#draw();
  }

  // Rings as the server gives them: {points, hole}.
  show(rings) {
    this.rings = this.on ? rings : [];
    this.#draw();
  }

  #listen() {
    const { box } = this.stage;
    box.addEventListener("pointerdown", (event) => {
      if (!this.on || this.spaced || event.button !== 0) return;
      const at = this.stage.point(event), found = this.#vertex(at) || this.#edge(at);
      if (!found || !this.stage.mayEdit()) return;
      event.preventDefault();
      const before = found.ring.points.map((point) => [...point]);
      if (event.shiftKey) {
        if (!found.added && before.length > LEAST) {
          found.ring.points.splice(found.at, 1);
          this.#finish(found.ring, before);
        }
        return;
      }
      if (found.added) found.ring.points.splice(found.at, 0, [at.x, at.y]);
      this.held = { ...found, before };
      box.setPointerCapture(event.pointerId);
      this.#draw();
    }, { capture: true });
    box.addEventListener("pointermove", (event) => {
      if (!this.held) return;
      const { x, y } = this.stage.point(event);
      this.held.ring.points[this.held.at] = [x, y];
      this.#draw();
    });
    box.addEventListener("pointerup", () => {
      const { held } = this;
      this.held = null;
      if (held) this.#finish(held.ring, held.before);
    });
    box.addEventListener("pointercancel", () => {
      if (this.held) this.held.ring.points = this.held.before;
      this.held = null;
      this.#draw();
    });
  }

  #finish(ring, before) {
    this.#draw();
    if (JSON.stringify(before) === JSON.stringify(ring.points)) return;
    this.finished({ outline: { before, after: ring.points, hole: ring.hole } });
  }

  #vertex(at) {
    let best = { far: NEAR_PX / this.stage.pan.scale };
    for (const ring of this.rings) {
      ring.points.forEach(([x, y], place) => {
        const far = Math.hypot(x - at.x, y - at.y);
        if (far < best.far) best = { far, ring, at: place };
      });
    }
    return best.ring ? best : null;
  }

  #edge(at) {
    let best = { far: NEAR_PX / this.stage.pan.scale };
    for (const ring of this.rings) {
      ring.points.forEach(([x1, y1], place) => {
        const [x2, y2] = ring.points[(place + 1) % ring.points.length], long = (x2 - x1) ** 2 + (y2 - y1) ** 2 || 1;
        const share = Math.max(0, Math.min(1, ((at.x - x1) * (x2 - x1) + (at.y - y1) * (y2 - y1)) / long));
        const far = Math.hypot(x1 + share * (x2 - x1) - at.x, y1 + share * (y2 - y1) - at.y);
        if (far < best.far) best = { far, ring, at: place + 1, added: true };
      });
    }
    return best.ring ? best : null;
  }

  #draw() {
    const line = (name, attribute, value) => {
      const one = document.createElementNS(SVG, name);
      one.setAttribute(attribute, value);
      return one;
    };
    this.group.replaceChildren(...this.rings.flatMap(({ points }) => [
      line("polygon", "points", points.map((point) => point.join()).join(" ")),
      line("path", "d", points.map(([x, y]) => `M${x},${y}h0`).join("")),
    ]));
    this.group.setAttribute("class", "vertices");
    if (this.on) this.stage.boxes.append(this.group);
    else this.group.remove();
  }
}
