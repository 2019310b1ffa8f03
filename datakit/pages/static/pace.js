// How long a sample is in sight, and how fast decisions come.
const LEAST_DECISIONS = 5, LATEST = 30;

export class Pace {
  constructor() {
    this.since = performance.now();
    this.seen = 0; // ms before the page was last hidden
    this.times = [];
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.seen += performance.now() - this.since;
      this.since = performance.now();
    });
  }

  // Another sample comes into sight.
  begin() {
    this.since = performance.now();
    this.seen = 0;
  }

  get seconds() {
    const now = document.hidden ? 0 : performance.now() - this.since;
    return Math.round(this.seen + now) / 1000;
  }

  decided() {
    this.times.push(performance.now());
    if (this.times.length > LATEST) this.times.shift();
  }

  // In words: the rate of the latest decisions, and how long the open ones take at it.
  words(open) {
    if (this.times.length < LEAST_DECISIONS) return "";
    const minutes = (performance.now() - this.times[0]) / 60000, rate = this.times.length / Math.max(minutes, 1 / 60);
    const left = open / rate;
    const time = left < 1 ? "less than a minute" : left < 90 ? `${Math.round(left)} min` : `${(left / 60).toFixed(1)} h`;
    return open ? ` · ${Math.round(rate)} a minute, ${time} left` : "";
  }
}
