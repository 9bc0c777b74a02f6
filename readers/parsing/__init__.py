"""What a line of Twitch's chat says: bytes in, values out. No I/O, no clock."""
