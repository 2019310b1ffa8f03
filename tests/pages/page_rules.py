"""What every page keeps, asked in a browser: contrast, names of controls, width, the tabulator."""

from __future__ import annotations

LOW_CONTRAST = """
const channel = (value) => {
  const part = value / 255;
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
};
const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const rgba = (colour) => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a / 255];
};
const behind = (element) => {
  if (!element) return [255, 255, 255];
  const [r, g, b, a] = rgba(getComputedStyle(element).backgroundColor);
  if (a === 1) return [r, g, b];
  const under = behind(element.parentElement);
  return [r, g, b].map((value, at) => a * value + (1 - a) * under[at]);
};
const wrong = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
  const one = texts.currentNode.parentElement, style = getComputedStyle(one);
  const unseen = one.closest("script, style, noscript, title, desc, [hidden], .unseen, .skip");
  if (!texts.currentNode.data.trim() || unseen || !one.getClientRects().length) continue;
  const colour = one.namespaceURI.endsWith("svg") ? style.fill : style.color;
  const [text, paper] = [rgba(colour), behind(one)].map(luminance);
  const contrast = (Math.max(text, paper) + 0.05) / (Math.min(text, paper) + 0.05);
  const large = parseFloat(style.fontSize) >= 24;
  if (contrast < (large ? 3 : 4.5)) wrong.push([texts.currentNode.data.trim(), contrast]);
}
return wrong;
"""
"""Texts below WCAG 2.2's level AA (1.4.3), each with its contrast."""

NAMELESS = """
const named = (one) => one.getAttribute("aria-label") || one.textContent.trim() || one.title
  || [...(one.labels || [])].some((label) => label.textContent.trim())
  || document.getElementById(one.getAttribute("aria-labelledby")?.split(" ")[0])?.textContent;
const controls = "a, button, input, select, [tabindex], [role=img], [role=listbox], section, nav";
return [...document.querySelectorAll(controls)].filter((one) => !named(one))
  .concat([...document.images].filter((one) => !one.alt && !one.closest("[aria-label]")))
  .map((one) => one.outerHTML.slice(0, 80));
"""
"""Controls, landmarks and pictures that a screen reader has no name for."""

TOO_WIDE = """
return document.documentElement.scrollWidth - document.documentElement.clientWidth;
"""
"""By how many pixels the page is wider than the window."""

FOCUSABLE = """
const kinds = "a[href], button, input, select, [tabindex='0']";
window.focused = new Set();
document.addEventListener("focusin", (event) => window.focused.add(event.target));
window.focusable = [...document.querySelectorAll(kinds)].filter((one) => one.offsetParent);
return window.focusable.length;
"""
"""How many elements the tabulator has to reach; those that it reaches are kept."""

NOT_REACHED = """
return window.focusable.filter((one) => !window.focused.has(one))
  .map((one) => one.outerHTML.slice(0, 80));
"""
