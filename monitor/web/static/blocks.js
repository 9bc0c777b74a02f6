// The publisher and the login of each host.

import { nowOf } from "./hosts.js";
import { fill, made, placesIn, setLevel } from "./places.js";

export class Blocks {
  // name is that of the <template> and of the snapshot's field, viewOf makes its texts.
  constructor(section, name, viewOf) {
    this.none = section.querySelector(".none");
    this.parent = section.querySelector(".blocks");
    this.name = name;
    this.viewOf = viewOf;
    this.blocks = new Map();
  }

  // Forgets the blocks: the hosts may be others now.
  replace() {
    this.blocks.clear();
    this.parent.replaceChildren();
  }

  show(hosts) {
    for (const host of hosts.list) {
      const figures = host[this.name];
      if (figures) this.#showBlock(host, figures, hosts.areMany);
      else this.#remove(host.host);
    }
    this.none.hidden = this.blocks.size > 0;
  }

  #showBlock(host, figures, areMany) {
    let block = this.blocks.get(host.host);
    if (!block) {
      const element = made(this.name);
      block = { element, places: placesIn(element) };
      fill(block.places, { host: host.host });
      block.places.get("host")[0].element.hidden = !areMany;
      this.blocks.set(host.host, block);
      this.parent.append(element);
    }
    setLevel(block.element, block.places, figures.level);
    fill(block.places, this.viewOf(figures, nowOf(host)));
  }

  #remove(name) {
    this.blocks.get(name)?.element.remove();
    this.blocks.delete(name);
  }
}
