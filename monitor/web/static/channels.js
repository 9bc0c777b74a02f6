// The table of channels.

import { count } from "./formats.js";
import { nowOf } from "./hosts.js";
import { Order, matches, wordsOf } from "./order.js";
import { fill, made, placesIn, setLevel } from "./places.js";
import { channelAges, channelView } from "./views.js";

export class Channels {
  // onChoose is called with a host and a channel whose messages are wanted.
  constructor(section, onChoose) {
    this.body = section.querySelector("tbody");
    this.headers = [...section.querySelectorAll("th[data-sort]")];
    this.shown = section.querySelector("#shown");
    this.none = section.querySelector("#no-channels");
    this.order = new Order();
    this.words = [];
    this.rows = new Map();
    this.sorted = [];
    this.chosen = "";
    for (const header of this.headers) {
      header.firstElementChild.addEventListener("click", () => this.#sortBy(header.dataset.sort));
    }
    this.body.addEventListener("click", ({ target }) => {
      const row = target.closest("button.channel") && target.closest("tr");
      if (row) onChoose(row.dataset.host, row.dataset.channel);
    });
    this.#takeFilter(section.querySelector("#filter"));
  }

  show(hosts) {
    let isNew = false;
    const gone = new Set(this.rows.keys());
    for (const host of hosts.list) {
      const nowMs = nowOf(host);
      for (const channel of host.channels.values()) {
        const key = keyOf(host.host, channel.channel);
        isNew ||= !gone.delete(key);
        this.#showRow(key, host, channel, nowMs);
      }
    }
    for (const key of gone) this.#remove(key);
    if (isNew || gone.size) this.sorted = [...this.rows.values()];
    this.#arrange(isNew);
    this.#count();
  }

  // Marks the channel whose messages are shown.
  choose(host, channel) {
    this.rows.get(this.chosen)?.element.classList.remove("is-chosen");
    this.chosen = keyOf(host, channel);
    this.rows.get(this.chosen)?.element.classList.add("is-chosen");
  }

  // Moves the focus to the button of the channel whose messages were shown.
  focusChosen() {
    this.rows.get(this.chosen)?.element.querySelector("button.channel").focus();
  }

  #showRow(key, host, channel, nowMs) {
    let row = this.rows.get(key);
    if (!row) {
      row = newRow(host.host, channel);
      this.rows.set(key, row);
      row.element.classList.toggle("is-chosen", key === this.chosen);
    }
    if (row.channel !== channel) {
      row.channel = channel;
      setLevel(row.element, row.places, channel.level);
      fill(row.places, channelView(channel));
      this.#hide(row);
    }
    if (row.isAskable !== host.shows_messages) {
      row.isAskable = host.shows_messages;
      const [button, text] = row.places.get("channel");
      button.element.hidden = !row.isAskable;
      text.element.hidden = row.isAskable;
    }
    fill(row.places, channelAges(channel, nowMs));
  }

  #remove(key) {
    this.rows.get(key).element.remove();
    this.rows.delete(key);
  }

  #hide(row) {
    const isHidden = !matches(this.words, row);
    if (row.element.hidden !== isHidden) row.element.hidden = isHidden;
  }

  #sortBy(column) {
    this.order.choose(column);
    for (const header of this.headers) {
      if (header.dataset.sort !== column) header.removeAttribute("aria-sort");
      else header.ariaSort = this.order.isAscending ? "ascending" : "descending";
    }
    this.#arrange(false);
  }

  #arrange(isNew) {
    if (!this.order.sort(this.sorted) && !isNew) return;
    // A row that moves loses the focus.
    const focused = document.activeElement;
    this.body.replaceChildren(...this.sorted.map(({ element }) => element));
    if (focused !== document.activeElement) focused.focus({ preventScroll: true });
  }

  #takeFilter(input) {
    input.closest("label").hidden = false;
    input.addEventListener("input", () => {
      this.words = wordsOf(input.value);
      for (const row of this.rows.values()) this.#hide(row);
      this.#count();
    });
  }

  #count() {
    const all = count(this.rows.size);
    const seen = this.sorted.filter(({ element }) => !element.hidden).length;
    const text = this.words.length ? `${count(seen)} of ${all}` : all;
    if (this.shown.textContent !== text) this.shown.textContent = text;
    this.none.hidden = this.rows.size > 0;
    const { classList, dataset } = document.documentElement;
    classList.toggle("many-channels", this.rows.size > Number(dataset.fewChannels));
  }
}

function newRow(host, channel) {
  const element = made("channel");
  element.dataset.host = host;
  element.dataset.channel = channel.channel;
  const places = placesIn(element);
  fill(places, { channel: channel.channel, host });
  return { element, places, host, channel: null, isAskable: false };
}

// No host's name has a line feed in it that a channel's name could begin with.
function keyOf(host, channel) {
  return `${channel}\n${host}`;
}
