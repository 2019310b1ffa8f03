// The page: one sample in the middle, the keys, and what they decide.
import { Brush } from "./brush.js";
import { Details } from "./details.js";
import { Faces } from "./faces.js";
import { listenForKeys } from "./keys.js";
import { Lens } from "./lens.js";
import { List } from "./list.js";
import { Pace } from "./pace.js";
import { Neighbours } from "./neighbours.js";
import { Palette } from "./palette.js";
import { PendingDecisions } from "./pending.js";
import { Pictures } from "./pictures.js";
import { POINTING, Pointing } from "./pointing.js";
import { KINDS, Queue } from "./queue.js";
import { Repairs } from "./repairs.js";
import { Stage } from "./stage.js";
import { Vertices } from "./vertices.js";

const $ = (id) => document.getElementById(id);
const response = await fetch("api/queue");
const queue = new Queue(await response.json());
const pending = new PendingDecisions(queue.data.review);
const pictures = new Pictures(queue);
const stage = new Stage($("stage"), $("world"), $("handle"), $("message"), (scale) => { $("zoom").textContent = `${Math.round(100 * scale)} %`; });
const details = new Details($("details"), queue, (boxes) => stage.outline(boxes, true));
const list = new List($("list"), $("rows"), queue, (at) => {
  drawer(false);
  show(at);
});
const brush = new Brush(stage, Number($("radius").value), (stroke, mode) => paint(stroke, mode));
const pointing = new Pointing(stage, (use) => useTool(use));
const vertices = new Vertices(stage, (use) => useTool(use));
const lens = new Lens(stage);
const faces = new Faces(stage, queue, pictures, say);
const neighbours = new Neighbours($("beside"), queue, pictures, (at) => show(at));
const palette = new Palette($("palette"));
const pace = new Pace();
const done = []; // what undo takes back: {at, before: promise of where it stood}
const settling = new Map(); // sample -> promise of where it will stand when the server has answered
const UNKNOWN = 255; // mark of a stroke over what nobody can know
let current = -1;
let clicks = []; // on the label in sight: each holds against later ones, until something else changes it

// Show a sample: at once when its pictures are here already.
async function show(at) {
  if (at === undefined || at < 0) return;
  saveNote();
  if (at !== current) pace.begin();
  current = at;
  faces.begin(at);
  list.select(at);
  mark();
  neighbours.show(at);
  const words = queue.data.waiting[at] ? "This photo is not in the dataset; --photos SRC shows it here." : "";
  clicks = [];
  details.begin(at);
  // A stroke on its way belongs to the label that comes; a server that is gone is not waited for.
  if (settling.has(at)) await Promise.race([settled(at), new Promise((wake) => setTimeout(wake, 1500))]);
  const found = pictures.get(at);
  const [photo, label, before, unknown, colours] = await Promise.all([found.photo, found.label, found.before, found.unknown, found.colours]);
  if (at !== current) return;
  stage.show({ photo, label, before, unknown, colours }, words);
  pictures.problem(at, { photo, label }).then((problem) => { if (problem && at === current) $("message").textContent = problem; });
  showVertices();
  faces.show();
  if (photo) photo.alt = `${queue.data.id[at]}: ${queue.data.reason[at] || "no findings"}`;
  requestAnimationFrame(() => {
    $("stage").dataset.shown = queue.data.id[at];
    setTimeout(() => follow(at)); // after this frame: the picture comes before all else
  });
}

// What can wait until a sample is in sight: what is known of it, and the pictures beside it in the list.
async function follow(at) {
  if (at !== current) return;
  const near = [queue.step(at, 1), queue.step(at, 2), queue.step(at, -1)].filter((one) => one !== undefined);
  near.forEach((one) => pictures.get(one));
  const known = await details.complete(near);
  if (!known) return;
  palette.show(known.palette || [], false);
  faces.found((known.faces || []).map((face) => face.box));
  if (known.empty && !queue.state(at).edit) say("The label is empty: no pixel belongs to the subject.");
}

function mark() {
  const { verdict } = queue.state(current);
  for (const name of ["accept", "reject", "flag"]) $(name).setAttribute("aria-pressed", verdict === name);
  const decided = queue.decided;
  $("count").textContent = `${decided.toLocaleString("en")} of ${queue.length.toLocaleString("en")} decided${pace.words(queue.length - decided)}`;
  $("bar").max = queue.length || 1;
  $("bar").value = decided;
}

// Where a sample will stand when everything that was sent for it is written.
const settled = (at) => settling.get(at) || Promise.resolve(queue.state(at));

