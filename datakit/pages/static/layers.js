// Canvases that lie over the photo, and how labels are drawn on them.
// A PNG in base64, decoded.
export function decoded(png) {
  const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
  return createImageBitmap(new Blob([bytes], { type: "image/png" }));
}

// A canvas to draw a label on; it lies over the photo.
export function layer(kind = "") {
  const canvas = document.createElement("canvas");
  canvas.className = `layer ${kind}`;
  canvas.setAttribute("aria-hidden", "true");
  return canvas;
}

// Clear a rectangle of a canvas and draw inside it alone.
export function within(canvas, rect, draw) {
  const pen = canvas.getContext("2d");
  pen.save();
  pen.beginPath();
  pen.rect(rect.x, rect.y, rect.width, rect.height);
  pen.clip();
  pen.clearRect(rect.x, rect.y, rect.width, rect.height);
  draw(pen);
  pen.restore();
}

// Draw a label in one colour.
export function tinted(pen, editLayer, colour) {
  const { width, height } = pen.canvas;
  pen.drawImage(editLayer, 0, 0, width, height);
  pen.globalCompositeOperation = "source-in";
  pen.fillStyle = colour;
  pen.fillRect(0, 0, width, height);
}
