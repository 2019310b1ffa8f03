// Neighbours side by side: the samples of the same group, or those before and after the one in sight.
export class Neighbours {
  constructor(root, queue, pictures, choose) {
    Object.assign(this, { root, queue, pictures, choose });
    this.on = false;
    this.heading = root.querySelector("h2");
    this.list = root.querySelector("ol");
  }

  toggle(at) {
    this.on = !this.on;
    this.root.hidden = !this.on;
    this.show(at);
    return this.on;
  }

  show(at) {
    if (!this.on || at < 0) return;
    const { members, isGroup } = this.queue.beside(at);
    this.heading.textContent = isGroup ? `${members.length} of the same group` : "Before and after in the list";
    this.list.replaceChildren(...members.map((one) => this.#figure(one, one === at)));
    this.list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  #figure(at, isCurrent) {
    const { data } = this.queue, item = document.createElement("li"), button = document.createElement("button");
    const picture = document.createElement("span"), name = document.createElement("b"), { edit } = this.queue.state(at);
    button.type = "button";
    button.setAttribute("aria-label", isCurrent ? `${data.id[at]}, in sight` : data.id[at]);
    if (isCurrent) button.setAttribute("aria-current", "true");
    if (data.pictured[at]) picture.append(image(`image/${at}`));
    if (data.label_kind[at]) picture.append(tint(`label/${at}${edit ? `?edit=${edit}` : ""}`));
    name.textContent = data.id[at].slice(-24);
    button.append(picture, name);
    button.addEventListener("click", () => this.choose(at));
    item.append(button);
    return item;
  }
}

function image(address) {
  const picture = new Image();
  Object.assign(picture, { src: address, alt: "", loading: "lazy", decoding: "async", draggable: false });
  return picture;
}

// The label as a tint: the page's colour, let through by the label's opacity.
function tint(address) {
  const cover = document.createElement("i");
  cover.style.maskImage = `url("${new URL(address, location.href)}")`;
  return cover;
}
