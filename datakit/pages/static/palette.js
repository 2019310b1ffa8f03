// The classes and objects that a brush may add, each in its colour; number keys choose them.
const NEAREST = { value: 0, name: "as beside it", colour: "" };

export class Palette {
  constructor(root) {
    this.root = root;
    this.paints = [];
    this.chosen = NEAREST;
  }

  // Show what may be painted on a sample. On the same sample the value that was chosen stays chosen, as
  // a new object has another name now; on another one the class or object of the same name.
  show(paints, isSame) {
    this.paints = paints.length ? [NEAREST, ...paints] : [];
    this.root.hidden = !this.paints.length;
    this.chosen = this.paints.find(({ value, name }) => value === this.chosen.value && (isSame || name === this.chosen.name)) || NEAREST;
    this.root.replaceChildren(...this.paints.map((paint, number) => {
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("role", "radio");
      button.dataset.value = paint.value;
      button.style.setProperty("--paint", paint.colour || "transparent");
      button.textContent = number && number < 10 ? `${number} ${paint.name}` : paint.name;
      button.addEventListener("click", () => this.choose(number));
      return button;
    }));
    this.choose(this.paints.indexOf(this.chosen));
  }

  // Choose by number; false where there is no such paint.
  choose(number) {
    if (!this.paints[number]) return false;
    this.chosen = this.paints[number];
    [...this.root.children].forEach((button, at) => button.setAttribute("aria-checked", at === number));
    return true;
  }

  // What a use of a tool says of the mask.
  get mark() {
    const { value, class_name, is_new } = this.chosen;
    return value ? { value, class_name: is_new ? class_name : "" } : {};
  }
}
