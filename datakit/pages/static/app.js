// The page: one sample in the middle, the keys, and what they decide.
import { Details } from "./details.js";
import { Faces } from "./faces.js";
import { listenForKeys } from "./keys.js";
import { List } from "./list.js";
import { Pace } from "./pace.js";
import { PendingDecisions } from "./pending.js";
import { Pictures } from "./pictures.js";
import { KINDS, Queue } from "./queue.js";
import { Stage } from "./stage.js";

const $ = (id) => document.getElementById(id);
const response = await fetch("api/queue");
const queue = new Queue(await response.json());
const pending = new PendingDecisions(queue.review);
const pictures = new Pictures(queue);
const stage = new Stage($("stage"), $("world"), $("handle"), $("message"), (scale) => { $("zoom").textContent = `${Math.round(100 * scale)} %`; });
const details = new Details($("details"), queue, (boxes) => stage.outline(boxes, true));
const list = new List($("list"), $("rows"), queue, (at) => {
  drawer(false);
  show(at);
});
const faces = new Faces(stage, queue, pictures, say);
const pace = new Pace();
const done = []; // what undo takes back: {at, before: promise of where it stood}
const settling = new Map(); // sample -> promise of where it will stand when the server has answered
let current = -1;
let tools = null; // what is not needed to see the first picture is loaded after it
let loadTools;
const loaded = new Promise((resolve) => { loadTools = resolve; }).then(async () => {
  const { Tools } = await import("./tools.js");
  tools = new Tools({ stage, queue, pictures, pending, say, send, settled, show, remember, current: () => current });
});

// Show a sample: at once when its pictures are here already.
async function show(at) {
  if (at === undefined || at < 0) return;
  saveNote();
  if (at !== current) pace.begin();
  current = at;
  faces.begin(at);
  list.select(at);
  mark();
  tools?.begin(at);
  const words = queue.data.waiting[at] ? "This photo is not in the dataset; --photos SRC shows it here." : "";
  details.begin(at);
  // A stroke on its way belongs to the label that comes; a server that is gone is not waited for.
  if (settling.has(at)) await Promise.race([settled(at), new Promise((wake) => setTimeout(wake, 1500))]);
  const found = pictures.get(at);
  const [photo, label, before, unknown, colours] = await Promise.all([found.photo, found.label, found.before, found.unknown, found.colours]);
  if (at !== current) return;
  stage.show({ photo, label, before, unknown, colours }, words);
  pictures.problem(at, { photo, label }).then((problem) => { if (problem && at === current) $("message").textContent = problem; });
  tools?.showVertices();
  faces.show();
  if (photo) photo.alt = `${queue.data.id[at]}: ${queue.data.reason[at] || "no findings"}`;
  requestAnimationFrame(() => {
    $("stage").dataset.shown = queue.data.id[at];
    setTimeout(() => follow(at)); // after this frame: the picture comes before all else
  });
}

// What can wait until a sample is in sight: what is known of it, and the pictures beside it in the list.
async function follow(at) {
  loadTools();
  if (at !== current) return;
  const near = [queue.step(at, 1), queue.step(at, 2), queue.step(at, -1)].filter((one) => one !== undefined);
  const complete = details.complete(near);
  near.forEach((one) => pictures.get(one));
  const [known] = await Promise.all([complete, loaded]);
  if (!known || at !== current) return;
  tools.palette.show(known.palette || [], false);
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

// Have undo take back what is done to a sample now; the function that is returned leaves it out again.
function remember(at) {
  const step = { at, before: settled(at) };
  done.push(step);
  return () => { if (done.includes(step)) done.splice(done.indexOf(step), 1); };
}

function decide(verdict) {
  if (current < 0) return;
  const at = current;
  remember(at);
  queue.set(at, { ...queue.state(at), verdict });
  list.update(at);
  pace.decided();
  mark();
  send(at, { ask: { verdict, seconds: pace.seconds } });
  const next = queue.step(at, 1, true);
  if (next !== undefined) show(next);
  else say("Nothing open is left below in this list.");
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
  remember(at);
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
  "[": () => tools?.resize(1 / 1.25), "]": () => tools?.resize(1.25),
  "+": () => stage.zoom(Stage.step), "=": () => stage.zoom(Stage.step), "-": () => stage.zoom(1 / Stage.step), 0: () => stage.fit(),
  h: () => hide(true), s: setContour, z: () => loaded.then(() => tools.toggleLens()), w: () => loaded.then(() => tools.toggleNeighbours()), n: () => $("note").focus(), "/": () => $("search").focus(), "?": () => $("keys").showModal(),
};
const setTool = (name) => loaded.then(() => tools.choose(name));
for (const button of document.querySelectorAll("#tools button")) {
  KEYS[button.dataset.key] = () => setTool(button.id);
  button.addEventListener("click", () => setTool(button.id));
}
for (const button of document.querySelectorAll("[data-repair]")) KEYS[button.dataset.key] = () => button.click();
VIEWS.forEach((view, place) => { KEYS[place + 1] = () => setView(view); });

listenForKeys({
  keys: KEYS,
  undo,
  isHelp: () => $("keys").open,
  move: (x, y) => stage.moveBy(x, y),
  held: {
    wanted: () => tools?.inHand,
    space: (down) => tools?.setSpace(down),
    number: (number) => tools.palette.choose(number),
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
  fit: () => stage.fit(), contour: setContour, lens: KEYS.z, neighbours: KEYS.w, backdrop: () => $("backdrop-file").click(),
  in: () => stage.zoom(Stage.step), out: () => stage.zoom(1 / Stage.step), help: () => $("keys").showModal(),
  drawer: () => drawer(!document.body.classList.contains("open")),
};
for (const [id, action] of Object.entries(CLICKS)) $(id).addEventListener("click", action);
$("tint").addEventListener("input", (event) => { stage.tint = event.target.value / 100; stage.redraw(); });
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
if (!queue.shown.length) {
  say("There are no samples to look at.");
  loadTools();
}
mark();

// While the first picture is on its way: a choice is offered where there is one.
for (const [id, names, least] of [["label", queue.classes, 2], ["reviewer", queue.reviewers, 1]]) {
  $(id).hidden = names.length < least;
  for (const name of names) $(id).append(new Option(name, name));
}
const reasons = queue.reasons;
$("reason").hidden = reasons.length < 2;
for (const [reason, count] of reasons) $("reason").append(new Option(`${reason} (${count.toLocaleString("en")})`, reason));
loaded.then(() => { document.documentElement.dataset.ready = "yes"; });
