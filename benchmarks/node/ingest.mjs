// Publishes Twitch chat to Kafka with tmi.js and kafkajs, as such scripts are usually written.
// Usage: node ingest.mjs each|batched HOST PORT CHANNELS BROKER TOPIC [COUNT]
// CHANNELS are separated by commas. Prints "in the channel" after each join, and "confirmed" when
// Kafka has confirmed COUNT messages.

import './tls_socket.mjs';

import { Kafka } from 'kafkajs';
import tmi from 'tmi.js';

import { chatMessage } from './chat_message.mjs';

const BATCH_MESSAGES = 500;
const BATCH_MS = 100;

const [mode, server, port, channels, broker, topic, count] = process.argv.slice(2);
const producer = new Kafka({ clientId: 'ingest', brokers: [broker] }).producer();
// With `secure`, tmi.js always uses port 443. The socket in tls_socket.mjs uses TLS regardless.
const connection = { server, port: Number(port), secure: false };
const client = new tmi.Client({ connection });
let confirmed = 0;
let waiting = [];

function record(tags, text) {
  const value = chatMessage(tags, text, tags.username, tags.emotes);
  return { key: tags['room-id'], value, timestamp: tags['tmi-sent-ts'] };
}

async function send(messages) {
  await producer.send({ topic, messages });
  confirmed += messages.length;
  if (confirmed === Number(count)) console.log('confirmed');
}

function sendWaiting() {
  if (waiting.length === 0) return undefined;
  const messages = waiting;
  waiting = [];
  return send(messages);
}

const take = {
  each: (_, tags, text) => send([record(tags, text)]),
  batched(_, tags, text) {
    waiting.push(record(tags, text));
    return waiting.length >= BATCH_MESSAGES ? sendWaiting() : undefined;
  },
}[mode];

if (mode === 'batched') setInterval(sendWaiting, BATCH_MS);
client.on('message', take);
// tmi.js emits "cheer" instead of "message" for a message with bits.
client.on('cheer', take);
client.on('roomstate', () => console.log('in the channel'));
await producer.connect();
await client.connect();
// The option `channels` joins one every 0.3 s at most.
await Promise.all(channels.split(',').map((channel) => client.join(channel)));
