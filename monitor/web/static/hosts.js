// The snapshots of all hosts, kept up to date with the changes that the monitor sends.

export class Hosts {
  constructor() {
    this.list = [];
  }

  get areMany() {
    return this.list.length > 1;
  }

  // Takes the snapshots of an event "all".
  replace(snapshots) {
    this.list = snapshots.map((snapshot) => {
      const channels = new Map(snapshot.channels.map((row) => [row.channel, row]));
      return { ...snapshot, channels, receivedAt: performance.now() };
    });
  }

  // Takes the changes of an event "change".
  change(changes) {
    for (const { channels, gone, history, ...fields } of changes) {
      const host = this.list.find((known) => known.host === fields.host);
      if (!host) continue;
      Object.assign(host, fields, { receivedAt: performance.now() });
      for (const row of channels) host.channels.set(row.channel, row);
      for (const name of gone) host.channels.delete(name);
      if (history) host.history = history;
    }
  }
}

// The time of a host now: its clock and the browser's need not agree.
export function nowOf(host) {
  return host.at_ms + performance.now() - host.receivedAt;
}

const RANKS = { problem: 0, warning: 1, ok: 2 };

export function rankOf(level) {
  return RANKS[level] ?? 0;
}
