// What the page shows of a snapshot: for each place, a text or a text with the exact time that it
// stands for. views.py makes the same texts on the server.

import { NONE, ago, count, delay, duration, lasting, rate, size } from "./formats.js";

const moment = (timeMs, nowMs) => ({ text: ago(timeMs, nowMs), timeMs });
const since = (timeMs, nowMs) => ({ text: lasting(timeMs, nowMs), timeMs });

export function sinceView(sinceMs, nowMs) {
  return { since: since(sinceMs, nowMs) };
}

// The texts that only a new row of figures changes.
export function channelView(channel) {
  return {
    state: { text: channel.state, timeMs: channel.state_since_ms },
    problem: channelProblem(channel),
    messages_per_s: rate(channel.messages_per_s),
    delay: delays(channel),
    outbox: channel.waiting ? `${count(channel.waiting)} (${size(channel.outbox_bytes)})` : "empty",
    gaps: channel.gaps ? `${count(channel.gaps)} (${duration(channel.gap_ms)})` : "0",
    connects: count(channel.connects),
  };
}

// The texts that time alone changes.
export function channelAges(channel, nowMs) {
  return { last_message: moment(channel.last_message_ms, nowMs) };
}

function channelProblem(channel) {
  const dropped = channel.dropped ? `${count(channel.dropped)} messages lost` : "";
  return [channel.problem, dropped].filter(Boolean).join("; ");
}

function delays({ delay_p50_s: p50, delay_p99_s: p99 }) {
  return p50 === null && p99 === null ? NONE : `${delay(p50)} / ${delay(p99)}`;
}

export function publisherView(publisher, nowMs) {
  const isReachable = publisher.kafka_is_reachable;
  const isKnown = isReachable !== null;
  // It is known with the first figures of Kafka's client.
  const limit = publisher.queue_limit_messages;
  const oldestMs = publisher.unconfirmed && publisher.oldest_unconfirmed_ms;
  const oldest = oldestMs ? `, the oldest taken ${ago(oldestMs, nowMs)}` : "";
  return {
    problem: publisher.problem,
    state: publisher.state,
    state_since: since(publisher.state_since_ms, nowMs),
    session: publisher.session || NONE,
    kafka: isKnown ? (isReachable ? "reachable" : "not reachable") : "not known",
    kafka_since: since(isKnown ? publisher.kafka_since_ms : 0, nowMs),
    brokers: publisher.kafka_brokers.replaceAll(",", ", ") || NONE,
    queue: limit ? `${count(publisher.queue_messages)} of ${count(limit)}` : NONE,
    unconfirmed: count(publisher.unconfirmed) + oldest,
    published: `${count(publisher.published)} (${rate(publisher.published_per_s)}/s)`,
    delivery: publisher.delivery || NONE,
    duplicates: count(publisher.duplicates),
    dead_letters: count(publisher.dead_letters),
    delay: delays(publisher),
    readers: count(publisher.readers),
  };
}

export function loginView(login, nowMs) {
  // auth that cannot read the login does not know whether there is one.
  const none = login.problem ? "not known" : "none: readers are anonymous";
  const invalid = login.login ? "not valid" : login.problem ? NONE : "not needed";
  return {
    problem: login.problem,
    login: login.login || none,
    validity: login.is_valid ? "valid" : invalid,
    expires: login.expires_ms > 0 ? moment(login.expires_ms, nowMs) : NONE,
  };
}

export function gapView(gap) {
  return {
    channel: gap.channel,
    length: duration(gap.to_ms - gap.from_ms),
    reason: gap.reason,
  };
}

export function gapAges(gap, nowMs) {
  return { ended: moment(gap.to_ms, nowMs) };
}
