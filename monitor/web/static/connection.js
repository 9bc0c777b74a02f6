// The stream of events from the monitor, and what the page says while there is none.

import { clock, duration } from "./formats.js";

// The monitor sends something each second.
const SILENCE_MS = 5000;
const PAUSE_MS = 3000;

// Calls onAll and onChange with the hosts of each event, and goes on trying for ever.
export function connect(onAll, onChange) {
  const connection = { receivedAt: performance.now(), receivedMs: Date.now(), isLost: false };
  let stream = null;
  const receive = (use) => (event) => {
    connection.receivedAt = performance.now();
    connection.receivedMs = Date.now();
    connection.isLost = false;
    use(JSON.parse(event.data).hosts);
  };
  const open = () => {
    connection.openedAt = performance.now();
    stream = new EventSource("events");
    stream.addEventListener("all", receive(onAll));
    stream.addEventListener("change", receive(onChange));
    stream.addEventListener("error", () => {
      connection.isLost = true;
      // A browser tries again by itself, except after a response that is no stream of events.
      if (stream.readyState === EventSource.CLOSED) setTimeout(open, PAUSE_MS);
    });
  };
  // A connection that broke without an end, as when a laptop slept.
  connection.check = () => {
    const now = performance.now();
    const age = now - connection.receivedAt;
    if (age > SILENCE_MS) connection.isLost = true;
    const isSilent = age > SILENCE_MS && now - connection.openedAt > 2 * SILENCE_MS;
    if (isSilent && stream.readyState === EventSource.OPEN) {
      stream.close();
      open();
    }
  };
  open();
  return connection;
}

// Shows whether the figures are live. lost is read out, so its text stays the same meanwhile.
export function showConnection(connection, { state, lost }) {
  const at = clock(connection.receivedMs);
  const age = performance.now() - connection.receivedAt;
  document.documentElement.classList.toggle("is-lost", connection.isLost);
  state.dataset.state = connection.isLost ? "lost" : "live";
  state.textContent = connection.isLost ? `figures are ${duration(age)} old` : `live, ${at}`;
  if (lost.hidden !== connection.isLost) return;
  lost.textContent = `The connection to the monitor is lost. All figures are from ${at}. Trying again.`;
  lost.hidden = !connection.isLost;
}
