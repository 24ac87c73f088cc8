// What a served page asks its server for beside the value.

import { list } from "./diagnostics.js";
import { el, put } from "./dom.js";
import { filled } from "./fill.js";
import { page } from "./state.js";

let fetched = null;

/** The texts of all prompts by their digests, and the segments of each prompt, `[id, digest]`: those of a served page are
 *  fetched once a build. */
export async function allTexts() {
  if (!page.live) return { texts: page.texts, segments: page.build.contexts.map(({ segments }) => segments.map(({ id, digest }) => [id, digest])) };
  if (fetched?.of !== page) fetched = { of: page, all: fetchedJson("texts.json") };
  return fetched.all;
}

/** The request body of the model of a context, with what is filled in. */
export async function bodyText({ index, at, note }) {
  const body = note.body ?? (await fetchedJson(`body.json?of=${index}.${at}`));
  const value = ({ input }) => (filled(input) === null ? `{{${input}}}` : JSON.stringify(filled(input)).slice(1, -1));
  return body.pieces.map((piece) => (typeof piece === "string" ? piece : value(piece))).join("");
}

/** The JSON at an address of the server. */
export async function fetchedJson(address) {
  const answer = await fetch(address, { cache: "no-store" });
  if (!answer.ok) throw new Error(`the server says ${answer.status}`);
  return answer.json();
}

/** Fills `body` with what `draw` makes of the JSON at `address`, or with why there is none. */
export async function loaded(body, address, draw) {
  body.dataset.address = address;
  if (!body.hasChildNodes()) put(body, el("p", { class: "empty", role: "status" }, "Loading…"));
  const shown = await answer(address, draw);
  // A later question may have been asked since.
  if (body.dataset.address === address) put(body, shown);
}

async function answer(address, draw) {
  try {
    const response = await fetch(address, { cache: "no-store" });
    const isJson = response.headers.get("content-type")?.startsWith("application/json");
    if (response.ok) return draw(await response.json());
    // A question that has no answer: the server says why, as a build would.
    if (isJson) return list((await response.json()).diagnostics);
    throw new Error((await response.text()).trim() || `the server says ${response.status}`);
  } catch (error) {
    return el("p", { class: "empty", role: "status" }, `Not known: ${error.message}`);
  }
}
