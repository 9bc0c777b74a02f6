// Keeps the live page up to date: its parts are filled from the snapshots that the monitor sends.

import { Blocks } from "./blocks.js";
import { Channels } from "./channels.js";
import { connect, showConnection } from "./connection.js";
import { Gaps } from "./gaps.js";
import { Hosts } from "./hosts.js";
import { Messages } from "./messages.js";
import { Histories } from "./sparklines.js";
import { Verdicts, titleOf } from "./verdicts.js";
import { loginView, publisherView } from "./views.js";

const byId = (id) => document.getElementById(id);

const hosts = new Hosts();
const verdicts = new Verdicts(byId("verdicts"), byId("announcement"));
const channels = new Channels(byId("channels"), open);
const publishers = new Blocks(byId("publisher"), "publisher", publisherView);
const logins = new Blocks(byId("login"), "login", loginView);
const histories = new Histories(byId("history"));
const gaps = new Gaps(byId("gaps"));
const messages = new Messages(byId("messages"), closed);
const parts = [verdicts, channels, publishers, logins, histories, gaps, messages];
const signs = { state: byId("connection"), lost: byId("lost") };

function open(host, channel) {
  channels.choose(host, channel);
  messages.open(host, channel);
  messages.show(hosts);
}

function closed() {
  channels.focusChosen();
  channels.choose("", "");
}

function replaceAll(snapshots) {
  hosts.replace(snapshots);
  document.documentElement.classList.toggle("many-hosts", hosts.areMany);
  for (const part of [verdicts, publishers, logins, histories]) part.replace(hosts);
  show();
}

function change(changes) {
  hosts.change(changes);
  show();
}

function show() {
  showState();
  showParts();
}

// Before the first event, what the server has sent stays. What nobody sees is filled when the tab is
// shown again.
function showParts() {
  if (hosts.list.length && !document.hidden) for (const part of parts) part.show(hosts);
}

function showState() {
  showConnection(connection, signs);
  const title = titleOf(hosts, connection.isLost);
  if (document.title !== title) document.title = title;
}

const connection = connect(replaceAll, change);
document.addEventListener("visibilitychange", showParts);
// Without events, figures grow old.
setInterval(() => {
  connection.check();
  if (connection.isLost) show();
}, 1000);
