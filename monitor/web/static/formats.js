// Numbers, sizes and times as texts. formats.py does the same on the server.

export const NONE = "\u2013";

const S = 1000;
const MINUTE = 60 * S;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export function count(number) {
  return number < 1000 ? String(number) : String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}

// One digit after the point below 10, if it is not 0.
export function rate(perS) {
  const tenths = Math.round(perS * 10);
  return tenths < 100 && tenths % 10 ? String(tenths / 10) : count(Math.round(perS));
}

export function size(bytes) {
  let value = bytes;
  let unit = "B";
  for (const larger of ["KiB", "MiB", "GiB"]) {
    if (value < 1024) break;
    value /= 1024;
    unit = larger;
  }
  return `${rate(value)} ${unit}`;
}

export function delay(seconds) {
  if (seconds === null) return NONE;
  if (seconds < 1) return `${Math.round(seconds * S)} ms`;
  if (seconds < 60) return `${rate(seconds)} s`;
  return duration(Math.round(seconds * S));
}

export function duration(milliseconds) {
  const value = Math.max(0, milliseconds);
  const whole = (length, of = value) => Math.floor(of / length);
  if (value < S) return `${Math.floor(value)} ms`;
  if (value < MINUTE) return `${whole(S)} s`;
  if (value < HOUR) return `${whole(MINUTE)} min ${whole(S, value % MINUTE)} s`;
  if (value < DAY) return `${whole(HOUR)} h ${whole(MINUTE, value % HOUR)} min`;
  return `${whole(DAY)} d ${whole(HOUR, value % DAY)} h`;
}

// How long before nowMs the Unix time timeMs was.
export function ago(timeMs, nowMs) {
  if (timeMs <= 0) return "never";
  const passed = nowMs - timeMs;
  if (passed < -S) return `in ${duration(-passed)}`;
  return passed < S ? "now" : `${largestUnit(passed)} ago`;
}

export function lasting(sinceMs, nowMs) {
  return sinceMs > 0 ? `for ${largestUnit(Math.max(0, nowMs - sinceMs))}` : "";
}

function largestUnit(milliseconds) {
  if (milliseconds < MINUTE) return `${Math.floor(milliseconds / S)} s`;
  if (milliseconds < HOUR) return `${Math.floor(milliseconds / MINUTE)} min`;
  if (milliseconds < 2 * DAY) return `${Math.floor(milliseconds / HOUR)} h`;
  return `${Math.floor(milliseconds / DAY)} days`;
}

// In the time zone of the browser, which the server does not know.
export function exact(timeMs) {
  const moment = new Date(timeMs);
  if (timeMs <= 0 || Number.isNaN(moment.getTime())) return "";
  const date = [moment.getFullYear(), two(moment.getMonth() + 1), two(moment.getDate())];
  return `${date.join("-")} ${clock(timeMs)}`;
}

export function clock(timeMs) {
  const moment = new Date(timeMs);
  return [moment.getHours(), moment.getMinutes(), moment.getSeconds()].map(two).join(":");
}

function two(number) {
  return String(number).padStart(2, "0");
}
