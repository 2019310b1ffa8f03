// Repairs of the whole label: what one would change is shown while its button is pointed at or focused.
export class Repairs {
  constructor(buttons, stage, { sample, say, use }) {
    Object.assign(this, { stage, sample, say });
    this.asked = 0;
    for (const button of buttons) {
      const { repair } = button.dataset;
      for (const kind of ["pointerenter", "focus"]) button.addEventListener(kind, () => this.preview(repair, button.textContent));
      for (const kind of ["pointerleave", "blur"]) button.addEventListener(kind, () => this.clear());
      button.addEventListener("click", () => { this.clear(); use({ repair }); });
    }
  }

  async preview(repair, name) {
    const number = ++this.asked, { id, edit } = await this.sample();
    if (id === undefined || edit === "" || !this.stage.label || number !== this.asked) return;
    const answer = await fetch(`api/preview?${new URLSearchParams({ id, repair })}`).catch(() => null);
    if (!answer || !answer.ok || number !== this.asked) return;
    const { patch, more, less } = await answer.json();
    if (number !== this.asked) return;
    await this.stage.preview(patch);
    this.say(patch ? `${name} would add ${more.toLocaleString("en")} and take ${less.toLocaleString("en")} pixels.` : `${name} would change nothing.`);
  }

  clear() {
    this.asked++;
    this.stage.preview(null);
  }
}
