// The last gap records of all hosts, newest first.

import { nowOf } from "./hosts.js";
import { fill, made, placesIn } from "./places.js";
import { gapAges, gapView } from "./views.js";

export class Gaps {
  constructor(section) {
    this.none = section.querySelector(".none");
    this.table = section.querySelector("table");
    this.body = section.querySelector("tbody");
    this.rows = [];
    this.known = null;
  }

  show(hosts) {
    const gaps = hosts.list.flatMap((host) => host.last_gaps.map((gap) => ({ host, gap })));
    const known = JSON.stringify(gaps.map(({ host, gap }) => [host.host, gap]));
    if (this.known !== known) {
      this.known = known;
      this.rows = gaps.sort((a, b) => b.gap.to_ms - a.gap.to_ms).map(newRow);
      this.body.replaceChildren(...this.rows.map(({ element }) => element));
      this.table.hidden = !gaps.length;
      this.none.hidden = gaps.length > 0;
    }
    for (const { places, gap, host } of this.rows) fill(places, gapAges(gap, nowOf(host)));
  }
}

function newRow({ host, gap }) {
  const element = made("gap");
  const places = placesIn(element);
  fill(places, { host: host.host, ...gapView(gap) });
  return { element, places, gap, host };
}
