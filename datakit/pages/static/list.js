// The list at the side: only the rows in sight are elements, so that 20,000 scroll like 20.
const ROW = 72, MORE = 4, THUMBS_AFTER_MS = 60;
const MARKS = { accept: "✓ accepted", reject: "✕ rejected", flag: "⚑ flagged" };

export class List {
  constructor(box, inner, queue, choose) {
    Object.assign(this, { box, inner, queue, choose });
    this.rows = new Map(); // sample -> its element
    this.current = -1;
    this.timer = 0;
    let asked = false;
    const soon = () => {
      if (asked) return;
      asked = true;
      requestAnimationFrame(() => { asked = false; this.draw(); });
    };
    box.addEventListener("scroll", soon, { passive: true });
    new ResizeObserver(soon).observe(box);
    box.addEventListener("keydown", (event) => this.#key(event));
  }

  // After the queue was filtered anew.
  reset() {
    this.inner.style.height = `${this.queue.shown.length * ROW}px`;
    this.inner.replaceChildren();
    this.rows.clear();
    this.box.scrollTop = 0;
    this.select(this.current);
  }

  select(at) {
    this.current = at;
    const place = this.queue.rank.get(at);
    if (place !== undefined) {
      const top = place * ROW, { scrollTop, clientHeight } = this.box;
      if (top < scrollTop) this.box.scrollTop = top - ROW;
      else if (top + ROW > scrollTop + clientHeight) this.box.scrollTop = top + 2 * ROW - clientHeight;
    }
    for (const [other, row] of this.rows) row.setAttribute("aria-selected", other === at);
    this.draw();
    if (this.rows.has(at)) this.box.setAttribute("aria-activedescendant", `row-${at}`);
    else this.box.removeAttribute("aria-activedescendant");
  }

  // A sample's state changed.
  update(at) {
    const row = this.rows.get(at);
    if (row) this.#mark(row, at);
  }

  draw() {
    const { shown } = this.queue, { scrollTop, clientHeight } = this.box;
    const first = Math.max(0, Math.floor(scrollTop / ROW) - MORE);
    const last = Math.min(shown.length, Math.ceil((scrollTop + clientHeight) / ROW) + MORE);
    const wanted = new Set(shown.slice(first, last));
    for (const [at, row] of this.rows) {
      if (wanted.has(at)) continue;
      row.remove();
      this.rows.delete(at);
    }
    for (let place = first; place < last; place++) {
      const at = shown[place];
      if (!this.rows.has(at)) {
        const row = this.#row(at, place);
        this.rows.set(at, row);
        this.inner.append(row);
      }
    }
    // Thumbnails of rows that only flew past are never asked for.
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#load(), THUMBS_AFTER_MS);
  }

  #load() {
    for (const [at, row] of this.rows) {
      const picture = row.firstElementChild;
      if (picture.tagName === "IMG" && !picture.getAttribute("src")) picture.src = `thumb/${at}`;
    }
  }

  #row(at, place) {
    const { data } = this.queue, row = document.createElement("div");
    row.id = `row-${at}`;
    row.className = `row ${data.severity[at]}`;
    row.style.top = `${place * ROW}px`;
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", at === this.current);
    row.setAttribute("aria-setsize", this.queue.shown.length);
    row.setAttribute("aria-posinset", place + 1);
    const picture = document.createElement(data.pictured[at] ? "img" : "i");
    if (data.pictured[at]) picture.alt = "";
    picture.decoding = "async";
    picture.addEventListener("error", () => picture.classList.add("none"));
    const words = document.createElement("div"), id = document.createElement("b");
    const reason = document.createElement("span"), mark = document.createElement("em");
    // The end of a name tells more than its middle: that is where the dots go.
    const start = document.createElement("i");
    start.textContent = data.id[at].slice(0, -12);
    id.append(start, data.id[at].slice(-12));
    id.title = data.id[at];
    reason.textContent = data.reason[at] || [data.split[at], data.label_kind[at]].filter(Boolean).join(" · ");
    reason.title = reason.textContent;
    words.append(id, reason, mark);
    row.append(picture, words);
    row.addEventListener("click", () => this.choose(at));
    this.#mark(row, at);
    return row;
  }

  #mark(row, at) {
    const state = this.queue.state(at), mark = row.querySelector("em");
    mark.className = state.verdict || "";
    mark.textContent = [MARKS[state.verdict], state.edit && "✎ edited", state.note && "note"].filter(Boolean).join(" · ");
  }

  #key(event) {
    const { shown, rank } = this.queue, page = Math.max(1, Math.floor(this.box.clientHeight / ROW) - 1);
    const place = rank.get(this.current) ?? -1;
    const to = { ArrowDown: place + 1, ArrowUp: place - 1, PageDown: place + page, PageUp: place - page, Home: 0, End: shown.length - 1 }[event.key];
    if (to === undefined || !shown.length) return;
    event.preventDefault();
    this.choose(shown[Math.max(0, Math.min(shown.length - 1, to))]);
  }
}
