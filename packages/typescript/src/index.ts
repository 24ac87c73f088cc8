// Loads the bundles that `contexture build` writes, and fills their request bodies in:
// `load("dist/support/triage.bundle").request("claude-sonnet-5-5", { ticket: text })`.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { verified } from "./verify.js";

export const VERSION = "0.1.0";
const SCHEMA = "contexture.bundle/1";
const FORMATS = ["messages", "responses", "generate", "converse", "chat", "cached"] as const;
export const AGAIN = "copy the whole folder, or build it again with `contexture build`";

export type Format = (typeof FORMATS)[number];
/** Text for an input; for a history, a list of turns in the body's own format. */
export type Inputs = { readonly [name: string]: string | readonly unknown[] };

type Json = any;
type Hole = { name: string; body: string; pointer: string; start: number; end: number };

/** A bundle that cannot be used as it is, or a request that it cannot make: what is wrong, and what to do. */
export class BundleError extends Error {
  override name = "BundleError";
}

/**
 * Loads the bundle in a folder. With `verify`, every file is held against the digests in bundle.json, and that file
 * against its own. This finds what was changed by accident; against intent, compare `digest` with one from elsewhere.
 */
export function load(folder: string | URL, { verify = false }: { verify?: boolean } = {}): Bundle {
  const path = typeof folder === "string" ? folder : fileURLToPath(folder);
  return open(`${path}/bundle.json`, undefined, (record, content) => {
    if (record.schema === SCHEMA) return new Bundle(path, record, verify ? verified(path, content, record) : new Map());
    const formats = `the format ${record.schema}, and contexture-bundle ${VERSION} reads ${SCHEMA}`;
    throw new BundleError(`${path} has ${formats}: install the contexture-bundle of the contexture that built it`);
  });
}

/**
 * Everything that was built of one context: `inputs` and `history` are the names that a request has to fill, `models`
 * those that it can be made for. `full` is the digest of the prompt, for the application's own traces; `digest` is that
 * of the whole bundle, and `record` all that bundle.json says.
 */
export class Bundle {
  readonly id: string;
  readonly variant: string | null;
  readonly digest: string;
  readonly full: string;
  readonly models: readonly string[];
  readonly inputs: readonly string[];
  readonly history: readonly string[];
  readonly #sizes: Map<string, number>;
  readonly #leftOut: Map<string, string>;
  readonly #templates = new Map<string, Template>();

  constructor(
    readonly folder: string,
    readonly record: Json,
    private readonly files: Map<string, Buffer>,
  ) {
    [this.id, this.variant, this.digest, this.full] = [record.id, record.variant, record.digest, record.full];
    this.models = record.models.map((model: Json) => model.model);
    this.inputs = [...new Set<string>(record.inputs.map((hole: Hole) => hole.name))];
    this.history = [...new Set<string>(record.history.map((hole: Hole) => hole.name))];
    const reasons = (body: Json) => body.reasons.map((reason: Json) => reason.message).join("; ");
    this.#leftOut = new Map((record.left_out ?? []).map((body: Json) => [body.body, reasons(body)]));
    this.#sizes = new Map(record.members.map((member: Json) => [member.name, member.bytes]));
  }

