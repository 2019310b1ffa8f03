// What was decided and is not yet on the server's disk. Entries are sent one after the other, kept in
// the browser until the server has written them, and tried again for as long as it takes.
const LATER_MS = [300, 1000, 2000, 5000];

export class PendingDecisions extends EventTarget {
  constructor(review) {
    super();
    // A name for this tab alone: two tabs must not write over each other's entries.
    this.review = `datakit-review-${review}`;
    this.name = `${this.review}-${crypto.randomUUID()}`;
    this.entries = [];
    this.answers = new Map(); // entry -> how to tell who waits for it
    this.failures = 0;
    this.problem = "";
    this.isSending = false;
    navigator.locks.request(this.name, () => new Promise(() => {})); // held as long as the tab lives
    for (const name of kept(this.review)) navigator.locks.request(name, () => this.#adopt(name));
    this.tabs = new BroadcastChannel(this.review);
    this.tabs.addEventListener("message", ({ data }) => this.dispatchEvent(new CustomEvent("elsewhere", { detail: data })));
  }

  // Take over what a tab that is gone has left.
  #adopt(name) {
    const left = JSON.parse(localStorage.getItem(name) || "[]");
    this.entries.splice(this.isSending ? 1 : 0, 0, ...left);
    if (this.#keep()) localStorage.removeItem(name);
    this.#tell();
    this.#send();
  }

  // Take an entry {id, ask}, {id, tool} or {id, stroke, x, y}; the promise gives where the sample stands then.
  put(entry) {
    this.entries.push(entry);
    this.#keep();
    const answer = new Promise((resolve, reject) => this.answers.set(entry, { resolve, reject }));
    answer.catch(() => {}); // reported by the event "refused" as well
    this.#tell();
    this.#send();
    return answer;
  }

  get waiting() { return this.entries.length; }

  async #send() {
    if (this.isSending) return;
    this.isSending = true;
    while (this.entries.length) {
      const entry = this.entries[0];
      let response = null;
      try {
        response = await post(entry);
      } catch { /* no server: the same as a server that cannot */ }
      if (response && response.ok) {
        const answer = await response.json().catch(() => null);
        if (answer) {
          const { patch, ...state } = answer;
          this.#done(entry).resolve(answer);
          // What an earlier page left is written too, and nobody here waits for its promise.
          const last = !this.entries.some((other) => other.id === entry.id);
          this.dispatchEvent(new CustomEvent("written", { detail: { id: entry.id, state, last } }));
          this.tabs.postMessage({ id: entry.id, state });
          continue;
        }
      } else if (response && response.status !== 403 && response.status < 500) {
        const words = await response.text().catch(() => "");
        this.#done(entry).reject(new Error(words));
        this.dispatchEvent(new CustomEvent("refused", { detail: words }));
        continue;
      }
      this.problem = !response ? "the server does not answer"
        : response.status === 403 ? "the server was started again: open its new address"
        : await response.text().catch(() => "the server cannot write");
      this.#tell();
      await new Promise((wake) => setTimeout(wake, LATER_MS[Math.min(this.failures++, 3)]));
    }
    this.isSending = false;
  }

  #done(entry) {
    this.entries.shift();
    this.failures = 0;
    this.problem = "";
    this.#keep();
    this.#tell();
    const nobody = { resolve() {}, reject() {} };
    const answer = this.answers.get(entry) || nobody;
    this.answers.delete(entry);
    return answer;
  }

  #tell() { this.dispatchEvent(new Event("change")); }

  // Put the entries into the browser's storage; false when it is full.
  #keep() {
    try {
      if (this.entries.length) localStorage.setItem(this.name, JSON.stringify(this.entries));
      else localStorage.removeItem(this.name);
      return true;
    } catch {
      return false; // they are still in memory, and the page warns before it closes
    }
  }
}

// What tabs of a review have put into the browser's storage, by name.
function kept(review) {
  try {
    return Object.keys(localStorage).filter((name) => name.startsWith(review));
  } catch {
    return []; // this browser stores nothing for the page
  }
}

async function post(entry) {
  if (entry.ask) {
    const body = JSON.stringify({ id: entry.id, ...entry.ask });
    return fetch("api/decide", { method: "POST", body, headers: { "Content-Type": "application/json" } });
  }
  if (entry.tool) {
    const body = JSON.stringify({ id: entry.id, ...entry.tool });
    return fetch("api/tool", { method: "POST", body, headers: { "Content-Type": "application/json" } });
  }
  const query = new URLSearchParams({ id: entry.id, x: entry.x, y: entry.y, mark: entry.mark || 0, class_name: entry.class_name || "" });
  const bytes = Uint8Array.from(atob(entry.stroke), (letter) => letter.charCodeAt(0));
  return fetch(`api/paint?${query}`, { method: "POST", body: bytes, headers: { "Content-Type": "image/png" } });
}