function send(at, entry) {
  const answer = pending.put({ id: queue.data.id[at], ...entry });
  const after = answer.catch(() => queue.state(at));
  settling.set(at, after);
  after.then(() => { if (settling.get(at) === after) settling.delete(at); });
  return answer;
}

function decide(verdict) {
  if (current < 0) return;
  const at = current, before = settled(at);
  done.push({ at, before });
  queue.set(at, { ...queue.state(at), verdict });
  list.update(at);
  pace.decided();
  mark();
  send(at, { ask: { verdict, seconds: pace.seconds } });
  const next = queue.step(at, 1, true);
  if (next !== undefined) show(next);
  else say("Nothing open is left below in this list.");
}

// What the first edit is compared with: the label as it is in sight, which is here already.
function keepBefore(at) {
  if (!stage.before) pictures.get(at).label.then((label) => { if (at === current && !stage.before) stage.before = label; });
}

// A stroke of the brush: it adds (what the palette says), erases, or says that nobody knows.
function paint(stroke, mode) {
  const at = current, { value, class_name } = mode === "add" ? palette.mark : {};
  clicks = [];
  const entry = { ...stroke, mark: mode === "unknown" ? UNKNOWN : value, class_name };
  done.push({ at, before: settled(at) });
  queue.set(at, { ...queue.state(at), edit: queue.state(at).edit || "" });
  keepBefore(at);
  // The pictures that are kept are those from before the stroke.
  send(at, entry).then(() => {
    pictures.forget(at);
    if (mode === "unknown" || queue.data.coloured[at] || queue.data.unknown[at]) recolour(at);
    if (class_name) relist(at);
  });
}

// Fetch the colours and the unknown region of the sample in sight as they are after an edit.
async function recolour(at) {
  await settled(at);
  if (at !== current || pending.waiting) return;
  const found = pictures.get(at), [colours, unknown] = await Promise.all([found.colours, found.unknown]);
  if (at === current) stage.recolour({ colours, unknown });
}

// A new object is one of the palette from now on, and the next new one is another.
async function relist(at) {
  await settled(at);
  const answer = await fetch(`api/sample/${at}`);
  if (answer.ok && at === current) palette.show((await answer.json()).palette, true);
}

// The vertices of the outline as it is now, while that tool is in hand.
async function showVertices() {
  if (!vertices.on || !stage.label) return;
  const at = current, { edit } = await settled(at);
  const answer = await fetch(`api/outline/${at}${edit ? `?edit=${edit}` : ""}`);
  if (answer.ok && at === current) vertices.show(await answer.json());
}

// A tool of the server's: what it changed of the label comes back and is drawn in.
async function useTool(use) {
  if (current < 0 || !stage.mayEdit()) return;
  const at = current;
  done.push({ at, before: settled(at) });
  keepBefore(at);
  clicks = use.prompts?.clicks ? [...clicks, ...use.prompts.clicks] : [];
  if (clicks.length) use = { prompts: { clicks } };
  $("stage").classList.add("waiting");
  try {
    // Repairs and vertices change what is there: only what is found in the photo may be of a class.
    const mark = use.prompts ? palette.mark : {};
    const { patch } = await send(at, { tool: { ...use, ...mark } });
    if (!patch) return say("Nothing to change there.");
    pictures.forget(at);
    if (queue.data.coloured[at] || queue.data.unknown[at]) recolour(at);
    if (mark.class_name) relist(at);
    if (at === current) await stage.patch(patch);
  } catch { /* reported by the event "refused" */ } finally {
    $("stage").classList.remove("waiting");
    showVertices();
  }
}

async function undo() {
  const last = done.pop();
  if (!last) return say("There is nothing to undo.");
  if (pending.problem) say("Undone as soon as the server answers.");
  const { verdict, note, ...before } = await last.before;
  const edit = before.edit || null, objects = before.objects || {}, models = before.models || [];
  const now = await settled(last.at);
  queue.set(last.at, { ...now, verdict, edit, note, objects, models });
  list.update(last.at);
  const written = send(last.at, { ask: { verdict, edit, note, objects, models } });
  if (now.edit !== edit) {
    pictures.forget(last.at);
    await written.catch(() => {});
  }
  return show(last.at);
}

function saveNote() {
  if (current < 0 || details.at !== current) return;
  const note = $("note").value;
  if (note === queue.state(current).note) return;
  const at = current;
  done.push({ at, before: settled(at) });
  queue.set(at, { ...queue.state(at), note });
  list.update(at);
  send(at, { ask: { note } });
}

