// The last messages of one channel, in a panel that opens when its name is clicked.

import { clock, exact } from "./formats.js";
import { fill, made, placesIn } from "./places.js";

export class Messages {
  // onClose is called when the panel has closed.
  constructor(panel, onClose) {
    this.panel = panel;
    this.places = placesIn(panel);
    this.list = panel.querySelector("ol");
    this.close_button = panel.querySelector("#messages-close");
    this.onClose = onClose;
    this.wanted = null;
    this.close_button.addEventListener("click", () => this.close());
    document.addEventListener("keydown", ({ key }) => {
      if (key === "Escape" && this.wanted) this.close();
    });
  }

  open(host, channel) {
    this.wanted = { host, channel, received: null };
    this.list.replaceChildren();
    fill(this.places, { channel, problem: "Asking for them." });
    this.panel.hidden = false;
    this.close_button.focus();
  }

  close() {
    this.wanted = null;
    this.panel.hidden = true;
    this.onClose();
  }

  // Asks again when the channel has received more.
  show(hosts) {
    const wanted = this.wanted;
    if (!wanted || wanted.isAsking) return;
    const host = hosts.list.find((known) => known.host === wanted.host);
    const received = host?.channels.get(wanted.channel)?.received ?? 0;
    if (received !== wanted.received) this.#ask(wanted, received);
  }

  async #ask(wanted, received) {
    wanted.isAsking = true;
    const answer = await asked(wanted);
    wanted.isAsking = false;
    wanted.received = received;
    if (this.wanted !== wanted) return;
    fill(this.places, { problem: answer.problem });
    this.list.replaceChildren(...answer.messages.map(newMessage));
  }
}

// The messages, or the problem that prevents them.
async function asked({ host, channel }) {
  const query = new URLSearchParams({ host });
  const url = `channels/${encodeURIComponent(channel)}/messages?${query}`;
  try {
    const response = await fetch(url);
    if (!response.ok) return { messages: [], problem: await response.text() };
    const { messages } = await response.json();
    return { messages, problem: messages.length ? "" : "No message yet." };
  } catch (error) {
    return { messages: [], problem: `Cannot get the messages: ${error.message}` };
  }
}

function newMessage({ timestamp, username, message }) {
  const element = made("message");
  const time = element.querySelector("time");
  time.textContent = clock(timestamp);
  time.title = exact(timestamp);
  fill(placesIn(element), { username, message });
  return element;
}
