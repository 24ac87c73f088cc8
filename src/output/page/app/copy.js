// Buttons that put text onto the clipboard.

import { el } from "./dom.js";
import { filled } from "./fill.js";

/** A button; `text()` is what it copies, as it is sent, or a promise of it. */
export function copyButton(label, text) {
  const button = el("button", { type: "button", class: "quiet copy", "aria-live": "polite", on: { click: copy } }, label);
  return button;

  async function copy() {
    try {
      const words = await text();
      button.textContent = await navigator.clipboard.writeText(words).then(() => "Copied", () => "The browser refuses");
    } catch {
      button.textContent = "There is none";
    }
    setTimeout(() => (button.textContent = label), 2000);
  }
}

/** The parts of segments as one text: inputs as they are filled in, or by their names; a blank line where another one speaks. */
export function plainText(parts) {
  let [text, speaker] = ["", null];
  for (const part of parts) {
    if (text && part.role !== speaker) text = `${text.replace(/\n+$/, "")}\n\n`;
    speaker = part.role;
    text += part.kind === "input" || part.kind === "history" ? (filled(part.text) ?? `{{${part.text}}}`) : part.text;
  }
  return text;
}
