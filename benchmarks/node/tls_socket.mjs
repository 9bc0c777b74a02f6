// Replaces the WebSocket of tmi.js by IRC over plain TLS, which the simulated Twitch uses. tmi.js
// then has no WebSocket framing to do. Import this before tmi.js.

import { connect } from 'node:tls';

class TlsSocket {
  readyState = 0;

  constructor(url) {
    const { hostname, port } = new URL(url);
    let rest = '';
    this.socket = connect({ host: hostname, port: Number(port) });
    this.socket.setEncoding('utf8');
    this.socket.on('secureConnect', () => {
      this.readyState = 1;
      this.onopen();
    });
    this.socket.on('data', (chunk) => {
      const end = chunk.lastIndexOf('\r\n');
      if (end < 0) {
        rest += chunk;
        return;
      }
      // tmi.js needs complete lines.
      this.onmessage({ data: rest + chunk.slice(0, end) });
      rest = chunk.slice(end + 2);
    });
    this.socket.on('error', (error) => this.onerror(error));
    this.socket.on('close', () => {
      this.readyState = 3;
      this.onclose();
    });
  }

  send(line) {
    this.socket.write(`${line}\r\n`);
  }

  close() {
    this.socket.end();
  }
}

globalThis.WebSocket = TlsSocket;