  /** The formats of the bodies that the bundle has for a model, the preferred one first. */
  formats(model: string): Format[] {
    if (!this.models.includes(model)) {
      throw new BundleError(`${this.folder} was not built for the model ${model}; it has ${this.models.join(", ")}`);
    }
    return FORMATS.filter((format) => this.#sizes.has(file(model, format)));
  }

  /** The argument that the vendor's own SDK takes, yours to change. `format`: another than the first of `formats`. */
  request<T = Json>(model: string, inputs: Inputs = {}, format?: Format): T {
    const body = this.body(model, inputs, format);
    const { model: named, contents, generationConfig, ...config } = body;
    const used = format ?? this.formats(model)[0];
    if (used === "cached") return { model: named, config: contents ? { ...config, contents } : config } as T;
    if (used !== "generate") return body as T;
    // The model stands in the URL alone, by the name that the API has for it.
    const { api_name = model } = this.record.models.find((one: Json) => one.model === model);
    return { model: api_name, contents, config: { ...config, ...generationConfig } } as T;
  }

  /** The same as the body of an HTTP request. */
  body(model: string, inputs: Inputs = {}, format?: Format): Json {
    const there = this.formats(model);
    // Another format would be no answer to who wants the preferred one, and cannot have it.
    const known = FORMATS.find((one) => this.#sizes.has(file(model, one)) || this.#leftOut.has(file(model, one)));
    const name = file(model, format ?? known ?? "body");
    if (!this.#sizes.has(name)) {
      const why = this.#leftOut.has(name)
        ? `it was left out: ${this.#leftOut.get(name)}`
        : `there is ${there.join(", ")}`;
      throw new BundleError(`${this.folder} has no ${name}; ${why}`);
    }
    if (!this.#templates.has(name)) {
      const template = (body: Json) => new Template(name, body, this.record);
      this.#templates.set(name, open(`${this.folder}/${name}`, this.#sizes.get(name), template, this.files.get(name)));
    }
    return this.#templates.get(name)!.fill(inputs);
  }
}

/** A body that is ready to be filled: where its texts are cut by inputs, and where turns go. */
class Template {
  readonly #kinds = new Map<string, string>();
  /** In each string, text of the prompt and names of inputs take turns. */
  readonly #texts: { pointer: string; pieces: string[] }[] = [];
  readonly #turns: Hole[];

  constructor(
    readonly file: string,
    readonly json: Json,
    readonly record: Json,
  ) {
    const own = (holes: Hole[]) => holes.filter((hole) => hole.body === file);
    const strings = new Map<string, Hole[]>();
    for (const hole of own([...record.inputs, ...record.cached])) {
      this.#kinds.set(hole.name, "text");
      strings.set(hole.pointer, [...(strings.get(hole.pointer) ?? []), hole]);
    }
    for (const [pointer, holes] of strings) {
      const [parent, last] = place(json, pointer);
      // Places are counted in Unicode scalar values, and JavaScript counts in UTF-16.
      const scalars = Array.from(parent[last] as string);
      const text = (start: number, end?: number) => scalars.slice(start, end).join("");
      const pieces: string[] = [];
      let end = 0;
      for (const hole of holes) {
        if (text(hole.start, hole.end) !== `{{${hole.name}}}`) throw new Error(`no ${hole.name} at ${pointer}`);
        pieces.push(text(end, hole.start), hole.name);
        end = hole.end;
      }
      this.#texts.push({ pointer, pieces: [...pieces, text(end)] });
    }
    // From the last to the first, so that no index moves before it is used.
    this.#turns = own(record.history).reverse();
    for (const { name, pointer } of this.#turns) {
      this.#kinds.set(name, "a list of turns");
      if (!Array.isArray(place(json, pointer)[0])) throw new Error(`no ${name} at ${pointer}`);
    }
  }

  fill(inputs: Inputs): Json {
    const fail = (what: string) => new BundleError(`${this.file}${what}`);
    const sample = this.record.regions?.find((one: Json) => one.body === this.file);
    if (sample) throw fail(` has a sample in ${sample.segment}, which depends on ${sample.needs}: fill its span yourself`);
    const unknown = Object.keys(inputs).find((name) => !this.#kinds.has(name));
    if (unknown !== undefined) throw fail(` has no input ${unknown}; it has ${[...this.#kinds.keys()].join(", ")}`);
    for (const [name, kind] of this.#kinds) {
      const value = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
      if (value === undefined) throw fail(`: the input ${name} is missing; it takes ${kind}`);
      if (kind === "text" ? typeof value !== "string" : !Array.isArray(value)) {
        throw fail(`: the input ${name} takes ${kind}, not ${value === null ? "null" : typeof value}`);
      }
    }
    const body = copy(this.json);
    for (const { pointer, pieces } of this.#texts) {
      const [parent, last] = place(body, pointer);
      parent[last] = pieces.map((piece, at) => (at % 2 ? inputs[piece] : piece)).join("");
    }
    for (const { pointer, name } of this.#turns) {
      const [turns, at] = place(body, pointer);
      turns.splice(Number(at), 0, ...(inputs[name] as unknown[]));
    }
    return body;
  }
}

/** What is made from a file of a bundle, or why it cannot be. */
function open<T>(path: string, size: number | undefined, make: (json: Json, content: Buffer) => T, known?: Buffer): T {
  try {
    const content = known ?? readFileSync(path);
    if (size !== undefined && content.length !== size) throw new Error(`${content.length} of ${size} bytes`);
    return make(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(content)), content);
  } catch (fault) {
    if (fault instanceof BundleError) throw fault;
    throw new BundleError(`${path} is no file of a whole bundle (${fault}): ${AGAIN}`);
  }
}

const file = (model: string, format: string): string => `${model.replaceAll("/", "_")}.${format}.json`;
/** The object or list that a JSON Pointer's last step is in, and that step. */
function place(json: Json, pointer: string): [Json, string] {
  const steps = pointer.split("/").slice(1);
  const last = steps.pop() ?? "";
  return [steps.reduce((inner, step) => inner[step], json), last];
}

/** Requests share nothing, so that an application may change its own. */
function copy(json: Json): Json {
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return json.map(copy);
  // A key may be called `__proto__`.
  return Object.fromEntries(Object.entries(json).map(([key, inner]) => [key, copy(inner)]));
}
