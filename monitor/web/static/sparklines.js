// Small line charts of the last hour. sparkline.py draws the same on the server.

import { NONE, delay, rate } from "./formats.js";
import { fill, made, placesIn } from "./places.js";

const WIDTH = 300;
const HEIGHT = 48;
const MARGIN = 2;

export class Histories {
  constructor(section) {
    this.parent = section.querySelector(".blocks");
    this.blocks = new Map();
  }

  // Makes the charts of the hosts anew.
  replace(hosts) {
    this.blocks.clear();
    for (const { host } of hosts.list) {
      const element = made("history");
      const places = placesIn(element);
      fill(places, { host });
      places.get("host")[0].element.hidden = !hosts.areMany;
      this.blocks.set(host, { element, history: null });
    }
    this.parent.replaceChildren(...[...this.blocks.values()].map(({ element }) => element));
  }

  show(hosts) {
    for (const { host, history } of hosts.list) {
      const block = this.blocks.get(host);
      if (block.history === history) continue;
      block.history = history;
      for (const figure of block.element.querySelectorAll("figure")) {
        draw(figure, history[figure.dataset.chart]);
      }
    }
  }
}

function draw(figure, values) {
  const text = figure.dataset.chart === "delay_p99_s" ? delay : rate;
  const newest = values.at(-1) ?? null;
  figure.querySelector("path").setAttribute("d", line(values));
  fill(placesIn(figure), {
    newest: newest === null ? NONE : text(newest),
    highest: text(highestOf(values)),
  });
}

// The path of a line with holes where a value is null.
export function line(values) {
  const highest = highestOf(values) || 1;
  const step = WIDTH / Math.max(1, values.length - 1);
  let isDrawing = false;
  const path = values.map((value, index) => {
    const wasDrawing = isDrawing;
    isDrawing = value !== null;
    if (!isDrawing) return "";
    const y = HEIGHT - MARGIN - (Math.max(0, value) / highest) * (HEIGHT - 2 * MARGIN);
    const point = `${(index * step).toFixed(1)} ${y.toFixed(1)}`;
    // A line of no length after the first point: alone, it is a dot.
    return wasDrawing ? `L${point}` : `M${point}h0`;
  });
  return path.join("");
}

function highestOf(values) {
  return values.reduce((highest, value) => Math.max(highest, value ?? 0), 0);
}
