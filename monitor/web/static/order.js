// The order of the channels' rows, and which of them the filter shows.

import { rankOf } from "./hosts.js";

const VALUES = {
  channel: (row) => row.channel.channel,
  host: (row) => row.host,
  state: (row) => rankOf(row.channel.level),
  messages_per_s: (row) => row.channel.messages_per_s,
  last_message: (row) => row.channel.last_message_ms,
  delay: (row) => row.channel.delay_p99_s ?? -1,
  outbox: (row) => row.channel.waiting,
  gaps: (row) => row.channel.gaps,
  connects: (row) => row.channel.connects,
};

// Columns whose first click puts the smallest value first.
const SMALLEST_FIRST = new Set(["channel", "host", "state"]);

export class Order {
  constructor() {
    this.column = "state";
    this.isAscending = true;
  }

  // The same column again is the other way round.
  choose(column) {
    const isSame = column === this.column;
    this.isAscending = isSame ? !this.isAscending : SMALLEST_FIRST.has(column);
    this.column = column;
  }

  // Sorts rows in place. Returns whether their order has changed.
  sort(rows) {
    const compare = this.#comparison();
    const isSorted = rows.every((row, at) => at === 0 || compare(rows[at - 1], row) <= 0);
    if (!isSorted) rows.sort(compare);
    return !isSorted;
  }

  // Rows with equal values are in the order of their names.
  #comparison() {
    const value = VALUES[this.column];
    const direction = this.isAscending ? 1 : -1;
    return (a, b) =>
      direction * compared(value(a), value(b)) ||
      compared(a.channel.channel, b.channel.channel) ||
      compared(a.host, b.host);
  }
}

function compared(a, b) {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

// Whether each word of the filter is in the channel's name, its host, its state or its problem.
export function matches(words, { channel, host }) {
  const text = `${channel.channel} ${host} ${channel.level} ${channel.state} ${channel.problem}`;
  return words.every((word) => text.toLowerCase().includes(word));
}

export function wordsOf(filter) {
  return filter.toLowerCase().split(/\s+/).filter(Boolean);
}
