// Converts a message of tmi.js to the JSON that this service publishes.

/** Returns the JSON. `emotes` has tmi.js's form: emote ids, each with a list of "first-last". */
export function chatMessage(tags, text, username, emotes) {
  return JSON.stringify({
    channel_id: tags['room-id'],
    user_id: tags['user-id'],
    username,
    message: text,
    timestamp: Number(tags['tmi-sent-ts']),
    emotes: emoteNames(emotes, text),
  });
}

function emoteNames(emotes, text) {
  if (!emotes) return [];
  // Twitch counts code points, JavaScript counts UTF-16 code units.
  const characters = [...text];
  const uses = Object.values(emotes).flat().map((range) => range.split('-').map(Number));
  uses.sort((one, other) => one[0] - other[0]);
  return uses.map(([first, last]) => characters.slice(first, last + 1).join(''));
}
