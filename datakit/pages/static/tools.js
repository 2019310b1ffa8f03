// Tools that change the label in sight, and aids to see it; one tool at a time is in hand.
import { Brush } from "./brush.js";
import { Lens } from "./lens.js";
import { Neighbours } from "./neighbours.js";
import { Palette } from "./palette.js";
import { POINTING, Pointing } from "./pointing.js";
import { Repairs } from "./repairs.js";
import { Vertices } from "./vertices.js";

const $ = (id) => document.getElementById(id);
const UNKNOWN = 255; // mark of a stroke over what nobody can know
const BRUSHES = ["add", "erase", "unknown"], EDGES = ["harder", "softer"];
const SIZED = [...BRUSHES, "hair", "inside", "outside", ...EDGES];

export class Tools {
  // page: stage, queue, pictures, pending, and what the page does: say, send, settled, show, remember, current.
  constructor(page) {
    Object.assign(this, page);
    const { stage, queue, pictures } = page;
    this.clicks = []; // on the label in sight: each holds against later ones, until something else changes it
    this.brush = new Brush(stage, Number($("radius").value), (stroke, mode) => this.#paint(stroke, mode));
    this.pointing = new Pointing(stage, (use) => this.#use(use));
    this.vertices = new Vertices(stage, (use) => this.#use(use));
    this.palette = new Palette($("palette"));
    this.lens = new Lens(stage);
    this.neighbours = new Neighbours($("beside"), queue, pictures, page.show);
    new Repairs(document.querySelectorAll("[data-repair]"), stage, {
      say: page.say, use: (use) => this.#use(use), sample: () => this.#sample(),
    });
    $("radius").addEventListener("input", (event) => this.#setRadius(Number(event.target.value)));
    $("soft").addEventListener("input", (event) => { this.brush.soft = event.target.value / 100; });
    $("strength").addEventListener("input", (event) => { this.pointing.strength = event.target.value / 100; });
  }

  // Another sample comes into sight.
  begin(at) {
    this.clicks = [];
    this.neighbours.show(at);
  }

  // Whether a tool is in hand.
  get inHand() { return Boolean(this.brush.mode || this.pointing.mode || this.vertices.on); }

  // Space is held: drag pans.
  setSpace(down) { this.brush.spaced = this.pointing.spaced = this.vertices.spaced = down; }

  // Take a tool in hand, or none; chosen again, it is put away.
  choose(name) {
    const chosen = name && $(name).getAttribute("aria-pressed") !== "true" ? name : null;
    this.brush.setMode(BRUSHES.includes(chosen) ? chosen : null);
    this.vertices.setMode(chosen === "vertices");
    this.pointing.setMode(chosen in POINTING ? chosen : null);
    for (const button of document.querySelectorAll("#tools button")) button.setAttribute("aria-pressed", button.id === chosen);
    $("sized").hidden = !SIZED.includes(chosen);
    $("soft").parentElement.hidden = !["add", "erase"].includes(chosen);
    $("strength").parentElement.hidden = !EDGES.includes(chosen);
    if (chosen in POINTING) this.say(POINTING[chosen]);
    this.showVertices();
  }

  // Make the brush larger or smaller, by at least a pixel.
  resize(by) { this.#setRadius(this.brush.radius * by + Math.sign(by - 1) / 2); }

  #setRadius(radius) {
    $("radius").value = $("radius-px").textContent = this.pointing.radius = this.brush.setRadius(radius);
  }

  toggleLens() { $("lens").setAttribute("aria-pressed", this.lens.toggle()); }

  toggleNeighbours() { $("neighbours").setAttribute("aria-pressed", this.neighbours.toggle(this.current())); }

  // The vertices of the outline as it is now, while that tool is in hand.
  async showVertices() {
    if (!this.vertices.on || !this.stage.label) return;
    const at = this.current(), { edit } = await this.settled(at);
    const answer = await fetch(`api/outline/${at}${edit ? `?edit=${edit}` : ""}`);
    if (answer.ok && at === this.current()) this.vertices.show(await answer.json());
  }

  async #sample() {
    const at = this.current();
    return { id: this.queue.data.id[at], edit: (await this.settled(at)).edit };
  }

  // A stroke of the brush: it adds (what the palette says), erases, or says that nobody knows.
  #paint(stroke, mode) {
    const at = this.current(), { value, class_name } = mode === "add" ? this.palette.mark : {};
    this.clicks = [];
    this.remember(at);
    this.queue.set(at, { ...this.queue.state(at), edit: this.queue.state(at).edit || "" });
    this.#keepBefore(at);
    this.send(at, { ...stroke, mark: mode === "unknown" ? UNKNOWN : value, class_name })
      .then(() => this.#changed(at, class_name, mode === "unknown"));
  }

  // A tool of the server's: what it changed of the label comes back and is drawn in.
  async #use(use) {
    const at = this.current(), box = this.stage.box;
    if (at < 0 || !this.stage.mayEdit()) return;
    const forget = this.remember(at);
    this.#keepBefore(at);
    this.clicks = use.prompts?.clicks ? [...this.clicks, ...use.prompts.clicks] : [];
    if (this.clicks.length) use = { prompts: { clicks: this.clicks } };
    box.classList.add("waiting");
    try {
      // Repairs and vertices change what is there: only what is found in the photo may be of a class.
      const mark = use.prompts ? this.palette.mark : {};
      const { patch } = await this.send(at, { tool: { ...use, ...mark } });
      if (!patch) {
        forget();
        this.say("Nothing to change there.");
        return;
      }
      this.#changed(at, mark.class_name, false);
      if (at === this.current()) await this.stage.patch(patch);
    } catch {
      forget(); // reported by the event "refused"
    } finally {
      box.classList.remove("waiting");
      this.showVertices();
    }
  }

  // What the first edit is compared with: the label as it is in sight, which is here already.
  #keepBefore(at) {
    if (this.stage.before) return;
    this.pictures.get(at).label.then((label) => { if (at === this.current()) this.stage.before ||= label; });
  }

  // The pictures that are kept are those from before the edit.
  #changed(at, className, isMarked) {
    this.pictures.forget(at);
    if (isMarked || this.queue.data.coloured[at] || this.queue.data.unknown[at]) this.#recolour(at);
    if (className) this.#relist(at);
  }

  // Fetch the colours and the unknown region of the sample in sight as they are after an edit.
  async #recolour(at) {
    await this.settled(at);
    if (at !== this.current() || this.pending.waiting) return;
    const found = this.pictures.get(at), [colours, unknown] = await Promise.all([found.colours, found.unknown]);
    if (at === this.current()) this.stage.recolour({ colours, unknown });
  }

  // A new object is one of the palette from now on, and the next new one is another.
  async #relist(at) {
    await this.settled(at);
    const answer = await fetch(`api/sample/${at}`);
    if (answer.ok && at === this.current()) this.palette.show((await answer.json()).palette, true);
  }
}