let quiet = 0;
function say(words) {
  $("message").textContent = words;
  clearTimeout(quiet);
  quiet = setTimeout(() => { if ($("message").textContent === words) $("message").textContent = ""; }, 3000);
}

function tellSaved() {
  const { waiting, problem } = pending;
  $("saved").textContent = problem ? `Not saved yet (${waiting}): ${problem}` : waiting ? "Saving…" : "All saved";
  $("saved").className = problem ? "problem" : waiting ? "busy" : "";
}
pending.addEventListener("written", (event) => {
  const { id, state, last } = event.detail, at = queue.places.get(id);
  // While more is on its way, what the person sees is newer than this answer.
  if (at === undefined || !last) return;
  queue.set(at, state);
  list.update(at);
  mark();
});
pending.addEventListener("change", tellSaved);
pending.addEventListener("elsewhere", ({ detail: { id, state } }) => {
  const at = queue.places.get(id);
  if (at === undefined || settling.has(at)) return;
  const isEdited = queue.state(at).edit !== state.edit;
  queue.set(at, state);
  list.update(at);
  mark();
  if (isEdited) pictures.forget(at);
  if (isEdited && at === current) show(at);
});
pending.addEventListener("refused", (event) => say(`Not saved: ${event.detail}`));
window.addEventListener("beforeunload", (event) => {
  saveNote();
  if (pending.waiting) event.preventDefault();
});

function filter(keep = false) {
  queue.filter({ search: $("search").value, kind: $("kind").value, status: $("status").value, order: $("order").value, label: $("label").value, reason: $("reason").value, reviewer: $("reviewer").value });
  $("found").textContent = `${queue.shown.length.toLocaleString("en")} shown`;
  list.reset();
  if (!keep && queue.shown.length && !queue.rank.has(current)) show(queue.shown[0]);
}

function setView(view) {
  stage.setView(view);
  for (const button of document.querySelectorAll("[data-view]")) {
    const chosen = button.dataset.view === view;
    button.setAttribute("aria-checked", chosen);
    button.tabIndex = chosen ? 0 : -1;
  }
  $("backdrop").hidden = view !== "cutout";
  faces.show();
  if (view === "difference" && stage.label && !stage.before) say("Nothing to compare with: no earlier label, no edit.");
}

// One tool at a time: a brush, something to point with, or none. Chosen again, it is put away.
function setTool(name) {
  const chosen = name && $(name).getAttribute("aria-pressed") !== "true" ? name : null;
  brush.setMode(["add", "erase", "unknown"].includes(chosen) ? chosen : null);
  vertices.setMode(chosen === "vertices");
  pointing.setMode(chosen in POINTING ? chosen : null);
  for (const button of document.querySelectorAll("#tools button")) button.setAttribute("aria-pressed", button.id === chosen);
  $("sized").hidden = !["add", "erase", "unknown", "hair", "harder", "softer"].includes(chosen);
  if (chosen in POINTING) say(POINTING[chosen]);
  showVertices();
}

function setLens() { $("lens").setAttribute("aria-pressed", lens.toggle()); }

function setNeighbours() { $("neighbours").setAttribute("aria-pressed", neighbours.toggle(current)); }

// A picture of the person's own behind the cut-out: it is shown from the disk and goes nowhere.
async function setBackdrop() {
  const [file] = $("backdrop-file").files;
  $("backdrop-file").value = "";
  if (!file) return;
  const address = URL.createObjectURL(file), picture = new Image();
  picture.src = address;
  try {
    await picture.decode();
  } catch {
    URL.revokeObjectURL(address);
    return say(`${file.name}: this browser cannot read it as a picture.`);
  }
  stage.setPicture(address);
  setView("cutout");
}

function setContour() {
  stage.contour = !stage.contour;
  $("contour").setAttribute("aria-pressed", stage.contour);
  stage.redraw();
}

function setRadius(radius) {
  $("radius").value = $("radius-px").textContent = pointing.radius = brush.setRadius(radius);
}

// On a narrow window the list is a drawer over the picture.
function drawer(open) {
  document.body.classList.toggle("open", open);
  $("drawer").setAttribute("aria-expanded", open);
}

function hide(hidden) {
  stage.hidden = hidden;
  stage.redraw();
}

