// Photos and labels, fetched and decoded before they are needed, a few at a time.
const MOST = 9;

export class Pictures {
  constructor(queue) {
    this.queue = queue;
    this.entries = new Map(); // sample -> promises of its pictures; the oldest first
  }

  // Promises of photo, label (with what was painted), the label to compare with, stripes where nobody
  // knows the label, and its classes or objects in colour; each may be null.
  get(at) {
    const found = this.entries.get(at) || this.#fetch(at);
    this.entries.delete(at);
    this.entries.set(at, found);
    for (const [other] of this.entries) {
      if (this.entries.size <= MOST) break;
      this.entries.delete(other);
    }
    return found;
  }

  // The other side of anonymize: the result as it would be, or the photo before. It may take seconds, so
  // it is made when it is looked at; rejected with why it cannot be shown.
  counterpart(at) {
    const found = this.get(at);
    found.counterpart ||= fetched(`counterpart/${at}`);
    return found.counterpart;
  }

  forget(at) { this.entries.delete(at); }

  // Why the photo or the label of a sample is not in sight though it has one, in the server's words.
  async problem(at, { photo, label }) {
    const { data } = this.queue, { edit } = this.queue.state(at), missing = [];
    if (data.pictured[at] && !photo) missing.push(`image/${at}`);
    if (data.label_kind[at] && !label) missing.push(labelAddress(at, edit));
    const answers = await Promise.all(missing.map((address) => fetch(address).then((one) => (one.ok ? "A picture that this browser cannot decode." : one.text()), () => "The server does not answer.")));
    return [...new Set(answers)].join(" ");
  }

  #fetch(at) {
    const { data } = this.queue, { edit } = this.queue.state(at);
    const has = data.label_kind[at] !== "";
    const label = has ? load(labelAddress(at, edit)) : none();
    // Before: the label of an earlier dataset, or else the label as it was before the brush.
    const before = !has ? none() : data.compared[at] ? load(`before/${at}`)
      : edit ? load(`label/${at}`) : none();
    const query = edit ? `?edit=${edit}` : "";
    const unknown = has && (data.unknown[at] || edit) ? load(`unknown/${at}${query}`) : none();
    const colours = data.coloured[at] ? load(`colours/${at}${query}`) : none();
    return { photo: data.pictured[at] ? load(`image/${at}`) : none(), label, before, unknown, colours };
  }
}

const labelAddress = (at, edit) => `label/${at}${edit ? `?edit=${edit}` : ""}`;

const none = () => Promise.resolve(null);

async function load(address) {
  const picture = new Image();
  picture.decoding = "async";
  picture.src = address;
  try {
    await picture.decode();
    return picture;
  } catch {
    return null; // there is none, or it cannot be read: the stage says so
  }
}

async function fetched(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(await answer.text());
  const picture = new Image();
  picture.src = URL.createObjectURL(await answer.blob());
  await picture.decode();
  URL.revokeObjectURL(picture.src);
  return picture;
}
