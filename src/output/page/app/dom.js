// Elements from words. Text becomes text nodes and nothing else: there is no way to mark-up in here,
// which is what makes it safe to hand it whatever stands in a repository.

const SVG = "http://www.w3.org/2000/svg";

/** An element. `attributes` may hold `class`, `data`, `on` (listeners) and any attribute by its name;
 *  null and false leave one out. Children are elements, text, numbers, or lists of them. */
export function el(name, attributes = {}, ...children) {
  return fill(dress(document.createElement(name), attributes), children);
}

/** The same for SVG. */
export function svg(name, attributes = {}, ...children) {
  return fill(dress(document.createElementNS(SVG, name), attributes), children);
}

/** Puts these children in the place of all that an element holds. */
export function put(parent, ...children) {
  parent.replaceChildren();
  return fill(parent, children);
}

/** Has `list` hold these nodes in this order, and moves none that need not move. */
export function keep(list, nodes) {
  const wanted = new Set(nodes);
  for (const node of [...list.childNodes]) if (!wanted.has(node)) node.remove();
  let next = list.firstChild;
  for (const node of nodes) {
    if (node === next) next = next.nextSibling;
    else list.insertBefore(node, next);
  }
}

function dress(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (name === "data") {
      Object.assign(element.dataset, value);
    } else if (name === "size") {
      // A style attribute would need leave from the content policy; a property does not.
      for (const [property, length] of Object.entries(value)) element.style.setProperty(property, length);
    } else {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  return element;
}

function fill(parent, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(child);
  }
  return parent;
}
