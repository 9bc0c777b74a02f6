// The places of the page where texts go. Texts are written as text only, never as markup.

import { exact } from "./formats.js";

// A copy of what the <template> named "of-" + name holds.
export function made(name) {
  return document.getElementById(`of-${name}`).content.firstElementChild.cloneNode(true);
}

// The places in an element by name. A name may have several elements.
export function placesIn(element) {
  const places = new Map();
  for (const found of element.querySelectorAll("[data-place]")) {
    const place = { element: found, node: textIn(found), text: found.textContent, timeMs: null };
    const same = places.get(found.dataset.place);
    if (same) same.push(place);
    else places.set(found.dataset.place, [place]);
  }
  return places;
}

// Changing a text node costs less than replacing it.
function textIn(element) {
  return element.firstChild ?? element.appendChild(document.createTextNode(""));
}

// Writes the texts of a view. Only what differs is touched.
export function fill(places, view) {
  for (const name in view) {
    const shown = view[name];
    const text = typeof shown === "string" ? shown : shown.text;
    for (const place of places.get(name) ?? []) {
      if (place.text !== text) {
        place.node.data = text;
        place.text = text;
      }
      if (typeof shown !== "string" && place.timeMs !== shown.timeMs) {
        place.element.title = exact(shown.timeMs);
        place.timeMs = shown.timeMs;
      }
    }
  }
}

// The level of an element: for its colour, its sign and the word that a screen reader says.
export function setLevel(element, places, level) {
  if (element.dataset.level === level) return;
  element.dataset.level = level;
  fill(places, { level });
}
