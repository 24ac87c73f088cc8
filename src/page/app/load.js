// What a served page asks its server for beside the value.

import { el, put } from "./dom.js";

/** Fills `body` with what `draw` makes of the JSON at `address`, or with why there is none. */
export async function loaded(body, address, draw) {
  body.dataset.address = address;
  if (!body.hasChildNodes()) put(body, el("p", { class: "empty", role: "status" }, "Loading…"));
  try {
    const answer = await fetch(address, { cache: "no-store" });
    const text = await answer.text();
    if (!answer.ok) throw new Error(text.trim() || `the server says ${answer.status}`);
    // A later question may have been asked since.
    if (body.dataset.address === address) put(body, draw(JSON.parse(text)));
  } catch (error) {
    if (body.dataset.address === address) put(body, el("p", { class: "empty", role: "status" }, `Not known: ${error.message}`));
  }
}
