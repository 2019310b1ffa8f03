// Repairs of the whole label: what one would change is shown while its button is pointed at or focused.
export class Repairs {
  constructor(buttons, stage, { sample, say, use }) {
    Object.assign(this, { stage, sample, say });
    this.asked = 0;
    for (const button of buttons) {
      const { repair } = button.dataset;
      for (const kind of ["pointerenter", "focus"]) button.addEventListener(kind, () => this.preview(repair));
      for (const kind of ["pointerleave", "blur"]) button.addEventListener(kind, () => this.clear());
      button.addEventListener("click", () => { this.clear(); use({ repair }); });
    }
  }

  async preview(repair) {
    const name = repair[0].toUpperCase() + repair.slice(1);
    const number = ++this.asked, { id, edit } = await this.sample();
    if (id === undefined || edit === "" || !this.stage.label || number !== this.asked) return;
    const answer = await fetch(`api/preview?${new URLSearchParams({ id, repair })}`).catch(() => null);
    if (!answer || !answer.ok || number !== this.asked) return;
    const { patch, more, less } = await answer.json();
    if (number !== this.asked) return;
    await this.stage.preview(patch);
    this.say(patch ? `${name}: ${more.toLocaleString("en")} pixels more, ${less.toLocaleString("en")} less.` : `${name}: nothing would change.`);
  }

  clear() {
    this.asked++;
    this.stage.preview(null);
  }
}
