// Measures one parser and prints the ns per line. Usage: node parse.mjs NAME tags|JSON FILE
// FILE holds lines that end in CR LF. The parser gets the bytes of one line at a time.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { parse as parseIrc } from '@tmi.js/irc-parser';
import { parseMessage } from 'ircv3';

import { chatMessage } from './chat_message.mjs';

// tmi.js does not export its parser.
const tmi = createRequire(import.meta.url)('tmi.js/lib/parser.js');

function tmiToJson(line) {
  const { tags, params, prefix } = tmi.msg(line);
  return chatMessage(tags, params[1], prefix.split('!')[0], tmi.emotes(tags).emotes);
}

const parsers = {
  tags: { 'tmi.js': tmi.msg, '@tmi.js/irc-parser': parseIrc, ircv3: parseMessage },
  JSON: { 'tmi.js': tmiToJson },
};

function pass(parse, lines) {
  const started = process.hrtime.bigint();
  for (const line of lines) {
    if (!parse(line.toString('utf8'))) throw new Error(`not parsed: ${line}`);
  }
  return Number(process.hrtime.bigint() - started) / lines.length;
}

const [name, to, file] = process.argv.slice(2);
const parser = parsers[to][name];
const text = readFileSync(file, 'utf8');
const lines = text.split('\r\n').slice(0, -1).map((line) => Buffer.from(line));
// V8 compiles during the first pass, which is not measured.
pass(parser, lines);
console.log(pass(parser, lines));
