"use strict";

// Commands, to be copied.
for (const button of document.querySelectorAll(".command button")) {
  const words = button.firstChild, code = button.previousElementSibling;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      words.data = "Copied";
    } catch {
      // The browser keeps the clipboard from a page in a file: the command is selected instead.
      getSelection().selectAllChildren(code);
      words.data = "Selected";
    }
    setTimeout(() => { words.data = "Copy"; }, 2000);
  });
}

// The table of samples: a search over compact columns, and only the rows in sight as elements.
(() => {
  const ROW = 56, MORE = 6, TAIL = 12;
  const source = document.getElementById("data");
  if (!source) return;
  const data = JSON.parse(source.textContent);
  const total = data.id.length;
  const box = document.getElementById("rows"), inner = box.firstElementChild;
  const query = document.getElementById("query"), split = document.getElementById("split");
  const only = document.getElementById("only"), matches = document.getElementById("matches");
  const detail = document.getElementById("detail");
  document.querySelector(".browser").hidden = false;

  // Columns of few different values are numbers into a list of them.
  const value = (name, at) => data.lists[name][data[name][at]];
  const place = new Map(data.id.map((id, at) => [id, at]));
  const found = new Map(); // sample -> its findings
  for (const finding of data.findings) {
    if (!found.has(finding[0])) found.set(finding[0], []);
    found.get(finding[0]).push(finding);
  }
  const copies = new Map(); // parent -> its copies
  data.parent.forEach((parent, at) => {
    if (parent === null) return;
    if (!copies.has(parent)) copies.set(parent, []);
    copies.get(parent).push(at);
  });
  const text = data.id.map((id, at) =>
    [id, data.source[at], data.group[at], value("split", at), value("tags", at)].join("\n").toLowerCase());

  for (const name of data.lists.split) {
    if (!name) continue;
    const option = document.createElement("option");
    option.value = option.textContent = name;
    split.append(option);
  }

  let shown = [], chosen = -1; // chosen: a place in `shown`

  const make = (tag, words, kind) => {
    const one = document.createElement(tag);
    if (words !== undefined && words !== null) one.textContent = words;
    if (kind) one.className = kind;
    return one;
  };
  // A name too long for its place is cut in the middle: the ends differ most.
  const name = (id) => {
    const one = make("span", null, "id");
    one.title = id;
    one.append(make("i", id.slice(0, -TAIL)), id.slice(-TAIL));
    return one;
  };
  const picture = (at, kind, alt) => {
    const one = make("img", null, kind);
    one.src = `data:image/jpeg;base64,${data.pictures[at]}`;
    one.alt = alt;
    return one;
  };
  const LEVELS = [["error", "errors"], ["warning", "warnings"], ["review", "to review"]];
  const counts = (at) => LEVELS.map(([level, many]) => {
    const count = (found.get(at) || []).filter(
      (finding) => data.lists.severity[finding[2]] === level).length;
    return [level, count, count === 1 && level !== "review" ? level : many];
  }).filter(([, count]) => count);

  function search() {
    const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
    shown = [];
    for (let at = 0; at < total; at++) {
      if (split.value && value("split", at) !== split.value) continue;
      if (only.checked && !found.has(at)) continue;
      if (words.every((word) => text[at].includes(word))) shown.push(at);
    }
    matches.textContent = `${shown.length.toLocaleString("en")} of ${total.toLocaleString("en")}`;
    inner.style.height = `${shown.length * ROW}px`;
    box.scrollTop = 0;
    chosen = -1;
    draw();
  }

  function draw() {
    const first = Math.max(0, Math.floor(box.scrollTop / ROW) - MORE);
    const last = Math.min(shown.length, Math.ceil((box.scrollTop + box.clientHeight) / ROW) + MORE);
    inner.replaceChildren();
    for (let place = first; place < last; place++) inner.append(row(place));
    const active = inner.querySelector("[aria-selected=true]");
    if (active) box.setAttribute("aria-activedescendant", active.id);
    else box.removeAttribute("aria-activedescendant");
  }

  function row(place) {
    const at = shown[place], one = make("div", null, "row");
    one.id = `row-${at}`;
    one.setAttribute("role", "option");
    one.setAttribute("aria-selected", place === chosen);
    one.setAttribute("aria-setsize", shown.length);
    one.setAttribute("aria-posinset", place + 1);
    one.style.top = `${place * ROW}px`;
    const thumb = data.pictures[at] ? picture(at, "thumb", "") : make("span", null, "thumb");
    one.append(thumb, name(data.id[at]));
    const facts = [value("split", at), `${data.width[at]}×${data.height[at]}`, value("tags", at)];
    const small = make("small", facts.filter(Boolean).join(" · "));
    for (const [level, count, words] of counts(at)) {
      small.append(" · ", make("b", `${count} ${words}`, level));
    }
    one.append(small);
    // A name in two parts would be read as two words.
    one.setAttribute("aria-label", `${data.id[at]}, ${small.textContent}`);
    one.addEventListener("click", () => choose(place));
    return one;
  }

  function choose(place) {
    chosen = Math.max(0, Math.min(shown.length - 1, place));
    const top = chosen * ROW;
    if (top < box.scrollTop) box.scrollTop = top;
    if (top + ROW > box.scrollTop + box.clientHeight) box.scrollTop = top + ROW - box.clientHeight;
    draw();
    if (shown.length) explain(shown[chosen]);
  }

  function explain(at) {
    const facts = make("dl");
    const fact = (name, words) => {
      if (words === null || words === undefined || words === "") return;
      const given = make("dd");
      given.append(words);
      facts.append(make("dt", name), given);
    };
    fact("size", `${data.width[at]} × ${data.height[at]}`);
    fact("split", value("split", at));
    fact("group", data.group[at]);
    fact("tags", value("tags", at));
    fact("labels", value("labels", at));
    if (data.fg[at] !== null) fact("foreground", `${(100 * data.fg[at]).toPrecision(3)} %`);
    fact("source", data.source[at]);
    fact("sha256", data.sha256[at] && make("span", data.sha256[at], "id"));
    fact("copy of", data.parent[at] === null ? null : link(data.parent[at]));
    if (data.doubt[at] !== null) fact("uncertainty", data.doubt[at].toFixed(3));
    detail.replaceChildren(make("h3", data.id[at], "id"));
    if (data.pictures[at]) {
      detail.append(picture(at, "", `${data.id[at]} with its label drawn over it`));
    }
    detail.append(facts);

    list("What was done", value("history", at).map((step) => make("li", step)), "ol");
    list("Copies", (copies.get(data.id[at]) || []).map((copy) => {
      const one = make("li");
      one.append(link(data.id[copy]));
      return one;
    }), "ul");
    list("Findings", (found.get(at) || []).map((finding) => {
      const level = data.lists.severity[finding[2]], one = make("li");
      one.append(make("b", level, level), ` ${data.lists.check[finding[1]]}: ${finding[4]}`);
      return one;
    }), "ul");
    detail.scrollTop = 0;
  }

  function list(heading, entries, tag) {
    if (!entries.length) return;
    const all = make(tag);
    all.append(...entries);
    detail.append(make("h4", heading), all);
  }

  function link(id) {
    if (!place.has(id)) return `${id} (not in this set)`;
    const one = make("button", id);
    one.type = "button";
    one.addEventListener("click", () => {
      query.value = "";
      split.value = "";
      only.checked = false;
      search();
      choose(place.get(id));
    });
    return one;
  }

  let waiting = 0;
  query.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(search, 80);
  });
  split.addEventListener("change", search);
  only.addEventListener("change", search);
  box.addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
  window.addEventListener("resize", draw);
  const page = () => Math.max(1, Math.floor(box.clientHeight / ROW) - 1);
  box.addEventListener("keydown", (event) => {
    const to = {
      ArrowDown: chosen + 1, ArrowUp: chosen - 1, Home: 0, End: shown.length - 1,
      PageDown: chosen + page(), PageUp: chosen - page(),
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose(to);
  });
  query.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "Enter") return;
    event.preventDefault();
    // The words may be newer than what was found.
    clearTimeout(waiting);
    search();
    box.focus();
    choose(0);
  });
  search();
})();
