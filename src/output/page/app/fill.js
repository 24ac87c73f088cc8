// Values for what is filled in at run time, typed by the reader; they stay until the page is closed.

import { el } from "./dom.js";
import { line } from "./inert.js";

const values = new Map();

/** The value of an input; null where none was typed. */
export function filled(name) {
  return values.get(name) ?? null;
}

/** A field for the value of an input, the same wherever the input stands. */
export function fillField(name) {
  const field = el("textarea", { rows: 1, data: { input: name }, "aria-label": `Value of ${line(name)}`, placeholder: "Type a value: copies hold it", spellcheck: "false", on: { input: take } });
  field.value = values.get(name) ?? "";
  return field;

  function take() {
    if (field.value) values.set(name, field.value);
    else values.delete(name);
    for (const other of document.querySelectorAll("textarea[data-input]")) if (other !== field && other.dataset.input === name) other.value = field.value;
  }
}
