// The samples as columns, where each stands, and which of them are shown in which order.
const OPEN = Object.freeze({ verdict: null, note: "", edit: null, objects: {}, models: [] });

export const KINDS = {
  "": "all samples", look: "to look at", waiting: "waiting photos",
  finding: "with findings", draft: "drafts", face: "anonymized",
};

export class Queue {
  constructor(data) {
    this.data = data;
    this.length = data.id.length;
    this.places = new Map(data.id.map((id, at) => [id, at]));
    this.states = new Map(Object.entries(data.states).map(([id, state]) => [this.places.get(id), state]));
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
    const counts = new Map();
    for (const kind of Object.keys(KINDS)) {
      let count = 0;
      for (let at = 0; at < this.length; at++) count += this.#isKind(at, kind);
      if (count || !kind) counts.set(kind, count);
    }
    return counts;
  }

  // Classes that occur, by name.
  get classes() { return [...new Set(this.data.classes.flat())].sort(); }

  // Reasons to look that occur, the most frequent first, with how many samples each has.
  get reasons() {
    const counts = new Map();
    for (const reason of this.data.reasons.flat()) counts.set(reason, (counts.get(reason) || 0) + 1);
    return [...counts].sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1));
  }

  // The samples to see beside one: its group, or those before and after it in the list.
  beside(at) {
    const group = this.data.group[at];
    const members = group ? this.data.id.flatMap((_, other) => (this.data.group[other] === group ? [other] : [])) : [];
    if (members.length > 1) return { members, isGroup: true };
    return { members: [this.step(at, -1), at, this.step(at, 1)].filter((one) => one !== undefined), isGroup: false };
  }

  // Other reviewers, by name.
  get reviewers() { return [...new Set(this.data.others.flatMap(Object.keys))].sort(); }

  filter({ search, kind, status, order, label, reason, reviewer }) {
    const words = search.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length) this.words ||= this.data.id.map((id, at) => `${id}\n${this.data.reason[at]}`.toLowerCase());
    const found = [];
    for (let at = 0; at < this.length; at++) {
      if (this.#isKind(at, kind) && this.#stands(at, status) && this.#has(at, label) && this.#isFor(at, reason) && this.#seenBy(at, reviewer) && words.every((word) => this.words[at].includes(word))) {
        found.push(at);
      }
    }
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

  #isKind(at, kind) {
    if (!kind) return true;
    return kind === "look" ? this.data.priority[at] > 0 : this.data.kinds[at].includes(kind);
  }

  #isFor(at, reason) { return !reason || this.data.reasons[at].includes(reason); }

  #has(at, label) { return !label || this.data.classes[at].includes(label); }

  // Decided by another reviewer; "≠": otherwise than here.
  #seenBy(at, reviewer) {
    if (!reviewer) return true;
    const verdicts = this.data.others[at], { verdict } = this.state(at);
    if (reviewer !== "≠") return reviewer in verdicts;
    return verdict !== null && Object.values(verdicts).some((other) => other !== verdict);
  }

  #stands(at, status) {
    const state = this.state(at);
    if (!status) return true;
    if (status === "edit") return state.edit !== null;
    return status === "open" ? state.verdict === null : state.verdict === status;
  }
}
