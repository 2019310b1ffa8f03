// The picture in the middle: photo and label as layers, five ways to see them, zoom and pan.
import { decoded, layer, tinted, within } from "./layers.js";

const MOST_ZOOM = 40, STEP = 1.25, MARGIN_PX = 24;
const ENOUGH_PX = 2048; // longer side of a label that is only looked at; the brush has all of it
const TINT = "#00d59b", BEFORE = "#ff7a2f", ADDED = "#2aa3ff", REMOVED = "#ff7a2f";
const BACKDROPS = ["checker", "green", "black", "white"], PICTURE = "picture";

export class Stage {
  constructor(box, world, handle, message, zoomed) {
    Object.assign(this, { box, world, handle, message, zoomed });
    this.view = "overlay";
    this.backdrops = [...BACKDROPS];
    this.backdrop = 0;
    this.tint = 0.55;
    this.slide = 0.5;
    this.hidden = false;
    this.pan = { x: 0, y: 0, scale: 1 };
    this.size = { width: 1, height: 1 };
    this.editLayer = layer(); // the label as it is now, white; what the brush works on, made when needed
    this.label = null; // what the label is drawn from: its picture, or the edit layer
    this.share = 1; // pixels of the layers that are seen, per pixel of the label
    this.shown = layer("label"); // what is seen of it
    this.colours = null; // classes or objects of the label, each in its colour
    this.contour = false; // whether the label's edge is drawn besides its tint
    this.marks = layer("marks"); // strokes that say "unknown", until the server's stripes come; empty until there is one
    this.changes = layer("changes"); // what a repair would change
    this.other = layer("before"); // what is seen of the label before
    this.boxes = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    this.boxes.setAttribute("class", "boxes");
    this.#listen();
    this.isFitted = true; // the box decides the zoom, until a person zooms or pans
    new ResizeObserver(() => { if (this.isFitted) this.fit(); }).observe(box);
  }

  // Show a sample's pictures; any of them may be null.
  show({ photo, label, before, unknown, colours }, words) {
    this.photo = photo;
    this.counterpart = null;
    this.before = before;
    this.colours = colours;
    this.boxes.replaceChildren();
    const any = photo || label;
    this.message.textContent = any ? "" : words || "There is no picture to show.";
    this.size = any ? { width: any.naturalWidth, height: any.naturalHeight } : { width: 1, height: 1 };
    this.label = label;
    this.labelled = label ? { width: label.naturalWidth, height: label.naturalHeight } : { width: 0, height: 0 };
    for (const one of [this.editLayer, this.changes]) Object.assign(one, { width: 0, height: 0 });
    this.#resize(Math.min(1, ENOUGH_PX / Math.max(this.labelled.width, this.labelled.height, 1)));
    this.boxes.setAttribute("viewBox", `0 0 ${this.size.width} ${this.size.height}`);
    this.world.style.width = `${this.size.width}px`;
    this.world.style.height = `${this.size.height}px`;
    this.world.replaceChildren(...[photo, this.other, this.shown, this.marks, this.changes, this.boxes].filter(Boolean));
    this.#setUnknown(unknown);
    if (photo) {
      photo.className = "photo";
      photo.draggable = false;
    }
    this.redraw();
    this.fit();
  }

  // Put the other side of anonymize beside the photo: with the slider, before is left and after is right.
  setCounterpart(picture, isAfter) {
    Object.assign(picture, { className: "counterpart", draggable: false, alt: isAfter ? "as it would be" : "as it was" });
    this.counterpart = picture;
    this.isAfter = isAfter;
    this.photo.after(picture);
    this.redraw();
  }

  // Draw the label's colours and its unknown region as they are after an edit.
  recolour({ colours, unknown }) {
    this.colours = colours;
    this.#setUnknown(unknown);
    this.redraw();
  }

