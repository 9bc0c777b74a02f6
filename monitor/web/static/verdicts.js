// The sentence of each host, and what is wrong with what to do about it.

import { nowOf, rankOf } from "./hosts.js";
import { fill, made, placesIn, setLevel } from "./places.js";
import { sinceView } from "./views.js";

const SIGNS = { problem: "\u2715", warning: "!", ok: "\u2713" };

export class Verdicts {
  constructor(section, announcement) {
    this.section = section;
    this.announcement = announcement;
    this.verdicts = new Map();
    this.told = null;
  }

  // Makes the articles of the hosts, and removes what the server has sent.
  replace(hosts) {
    this.verdicts.clear();
    const articles = hosts.list.map((host) => {
      const element = made("verdict");
      const verdict = { element, places: placesIn(element), findings: [], known: null };
      verdict.places.get("host")[0].element.hidden = !hosts.areMany;
      this.verdicts.set(host.host, verdict);
      return element;
    });
    this.section.replaceChildren(...articles);
  }

  show(hosts) {
    for (const host of hosts.list) {
      const { element, places } = this.verdicts.get(host.host);
      setLevel(element, places, host.level);
      const view = { host: host.host, sentence: host.sentence };
      fill(places, { ...view, ...sinceView(host.since_ms, nowOf(host)) });
      this.#showFindings(host);
    }
    this.#announce(hosts);
  }

  #showFindings(host) {
    const verdict = this.verdicts.get(host.host);
    const known = JSON.stringify(host.findings) + host.sentence;
    if (verdict.known !== known) {
      verdict.known = known;
      verdict.findings = host.findings.map((finding) => newFinding(finding, host.sentence));
      const list = verdict.element.querySelector(".findings");
      list.replaceChildren(...verdict.findings.map(({ element }) => element));
    }
    for (const { places, finding } of verdict.findings) {
      fill(places, sinceView(finding.since_ms, nowOf(host)));
    }
  }

  // A screen reader says what is wrong when that changes, not each second's figures.
  #announce(hosts) {
    const wrong = hosts.list.flatMap((host) => host.findings.map(({ text }) => text));
    const told = hosts.list.map(({ level }) => level).concat(wrong).join("\n");
    if (this.told !== null && this.told !== told) {
      this.announcement.textContent = hosts.list.map(({ sentence }) => sentence).join(". ");
    }
    this.told = told;
  }
}

function newFinding(finding, sentence) {
  const element = made("finding");
  const places = placesIn(element);
  setLevel(element, places, finding.level);
  fill(places, { text: finding.text });
  places.get("advice")[0].element.replaceChildren(...withCode(finding.advice));
  places.get("text")[0].element.hidden = sentence.includes(finding.text);
  return { element, places, finding };
}

// Commands are between backquotes.
function withCode(text) {
  return text.split("`").map((part, index) => {
    if (index % 2 === 0) return part;
    const code = document.createElement("code");
    code.textContent = part;
    return code;
  });
}

// The worst sentence: the tab of a browser shows its beginning.
export function titleOf(hosts, isLost) {
  if (isLost) return "? no connection to the monitor | Twitch ingestion";
  const [worst] = [...hosts.list].sort((a, b) => rankOf(a.level) - rankOf(b.level));
  return worst ? `${SIGNS[worst.level]} ${worst.sentence} | Twitch ingestion` : "Twitch ingestion";
}
