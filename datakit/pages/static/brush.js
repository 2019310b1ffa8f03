// The brush: strokes go into the label that is seen at once, and each, when it ends, to the server.
import { layer, within } from "./layers.js";

const FINGER_PX = 6;

export class Brush {
  constructor(stage, radius, finished) {
    Object.assign(this, { stage, finished });
    this.mode = null; // "add", "erase", "unknown", or put away
    this.waiting = null; // a finger that may be the first of two: where it came down
    this.radius = radius;
    this.soft = 0; // how soft the rim is, 0 to 1: the share of the radius over which it fades out
    this.spaced = false; // Space is held: drag pans
    this.stroke = null;
    this.ring = document.createElement("div");
    this.ring.className = "ring";
    this.ring.hidden = true;
    stage.box.append(this.ring);
    this.#listen();
  }

  setMode(mode) {
    this.mode = mode;
    this.stage.box.classList.toggle("painting", mode !== null);
    if (mode === null) this.ring.hidden = true;
  }

  setRadius(radius) {
    this.radius = Math.max(1, Math.min(120, Math.round(radius)));
    return this.radius;
  }

  #listen() {
    const { box } = this.stage;
    // Before the stage's own listener, so that it can leave the pointer to the brush.
    box.addEventListener("pointerdown", (event) => {
      if (!this.mode || this.spaced || event.button !== 0 || !this.stage.mayEdit()) return;
      event.preventDefault();
      if (event.pointerType === "touch") {
        // Two fingers zoom: nothing is painted before it is clear that there is one.
        this.waiting = this.waiting || this.stroke ? null : { x: event.clientX, y: event.clientY };
        return;
      }
      this.#start(event);
    }, { capture: true });
    box.addEventListener("pointermove", (event) => {
      this.#ring(event);
      const { waiting } = this;
      if (waiting && Math.hypot(event.clientX - waiting.x, event.clientY - waiting.y) > FINGER_PX) this.#start(event);
      if (!this.stroke || event.pointerId !== this.stroke.pointer) return;
      for (const one of event.getCoalescedEvents?.() || [event]) this.#to(this.stage.point(one), pressed(one));
    });
    box.addEventListener("pointerup", (event) => {
      if (this.waiting) this.#start(event);
      this.#end();
    });
    box.addEventListener("pointercancel", () => {
      this.waiting = null;
      this.#end();
    });
    box.addEventListener("pointerleave", () => { this.ring.hidden = true; });
  }

  #ring(event) {
    this.ring.hidden = !this.mode || this.spaced;
    if (this.ring.hidden) return;
    const edge = this.stage.box.getBoundingClientRect(), side = 2 * this.radius * this.stage.pan.scale;
    Object.assign(this.ring.style, {
      width: `${side}px`, height: `${side}px`,
      left: `${event.clientX - edge.left - side / 2}px`, top: `${event.clientY - edge.top - side / 2}px`,
    });
  }

  #start(event) {
    const { stage } = this, point = stage.point(event);
    this.waiting = null;
    stage.paintable();
    if (this.mode === "unknown") stage.markable();
    stage.box.setPointerCapture(event.pointerId);
    const { width, height } = stage.editLayer, blank = () => Object.assign(layer(), { width, height });
    const canvas = blank(), blur = this.mode === "unknown" ? 0 : (this.soft * this.radius) / 2;
    this.stroke = { canvas, hard: canvas, blur, pointer: event.pointerId, last: point, x1: width, y1: height, x2: 0, y2: 0 };
    if (blur) {
      // A soft rim is made of the whole stroke: where parts of it overlap it must not add up.
      Object.assign(this.stroke, { hard: blank(), before: blank() });
      this.stroke.before.getContext("2d").drawImage(stage.editLayer, 0, 0);
    }
    this.#to(point, pressed(event));
  }

  #to(point, pressure) {
    const { stroke } = this, { editLayer, marks } = this.stage, erase = this.mode !== "add";
    const radius = Math.max(0.5, this.radius * pressure);
    const line = (canvas, colour, operation) => {
      const pen = canvas.getContext("2d");
      pen.save();
      Object.assign(pen, { lineWidth: 2 * radius, lineCap: "round", lineJoin: "round", strokeStyle: colour, globalCompositeOperation: operation });
      pen.beginPath();
      pen.moveTo(stroke.last.x, stroke.last.y);
      pen.lineTo(point.x + 0.01, point.y);
      pen.stroke();
      pen.restore();
    };
    const onLabel = erase ? "destination-out" : "source-over", reach = radius + 3 * stroke.blur + 1;
    if (this.mode === "unknown") line(marks, "#fff", "source-over");
    else if (!stroke.blur) line(editLayer, "#fff", onLabel);
    line(stroke.hard, erase ? "#000" : "#fff", "source-over");
    const x1 = Math.max(0, Math.floor(Math.min(stroke.last.x, point.x) - reach));
    const y1 = Math.max(0, Math.floor(Math.min(stroke.last.y, point.y) - reach));
    const x2 = Math.min(editLayer.width, Math.ceil(Math.max(stroke.last.x, point.x) + reach));
    const y2 = Math.min(editLayer.height, Math.ceil(Math.max(stroke.last.y, point.y) + reach));
    if (x2 > x1 && y2 > y1) {
      if (stroke.blur) this.#soften({ x: x1, y: y1, width: x2 - x1, height: y2 - y1 }, onLabel);
      Object.assign(stroke, { x1: Math.min(stroke.x1, x1), y1: Math.min(stroke.y1, y1), x2: Math.max(stroke.x2, x2), y2: Math.max(stroke.y2, y2) });
      this.stage.redraw({ x: x1, y: y1, width: x2 - x1, height: y2 - y1 });
    }
    stroke.last = point;
  }

  // Fade out the stroke's rim in a rectangle, and lay it over the label as that was before the stroke.
  #soften(rect, operation) {
    const { canvas, hard, before, blur } = this.stroke;
    within(canvas, rect, (pen) => {
      pen.filter = `blur(${blur}px)`;
      pen.drawImage(hard, 0, 0);
    });
    within(this.stage.editLayer, rect, (pen) => {
      pen.drawImage(before, 0, 0);
      pen.globalCompositeOperation = operation;
      pen.drawImage(canvas, 0, 0);
    });
  }

  #end() {
    const { stroke } = this;
    this.stroke = null;
    if (!stroke || stroke.x2 <= stroke.x1) return;
    const cut = document.createElement("canvas");
    Object.assign(cut, { width: stroke.x2 - stroke.x1, height: stroke.y2 - stroke.y1 });
    cut.getContext("2d").drawImage(stroke.canvas, -stroke.x1, -stroke.y1);
    const address = cut.toDataURL("image/png");
    this.finished({ stroke: address.slice(address.indexOf(",") + 1), x: stroke.x1, y: stroke.y1 }, this.mode);
  }
}

// How much of the radius a pen's pressure gives: all of it at half the force, as with other pointers.
const pressed = ({ pointerType, pressure }) => (pointerType === "pen" && pressure ? Math.min(2, Math.max(0.3, 2 * pressure)) : 1);
