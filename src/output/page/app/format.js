// Figures for people. Amounts arrive as exact decimals; only their last digits are left out here, and
// whoever points at one sees all of them.

import { el } from "./dom.js";

/** `57,204`. */
export function grouped(number) {
  return number === null || number === undefined ? "?" : Number(number).toLocaleString("en-US");
}

/** `57.2k`, for places where five digits are too many. */
export function brief(number) {
  if (number < 1000) return String(number);
  const [value, unit] = number < 999_500 ? [number / 1000, "k"] : [number / 1_000_000, "M"];
  return `${value < 99.95 ? value.toFixed(1).replace(/\.0$/, "") : Math.round(value)}${unit}`;
}

/** `1 segment`, `2 segments`. */
export function counted(number, thing) {
  return `${grouped(number)} ${thing}${number === 1 ? "" : "s"}`;
}

/** An amount in US dollars: cents from a dollar on and where there is nothing below them, else three
 *  significant digits; `?` if it is not known. */
export function money(decimal) {
  if (decimal === null || decimal === undefined) return "?";
  const amount = Number(decimal);
  const size = Math.abs(amount);
  const sign = amount < 0 ? "−" : "";
  if (size === 0) return "$0";
  if (size >= 1 || Number.isInteger(Math.round(size * 1e10) / 1e8)) return sign + "$" + size.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const places = Math.min(12, 2 - Math.floor(Math.log10(size)));
  return `${sign}$${size.toFixed(places).replace(/0+$/, "").replace(/\.$/, "")}`;
}

/** An amount as an element that tells all of its digits. */
export function amount(decimal, about = "") {
  const exact = decimal === null || decimal === undefined ? "not known" : `$${decimal}`;
  return el("data", { value: decimal ?? "", title: exact, class: "amount" }, `${decimal ? about : ""}${money(decimal)}`);
}

/** `to − from`, exactly; null where one of them is not known. */
export function difference(from, to) {
  if (!from || !to) return null;
  const places = Math.max(...[from, to].map((decimal) => (decimal.split(".")[1] ?? "").length));
  const [least, most] = [from, to].map((decimal) => BigInt(decimal.split(".")[0] + (decimal.split(".")[1] ?? "").padEnd(places, "0")));
  const digits = String(most < least ? least - most : most - least).padStart(places + 1, "0");
  const [whole, part] = [digits.slice(0, digits.length - places), digits.slice(digits.length - places).replace(/0+$/, "")];
  return `${most < least ? "-" : ""}${whole}${part && "."}${part}`;
}

/** How far a number moved: `+1,204, 3.1%`. */
export function moved(from, to, sign = "", shown = grouped(Math.abs(to - from))) {
  if (to === from) return "the same";
  return `${to > from ? "+" : "−"}${sign}${shown}${from ? `, ${percent(Math.abs(to - from), from)}` : ""}`;
}

/** A share of a whole as a percentage: `12.4%`; what is not nothing is not 0%. */
export function percent(part, whole) {
  if (!whole) return "0%";
  const share = (100 * part) / whole;
  if (share > 0 && share < 0.1) return "<0.1%";
  if (share < 100 && share > 99.9) return ">99.9%";
  return `${share.toFixed(1).replace(/\.0$/, "")}%`;
}

/** The first digits of a digest or a commit. */
export function short(id) {
  const [version, digits] = id.includes(":") ? id.split(":") : [null, id];
  return version ? `${version}:${digits.slice(0, 12)}` : digits.slice(0, 10);
}

/** `≈` before what is estimated. */
export function about(basis) {
  return basis === "estimated" ? "≈" : "";
}
