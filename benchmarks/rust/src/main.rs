//! Measures one parser and prints the ns per line. Usage: parse NAME FILE
//! FILE holds lines that end in CR LF. The parser gets the bytes of one line at a time.

use std::hint::black_box;
use std::str::from_utf8;
use std::time::Instant;

use tmi::IrcMessageRef;
use twitch_irc::message::IRCMessage;

fn time(lines: &[&[u8]], parse: impl Fn(&str) -> bool) -> f64 {
    let started = Instant::now();
    for line in lines {
        assert!(parse(from_utf8(line).unwrap()), "not parsed: {line:?}");
    }
    started.elapsed().as_nanos() as f64 / lines.len() as f64
}

fn main() {
    let [_, name, file] = &std::env::args().collect::<Vec<_>>()[..] else {
        panic!("usage: parse NAME FILE");
    };
    let bytes = std::fs::read(file).unwrap();
    let text = from_utf8(&bytes).unwrap();
    let lines: Vec<&[u8]> = text.split_terminator("\r\n").map(str::as_bytes).collect();
    let ns = match name.as_str() {
        "tmi-rs" => time(&lines, |line| black_box(IrcMessageRef::parse(line)).is_some()),
        "twitch-irc-rs" => time(&lines, |line| black_box(IRCMessage::parse(line)).is_ok()),
        _ => panic!("there is no parser \"{name}\""),
    };
    println!("{ns}");
}
