// The samples as columns, where each stands, and which of them are shown in which order.
const OPEN = Object.freeze({ verdict: null, note: "", edit: null, objects: {}, models: [] });

export const KINDS = {
  "": "all samples", look: "to look at", waiting: "waiting photos",
  finding: "with findings", draft: "drafts", face: "anonymized",
};

export class Queue {
  // As the server sends it: columns, and tables of the values that many samples share, with a row each.
  constructor({ columns, tables, states, review }) {
    this.data = columns;
    this.tables = tables;
    tables.others.values = tables.others.values.map((pairs) => Object.fromEntries(pairs));
    for (const [name, { values, rows }] of Object.entries(tables)) columns[name] = rows.map((row) => values[row]);
    this.review = review;
    this.length = columns.id.length;
    this.places = new Map(columns.id.map((id, at) => [id, at]));
    this.states = new Map(Object.entries(states).map(([id, state]) => [this.places.get(id), state]));
    this.words = null; // what a search looks through, made by the first one
    this.shown = [];
    this.rank = new Map();
  }

  state(at) { return this.states.get(at) || OPEN; }

  set(at, state) { this.states.set(at, state); }

  isOpen(at) { return this.state(at).verdict === null; }

  get decided() {
    let count = 0;
    for (const state of this.states.values()) count += state.verdict !== null;
    return count;
  }

  // Kinds that occur, with how many samples each has.
  kinds() {
    const counts = this.#counted("kinds");
    counts.set("look", this.data.priority.reduce((count, one) => count + (one > 0), 0));
    counts.set("", this.length);
    return new Map(Object.keys(KINDS).filter((kind) => !kind || counts.get(kind)).map((kind) => [kind, counts.get(kind)]));
  }

  // Classes that occur, by name.
  get classes() { return [...this.#counted("classes").keys()].sort(); }

  // Reasons to look that occur, the most frequent first, with how many samples each has.
  get reasons() {
    return [...this.#counted("reasons")].sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1));
  }

  // Entries of a column of lists, with how many samples have each.
  #counted(name) {
    const { values, rows } = this.tables[name], times = values.map(() => 0), counts = new Map();
    for (const row of rows) times[row]++;
    values.forEach((entries, row) => entries.forEach((entry) => counts.set(entry, (counts.get(entry) || 0) + times[row])));
    return counts;
  }

  // The samples to see beside one: its group, or those before and after it in the list.
  beside(at) {
    const group = this.data.group[at];
    const members = group ? this.data.id.flatMap((_, other) => (this.data.group[other] === group ? [other] : [])) : [];
    if (members.length > 1) return { members, isGroup: true };
    return { members: [this.step(at, -1), at, this.step(at, 1)].filter((one) => one !== undefined), isGroup: false };
  }

  // Other reviewers, by name.
  get reviewers() { return [...new Set(this.tables.others.values.flatMap(Object.keys))].sort(); }

  filter({ search, kind, status, order, label, reason, reviewer }) {
    const words = search.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length) this.words ||= this.data.id.map((id, at) => `${id}\n${this.data.reason[at]}`.toLowerCase());
    const asked = [
      kind && ((at) => this.#isKind(at, kind)), status && ((at) => this.#stands(at, status)),
      label && ((at) => this.data.classes[at].includes(label)), reason && ((at) => this.data.reasons[at].includes(reason)),
      reviewer && ((at) => this.#seenBy(at, reviewer)), ...words.map((word) => (at) => this.words[at].includes(word)),
    ].filter(Boolean);
    const found = [];
    for (let at = 0; at < this.length; at++) if (asked.every((holds) => holds(at))) found.push(at);
    const { priority, id } = this.data;
    if (order === "priority") found.sort((a, b) => priority[b] - priority[a] || a - b);
    if (order === "id") found.sort((a, b) => (id[a] < id[b] ? -1 : 1));
    this.shown = found;
    this.rank = new Map(found.map((at, place) => [at, place]));
  }

  // The sample some places further in the list; with `open`, the next that nobody decided.
  step(at, by, open = false) {
    let place = this.rank.has(at) ? this.rank.get(at) + by : 0;
    while (open && place < this.shown.length && !this.isOpen(this.shown[place])) place += by;
    return this.shown[place];
  }

  #isKind(at, kind) { return kind === "look" ? this.data.priority[at] > 0 : this.data.kinds[at].includes(kind); }

  // Decided by another reviewer; "≠": otherwise than here.
  #seenBy(at, reviewer) {
    const verdicts = this.data.others[at], { verdict } = this.state(at);
    if (reviewer !== "≠") return reviewer in verdicts;
    return verdict !== null && Object.values(verdicts).some((other) => other !== verdict);
  }

  #stands(at, status) {
    const state = this.state(at);
    if (status === "edit") return state.edit !== null;
    return status === "open" ? state.verdict === null : state.verdict === status;
  }
}