  #setUnknown(picture) {
    this.world.querySelector(".unknown")?.remove();
    Object.assign(this.marks, { width: 0, height: 0 });
    if (!picture) return;
    Object.assign(picture, { className: "layer unknown", draggable: false, alt: "unknown region" });
    this.marks.before(picture);
  }

  // Whether the label can be changed; where it cannot, the message says why.
  mayEdit() {
    const { label, labelled, size } = this, inWords = ({ width, height }) => `${width} × ${height}`;
    const may = label !== null && labelled.width === size.width && labelled.height === size.height;
    if (!may) this.message.textContent = label ? `The label has ${inWords(labelled)} pixels, the photo ${inWords(size)}: it can only be looked at.` : "There is no label to change.";
    return may;
  }

  // Have every pixel of the label: for the brush, and where the zoom shows them.
  refine() {
    if (this.label && this.share < 1) {
      this.#resize(1);
      this.redraw();
    }
  }

  // Make the label something to paint on.
  paintable() {
    if (!this.label || this.label === this.editLayer) return;
    Object.assign(this.editLayer, this.labelled);
    this.editLayer.getContext("2d").drawImage(this.label, 0, 0);
    this.label = this.editLayer;
    this.refine();
  }

  // Make room for strokes that say "unknown": a layer that lies there empty costs time in every frame.
  markable() { if (!this.marks.width) Object.assign(this.marks, this.labelled); }

  // Show what a part that the server changed wins and loses the label; null: nothing.
  async preview(patch) {
    if (!patch || !this.label) return Object.assign(this.changes, { width: 0, height: 0 });
    const picture = await decoded(patch.png), { width, height } = picture, scratch = layer();
    Object.assign(this.changes, this.labelled);
    const pen = this.changes.getContext("2d");
    const place = (inner) => inner.drawImage(picture, 0, 0), below = (inner) => inner.drawImage(this.label, -patch.x, -patch.y);
    for (const [one, less, colour] of [[place, below, ADDED], [below, place, REMOVED]]) {
      Object.assign(scratch, { width, height });
      const inner = scratch.getContext("2d");
      one(inner);
      inner.globalCompositeOperation = "destination-out";
      less(inner);
      inner.globalCompositeOperation = "source-in";
      inner.fillStyle = colour;
      inner.fillRect(0, 0, width, height);
      pen.drawImage(scratch, patch.x, patch.y);
    }
    return this.changes;
  }

  // Put a part of the label that the server changed in its place.
  async patch({ png, x, y }) {
    const picture = await decoded(png);
    this.paintable();
    const rect = { x, y, width: picture.width, height: picture.height }, pen = this.editLayer.getContext("2d");
    pen.clearRect(rect.x, rect.y, rect.width, rect.height);
    pen.drawImage(picture, x, y);
    this.redraw(rect);
  }

  #resize(share) {
    this.share = share;
    const width = Math.round(this.labelled.width * share), height = Math.round(this.labelled.height * share);
    for (const canvas of [this.shown, this.other]) Object.assign(canvas, { width, height });
  }

  setView(view) {
    if (view === "cutout" && this.view === view) this.backdrop = (this.backdrop + 1) % this.backdrops.length;
    this.view = view;
    this.redraw();
  }

  // Put the cut-out before a picture, given by its address; it is one of the backdrops from now on.
  setPicture(address) {
    if (this.picture) URL.revokeObjectURL(this.picture);
    this.picture = address;
    this.world.style.setProperty("--picture", `url("${address}")`);
    this.backdrops = [...BACKDROPS, PICTURE];
    this.backdrop = BACKDROPS.length;
    this.view = "";
  }

  // Draw the label anew, all of it or only the rectangle that the brush touched.
  redraw(rect = { x: 0, y: 0, width: this.shown.width, height: this.shown.height }) {
    const { view } = this, has = this.label !== null;
    this.world.className = view === "cutout" ? `cutout ${this.backdrops[this.backdrop]}` : view;
    this.shown.style.opacity = ["overlay", "slider"].includes(view) ? this.tint : 1;
    this.other.style.opacity = this.tint;
    this.world.classList.toggle("hidden-label", this.hidden || !has);
    this.world.classList.toggle("paired", view === "slider" && this.counterpart !== null);
    if (this.counterpart) this.counterpart.hidden = view !== "slider";
    this.handle.hidden = view !== "slider" || !(has || this.counterpart);
    this.other.hidden = view !== "slider" || !this.before;
    this.#clip();
    if (!has) return;
    within(this.shown, rect, (pen) => this.#paint(pen));
    if (!this.other.hidden) within(this.other, rect, (pen) => tinted(pen, this.before, BEFORE));
  }

  #paint(pen) {
    const { width, height } = pen.canvas;
    if (this.view === "cutout" && this.photo) {
      pen.drawImage(this.photo, 0, 0, width, height);
      pen.globalCompositeOperation = "destination-in";
      pen.drawImage(this.label, 0, 0, width, height);
    } else if (this.view === "difference") {
      this.#difference(pen);
    } else if (this.view === "alpha") {
      pen.drawImage(this.label, 0, 0, width, height);
    } else {
      tinted(pen, this.label, TINT);
      if (this.colours) {
        pen.globalCompositeOperation = "source-atop";
        pen.drawImage(this.colours, 0, 0, width, height);
      }
      if (this.contour) this.#contour(pen);
    }
  }

  // A dark line around the label and a light one inside it: one of the two shows on any clothes.
  #contour(pen) {
    const { width, height } = pen.canvas, step = Math.max(1, Math.round(this.share / this.pan.scale));
    const shifts = [[-step, 0], [step, 0], [0, -step], [0, step], [-step, -step], [step, step], [-step, step], [step, -step]];
    const draw = (inner, operation, picture, [x, y] = [0, 0]) => {
      inner.globalCompositeOperation = operation;
      inner.drawImage(picture, x, y, width, height);
    };
    const line = (colour, cut) => {
      const scratch = layer();
      Object.assign(scratch, { width, height });
      const inner = scratch.getContext("2d");
      cut(inner);
      inner.globalCompositeOperation = "source-in";
      inner.fillStyle = colour;
      inner.fillRect(0, 0, width, height);
      pen.globalCompositeOperation = "source-over";
      pen.drawImage(scratch, 0, 0);
    };
    line("#000", (inner) => {
      for (const shift of shifts) draw(inner, "source-over", this.label, shift);
      draw(inner, "destination-out", this.label);
    });
    line("#fff", (inner) => {
      const small = layer();
      Object.assign(small, { width, height });
      const core = small.getContext("2d");
      draw(core, "source-over", this.label);
      for (const shift of shifts) draw(core, "destination-in", this.label, shift);
      draw(inner, "source-over", this.label);
      draw(inner, "destination-out", small);
    });
  }

  #difference(pen) {
    if (!this.before) return;
    const { width, height } = pen.canvas, scratch = layer();
    for (const [one, less, colour] of [[this.label, this.before, ADDED], [this.before, this.label, REMOVED]]) {
      Object.assign(scratch, { width, height });
      const inner = scratch.getContext("2d");
      inner.drawImage(one, 0, 0, width, height);
      inner.globalCompositeOperation = "destination-out";
      inner.drawImage(less, 0, 0, width, height);
      inner.globalCompositeOperation = "source-in";
      inner.fillStyle = colour;
      inner.fillRect(0, 0, width, height);
      pen.drawImage(scratch, 0, 0);
    }
  }

  setSlide(share) {
    this.slide = Math.max(0, Math.min(1, share));
    this.handle.setAttribute("aria-valuenow", Math.round(100 * this.slide));
    this.#clip();
  }

  #clip() {
    const cut = 100 * this.slide, slider = this.view === "slider";
    this.shown.style.clipPath = slider ? `inset(0 0 0 ${cut}%)` : "";
    this.other.style.clipPath = slider ? `inset(0 ${100 - cut}% 0 0)` : "";
    if (this.counterpart) this.counterpart.style.clipPath = this.isAfter ? `inset(0 0 0 ${cut}%)` : `inset(0 ${100 - cut}% 0 0)`;
    this.handle.style.left = `${this.pan.x + this.slide * this.size.width * this.pan.scale}px`;
  }

  // Outline boxes [x1, y1, x2, y2] and, with `look`, go there.
  outline(boxes, look = false) {
    this.boxes.replaceChildren(...boxes.map(([x1, y1, x2, y2]) => {
      const one = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      for (const [name, value] of Object.entries({ x: x1, y: y1, width: x2 - x1, height: y2 - y1 })) one.setAttribute(name, value);
      return one;
    }));
    if (!look || !boxes.length) return;
    const [x1, y1, x2, y2] = boxes[0], { clientWidth, clientHeight } = this.box;
    const room = Math.max(x2 - x1, y2 - y1, 24) * 2;
    this.#place(Math.min(clientWidth, clientHeight) / room, (x1 + x2) / 2, (y1 + y2) / 2);
  }

  fit() {
    const { clientWidth, clientHeight } = this.box, { width, height } = this.size;
    const room = (side) => Math.max(side - 2 * MARGIN_PX, 50);
    this.#place(Math.min(room(clientWidth) / width, room(clientHeight) / height, 8), width / 2, height / 2);
    this.isFitted = true;
  }

  // Zoom about a point of the box, its middle when none is given.
  zoom(by, at = { x: this.box.clientWidth / 2, y: this.box.clientHeight / 2 }) {
    const { x, y, scale } = this.pan, to = Math.max(0.02, Math.min(MOST_ZOOM, scale * by));
    Object.assign(this.pan, { scale: to, x: at.x - ((at.x - x) * to) / scale, y: at.y - ((at.y - y) * to) / scale });
    this.#move();
  }

  // The place in the picture below a pointer.
  point(event) {
    const edge = this.box.getBoundingClientRect();
    return { x: (event.clientX - edge.left - this.pan.x) / this.pan.scale, y: (event.clientY - edge.top - this.pan.y) / this.pan.scale };
  }

  moveBy(x, y) {
    this.pan.x += x;
    this.pan.y += y;
    this.#move();
  }

  #place(scale, x, y) {
    const { clientWidth, clientHeight } = this.box, to = Math.max(0.02, Math.min(MOST_ZOOM, scale));
    this.pan = { scale: to, x: clientWidth / 2 - x * to, y: clientHeight / 2 - y * to };
    this.#move();
  }

  #move() {
    this.isFitted = false;
    const { x, y, scale } = this.pan;
    this.world.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    this.world.classList.toggle("pixels", scale >= 3);
    if (scale * devicePixelRatio > this.share) this.refine();
    this.zoomed(scale);
    this.#clip();
  }

  #listen() {
    const { box } = this;
    box.addEventListener("wheel", (event) => {
      event.preventDefault();
      const edge = box.getBoundingClientRect();
      this.zoom(Math.exp(-event.deltaY / 400), { x: event.clientX - edge.left, y: event.clientY - edge.top });
    }, { passive: false });
    let grabbed = null;
    const fingers = new Map(); // two of them zoom and pan
    const spread = () => {
      const [one, two] = fingers.values(), edge = box.getBoundingClientRect();
      return { x: (one.x + two.x) / 2 - edge.left, y: (one.y + two.y) / 2 - edge.top, far: Math.hypot(one.x - two.x, one.y - two.y) };
    };
    box.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "touch") fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    }, { capture: true });
    box.addEventListener("pointermove", (event) => {
      if (!fingers.has(event.pointerId)) return;
      const before = fingers.size === 2 ? spread() : null;
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (!before) return;
      const now = spread();
      this.zoom(now.far / Math.max(before.far, 1), before);
      this.moveBy(now.x - before.x, now.y - before.y);
    }, { capture: true });
    for (const kind of ["pointerup", "pointercancel"]) box.addEventListener(kind, (event) => fingers.delete(event.pointerId), { capture: true });
    box.addEventListener("pointerdown", (event) => {
      if (event.defaultPrevented || event.button > 1 || event.target === this.handle) return;
      grabbed = event.pointerId;
      box.setPointerCapture(grabbed);
      box.classList.add("grabbed");
    });
    box.addEventListener("pointermove", (event) => {
      if (event.pointerId === grabbed && fingers.size < 2) this.moveBy(event.movementX, event.movementY);
    });
    const release = () => { grabbed = null; box.classList.remove("grabbed"); };
    box.addEventListener("pointerup", release);
    box.addEventListener("pointercancel", release);
    box.addEventListener("dblclick", () => (this.pan.scale < 1 ? this.zoom(1 / this.pan.scale) : this.fit()));
    this.handle.addEventListener("pointerdown", (event) => this.handle.setPointerCapture(event.pointerId));
    this.handle.addEventListener("pointermove", (event) => {
      if (event.buttons) this.setSlide(this.point(event).x / this.size.width);
    });
    this.handle.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -0.02, ArrowRight: 0.02 }[event.key];
      if (!by) return;
      event.preventDefault();
      event.stopPropagation();
      this.setSlide(this.slide + by);
    });
  }

  static get step() { return STEP; }
}
