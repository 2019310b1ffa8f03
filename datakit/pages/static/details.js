// What is known of the sample beside its picture; a finding that is chosen is shown in the picture.
export class Details {
  constructor(root, queue, look) {
    Object.assign(this, { queue, look });
    const part = (id) => root.querySelector(`#${id}`);
    Object.assign(this, { name: part("name"), facts: part("facts"), reasons: part("reasons"), note: part("note"), history: part("history") });
    this.at = -1;
  }

  // Show at once what the list knows of a sample.
  begin(at) {
    this.at = at;
    const { data } = this.queue;
    this.name.textContent = data.id[at];
    const place = data.waiting[at] ? "not in the dataset: accept it, and anonymize --release lets it in" : "";
    const size = data.width[at] ? `${data.width[at]} × ${data.height[at]}` : "";
    this.facts.textContent = [size, data.split[at], data.label_kind[at], place].filter(Boolean).join(" · ");
    this.note.value = this.queue.state(at).note;
    this.#fill({});
  }

  // Fetch and show the rest, and return it; null when another sample is in sight by then. The server gets
  // this sample and the next ones ready for the tools.
  async complete(next) {
    const { at } = this;
    let known = {};
    try {
      const response = await fetch(`api/sample/${at}?${next.map((one) => `next=${one}`).join("&")}`);
      if (response.ok) known = await response.json();
    } catch { /* no server: the picture may still be here */ }
    if (at !== this.at) return null;
    this.#fill(known);
    return known;
  }

  #fill(known) {
    this.reasons.replaceChildren();
    this.history.replaceChildren();
    this.#list("Why it waits", (known.reasons || []).map((words) => item(words)));
    this.#list("Findings", (known.findings || []).map((finding) => {
      const one = item();
      const badge = make("b", finding.severity, finding.severity);
      if (!finding.box) {
        one.append(badge, ` ${finding.check}: ${finding.words}`);
        return one;
      }
      const go = make("button", null, "");
      go.type = "button";
      go.append(badge, ` ${finding.check}: ${finding.words}`);
      go.addEventListener("click", () => this.look([finding.box]));
      one.append(go);
      return one;
    }));
    if (known.draft) this.#draft(known.draft, known.places || []);
    this.#list("Faces", (known.faces || []).map((face, number) => {
      const one = item(), go = make("button", `face ${number + 1}: ${face.mask}${face.residual ? `, still seen (${face.residual.toFixed(2)})` : ""}`);
      go.type = "button";
      go.addEventListener("click", () => this.look([face.box]));
      one.append(go);
      return one;
    }));
    this.#others();
    const facts = Object.entries(known.facts || {}).filter(([, value]) => value);
    this.#list("About", facts.map(([name, value]) => item(`${name}: ${value}`)));
    this.#list("What was done", (known.history || []).map((step) => item(step)), this.history, "ol");
  }

  // Why a draft is uncertain: in words, with the places in the picture; the numbers behind a click.
  #draft({ doubt, words, parts }, places) {
    // Several places of one kind are told apart by a number.
    const alike = (place) => places.filter((other) => other.words === place.words);
    this.#list("Why it is uncertain", [item(words), ...places.map((place) => {
      const same = alike(place), number = same.length > 1 ? ` (${same.indexOf(place) + 1})` : "";
      const one = item(), go = make("button", place.words + number);
      go.type = "button";
      go.addEventListener("click", () => this.look([place.box]));
      one.append(go);
      return one;
    })]);
    const folded = make("details"), list = make("ul");
    list.append(...Object.entries(parts).map(([name, value]) => item(`${name}: ${value.toFixed(2)}`)));
    folded.append(make("summary", `Uncertainty ${doubt.toFixed(2)}`), list);
    this.reasons.append(folded);
  }

  // What other reviewers decided, closed until somebody wants to know.
  #others() {
    const verdicts = Object.entries(this.queue.data.others[this.at]);
    if (!verdicts.length) return;
    const folded = make("details"), list = make("ul");
    list.append(...verdicts.map(([name, verdict]) => item(`${name}: ${verdict}`)));
    folded.append(make("summary", "Other reviewers"), list);
    this.reasons.append(folded);
  }

  #list(heading, entries, into = this.reasons, tag = "ul") {
    if (!entries.length) return;
    const list = make(tag);
    list.append(...entries);
    into.append(make("h3", heading), list);
  }
}

const item = (words) => make("li", words);

function make(tag, words, kind) {
  const one = document.createElement(tag);
  if (words) one.textContent = words;
  if (kind) one.className = kind;
  return one;
}
