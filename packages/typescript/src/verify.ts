/** Holds the files of a bundle against their digests, without a package beyond Node's own. */
import { lstatSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { AGAIN, BundleError } from "./index.js";

const IV = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
const ORDER = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
const [CHUNK_START, CHUNK_END, PARENT, ROOT, CONTEXT, MATERIAL] = [1, 2, 4, 8, 32, 64] as const;

/** The files of a bundle but bundle.json, each as its digest says. */
export function verified(folder: string, content: Buffer, record: any): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  const wrong: string[] = [];
  // The record's bytes are ASCII where it counts; latin1 leaves all others as they are.
  const blank = content.toString("latin1").replace(`"digest": "${record.digest}"`, '"digest": ""');
  const key = words(blake3(Buffer.from("contexture 2026-11-21 cx1 bundle"), IV, CONTEXT));
  if (record.digest !== `cx1:${blake3(Buffer.from(blank, "latin1"), key, MATERIAL).toString("hex")}`) {
    wrong.push("bundle.json");
  } else {
    const listed = new Map<string, string>(record.members.map((member: any) => [member.name, member.blake3]));
    wrong.push(...readdirSync(folder).filter((name) => !listed.has(name) && name !== "bundle.json"));
    for (const [name, digest] of listed) {
      const path = join(folder, name);
      if (lstatSync(path, { throwIfNoEntry: false })?.isFile()) files.set(name, readFileSync(path));
      if (!files.has(name) || blake3(files.get(name)!).toString("hex") !== digest) wrong.push(name);
    }
  }
  if (wrong.length) throw new BundleError(`${folder} is not as it was built: ${wrong.join(", ")} differs; ${AGAIN}`);
  return files;
}

const words = (data: Buffer): number[] => Array.from({ length: 8 }, (_, word) => data.readUInt32LE(word * 4));

/** BLAKE3's first 32 bytes. */
export function blake3(data: Uint8Array, key: readonly number[] = IV, mode = 0): Buffer {
  const block = new Uint32Array(16);
  let row: number[][] = [];
  const chunks = Math.max(Math.ceil(data.length / 1024), 1);
  for (let chunk = 0; chunk < chunks; chunk++) {
    let state = [...key];
    const end = Math.min(data.length, chunk * 1024 + 1024);
    for (let at = chunk * 1024; at === chunk * 1024 || at < end; at += 64) {
      const size = Math.min(64, end - at);
      block.fill(0);
      for (let byte = 0; byte < size; byte++) block[byte >> 2]! |= data[at + byte]! << ((byte & 3) * 8);
      const last = at + 64 >= end ? CHUNK_END | (chunks === 1 ? ROOT : 0) : 0;
      state = compress(state, block, chunk, size, mode | (at === chunk * 1024 ? CHUNK_START : 0) | last);
    }
    row.push(state);
  }
  while (row.length > 1) {
    // Neighbours become a parent; one without a neighbour waits for the next row.
    const flags = mode | PARENT | (row.length === 2 ? ROOT : 0);
    const parents: number[][] = [];
    for (let at = 0; at < row.length; at += 2) {
      const [left, right] = [row[at]!, row[at + 1]];
      parents.push(right ? compress(key, Uint32Array.from([...left, ...right]), 0, 64, flags) : left);
    }
    row = parents;
  }
  const digest = Buffer.alloc(32);
  row[0]!.forEach((word, index) => digest.writeUInt32LE(word, index * 4));
  return digest;
}

function compress(
  state: readonly number[],
  block: Uint32Array,
  counter: number,
  size: number,
  flags: number,
): number[] {
  const v = Uint32Array.from([...state, ...IV.slice(0, 4), counter, 0, size, flags]);
  const half = (a: number, b: number, c: number, d: number, word: number, first: number, second: number) => {
    v[a]! += v[b]! + word;
    v[d] = turn(v[d]! ^ v[a]!, first);
    v[c]! += v[d]!;
    v[b] = turn(v[b]! ^ v[c]!, second);
  };
  let order = Array.from(ORDER.keys());
  for (let round = 0; round < 7; round++) {
    for (let index = 0; index < 8; index++) {
      const [column, turned] = [index & 3, index >> 2];
      const [b, c, d] = [
        4 + ((column + turned) & 3),
        8 + ((column + turned * 2) & 3),
        12 + ((column + turned * 3) & 3),
      ];
      half(column, b, c, d, block[order[index * 2]!]!, 16, 12);
      half(column, b, c, d, block[order[index * 2 + 1]!]!, 8, 7);
    }
    order = ORDER.map((from) => order[from]!);
  }
  return Array.from({ length: 8 }, (_, word) => (v[word]! ^ v[word + 8]!) >>> 0);
}

const turn = (word: number, by: number): number => (word >>> by) | (word << (32 - by));