const VIEWS = ["overlay", "alpha", "cutout", "difference", "slider"];
const KEYS = {
  a: () => decide("accept"), r: () => decide("reject"), x: () => decide("reject"), f: () => decide("flag"),
  ArrowRight: () => show(queue.step(current, 1)), j: () => show(queue.step(current, 1)),
  ArrowLeft: () => show(queue.step(current, -1)), k: () => show(queue.step(current, -1)),
  u: undo, Escape: () => { setTool(null); drawer(false); },
  "[": () => setRadius(brush.radius / 1.25 - 0.5), "]": () => setRadius(brush.radius * 1.25 + 0.5),
  "+": () => stage.zoom(Stage.step), "=": () => stage.zoom(Stage.step), "-": () => stage.zoom(1 / Stage.step), 0: () => stage.fit(),
  h: () => hide(true), s: setContour, z: setLens, w: setNeighbours, n: () => $("note").focus(), "/": () => $("search").focus(), "?": () => $("keys").showModal(),
};
for (const button of document.querySelectorAll("#tools button")) {
  KEYS[button.dataset.key] = () => setTool(button.id);
  button.addEventListener("click", () => setTool(button.id));
}
for (const button of document.querySelectorAll("[data-repair]")) KEYS[button.dataset.key] = () => button.click();
new Repairs(document.querySelectorAll("[data-repair]"), stage, {
  say, use: useTool, sample: async () => ({ id: queue.data.id[current], edit: (await settled(current)).edit }),
});
VIEWS.forEach((view, place) => { KEYS[place + 1] = () => setView(view); });

listenForKeys({
  keys: KEYS,
  undo,
  isHelp: () => $("keys").open,
  move: (x, y) => stage.moveBy(x, y),
  held: {
    wanted: () => brush.mode || pointing.mode || vertices.on,
    space: (down) => { brush.spaced = pointing.spaced = vertices.spaced = down; },
    number: (number) => palette.choose(number),
    released: () => { if (stage.hidden) hide(false); },
  },
  views: (by) => {
    setView(VIEWS[(VIEWS.indexOf(stage.view) + by + VIEWS.length) % VIEWS.length]);
    $("views").querySelector("[aria-checked=true]").focus();
  },
});

for (const button of document.querySelectorAll("[data-view]")) button.addEventListener("click", () => setView(button.dataset.view));
const CLICKS = {
  accept: () => decide("accept"), reject: () => decide("reject"), flag: () => decide("flag"), undo,
  next: () => show(queue.step(current, 1)), previous: () => show(queue.step(current, -1)),
  fit: () => stage.fit(), contour: setContour, lens: setLens, neighbours: setNeighbours, backdrop: () => $("backdrop-file").click(),
  in: () => stage.zoom(Stage.step), out: () => stage.zoom(1 / Stage.step), help: () => $("keys").showModal(),
  drawer: () => drawer(!document.body.classList.contains("open")),
};
for (const [id, action] of Object.entries(CLICKS)) $(id).addEventListener("click", action);
$("tint").addEventListener("input", (event) => { stage.tint = event.target.value / 100; stage.redraw(); });
$("radius").addEventListener("input", (event) => setRadius(Number(event.target.value)));
$("backdrop-file").addEventListener("change", setBackdrop);
$("note").addEventListener("change", saveNote);
$("filter").addEventListener("submit", (event) => event.preventDefault());
let typed = 0;
$("search").addEventListener("input", () => { clearTimeout(typed); typed = setTimeout(filter, 80); });
for (const id of ["kind", "status", "label", "reason", "reviewer", "order"]) $(id).addEventListener("change", () => filter());

const kinds = queue.kinds();
for (const [kind, count] of kinds) $("kind").append(new Option(`${KINDS[kind]} (${count.toLocaleString("en")})`, kind));
$("kind").value = kinds.has("look") ? "look" : "";
document.title = `${queue.length.toLocaleString("en")} samples · datakit review`;
setView("overlay");
tellSaved();
filter(true);
show(queue.shown.find((at) => queue.isOpen(at)) ?? queue.shown[0]);
if (!queue.shown.length) say("There are no samples to look at.");
mark();

// While the first picture is on its way: a choice is offered where there is one.
for (const [id, names, least] of [["label", queue.classes, 2], ["reviewer", queue.reviewers, 1]]) {
  $(id).hidden = names.length < least;
  for (const name of names) $(id).append(new Option(name, name));
}
const reasons = queue.reasons;
$("reason").hidden = reasons.length < 2;
for (const [reason, count] of reasons) $("reason").append(new Option(`${reason} (${count.toLocaleString("en")})`, reason));
document.documentElement.dataset.ready = "yes";
