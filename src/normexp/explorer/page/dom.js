// Making elements. Nothing here knows what the page is about.

const SVG = "http://www.w3.org/2000/svg";

function set(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) node.removeAttribute(name);
    else if (name === "html") node.innerHTML = value; // our own words, which hold markup
    else if (name === "text") node.textContent = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat());
  return node;
}

// h("p", { class: "note", html: "…" }, child, …)
export const h = (tag, attributes = {}, ...children) => set(document.createElement(tag), attributes, children);

// The same for an element of a drawing.
export const s = (tag, attributes = {}, ...children) => set(document.createElementNS(SVG, tag), attributes, children);

// Change the attributes of an element that is there.
export const change = (node, attributes) => set(node, attributes, []);
