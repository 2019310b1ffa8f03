// Keys: what each does while nobody types.
export function listenForKeys({ keys, held, undo, move, views, isHelp }) {
  document.addEventListener("keydown", (event) => {
    if (event.key === " " && held.wanted() && !typing(event)) {
      held.space(true);
      event.preventDefault();
      return;
    }
    if ((event.ctrlKey || event.metaKey) && event.key === "z" && !typing(event)) {
      event.preventDefault();
      undo();
      return;
    }
    if (typing(event) && event.key === "Escape") event.target.blur();
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event) || isHelp()) return;
    if (event.target.matches?.("input[type=range]") && /^(Arrow|Home|End|Page)/.test(event.key)) return;
    if (event.shiftKey && event.key.startsWith("Arrow")) {
      const [x, y] = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
      event.preventDefault();
      move(x, y);
      return;
    }
    // Within a group of views the arrows choose the view, as in any group of radio buttons.
    if (event.target.closest?.("#views") && event.key.startsWith("Arrow")) {
      views({ ArrowLeft: -1, ArrowRight: 1 }[event.key] || 0);
      return;
    }
    if (/^[1-9]$/.test(event.key) && held.wanted() && held.number(Number(event.key))) return;
    const action = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action || event.repeat && event.key === "h") return;
    event.preventDefault();
    action();
  });
  document.addEventListener("keyup", (event) => {
    if (event.key === " ") held.space(false);
    if (event.key === "h") held.released();
  });
}

const typing = (event) => event.target.matches?.("input:not([type=range]), textarea, select");
