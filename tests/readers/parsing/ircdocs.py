"""
The lines and sources of the ircdocs parser tests, which are for parsers in any language.

From https://github.com/ircdocs/parser-tests (msg-split, msg-join and userhost-split), by Daniel
Oaks and others, in the public domain (CC0 1.0).
"""

from __future__ import annotations

#: A line, and its unescaped tags, source, command and parameters.
LINES: list[tuple[str, dict[str, str], str, str, list[str]]] = [
    ("foo bar baz asdf", {}, "", "foo", ["bar", "baz", "asdf"]),
    (":coolguy foo bar baz asdf", {}, "coolguy", "foo", ["bar", "baz", "asdf"]),
    ("foo bar baz :asdf quux", {}, "", "foo", ["bar", "baz", "asdf quux"]),
    ("foo bar baz :", {}, "", "foo", ["bar", "baz", ""]),
    ("foo bar baz ::asdf", {}, "", "foo", ["bar", "baz", ":asdf"]),
    (":coolguy foo bar baz :asdf quux", {}, "coolguy", "foo", ["bar", "baz", "asdf quux"]),
    (":coolguy foo bar baz :  asdf quux ", {}, "coolguy", "foo", ["bar", "baz", "  asdf quux "]),
    (":coolguy PRIVMSG bar :lol :) ", {}, "coolguy", "PRIVMSG", ["bar", "lol :) "]),
    (":coolguy foo bar baz :", {}, "coolguy", "foo", ["bar", "baz", ""]),
    (":coolguy foo bar baz :  ", {}, "coolguy", "foo", ["bar", "baz", "  "]),
    ("@a=b;c=32;k;rt=ql7 foo", {"a": "b", "c": "32", "k": "", "rt": "ql7"}, "", "foo", []),
    (
        "@a=b\\\\and\\nk;c=72\\s45;d=gh\\:764 foo",
        {"a": "b\\and\nk", "c": "72 45", "d": "gh;764"},
        "",
        "foo",
        [],
    ),
    ("@c;h=;a=b :quux ab cd", {"c": "", "h": "", "a": "b"}, "quux", "ab", ["cd"]),
    (":src JOIN #chan", {}, "src", "JOIN", ["#chan"]),
    (":src JOIN :#chan", {}, "src", "JOIN", ["#chan"]),
    (":src AWAY", {}, "src", "AWAY", []),
    (":src AWAY ", {}, "src", "AWAY", []),
    (":cool\tguy foo bar baz", {}, "cool\tguy", "foo", ["bar", "baz"]),
    (
        ":coolguy!ag@net\x035w\x03ork.admin PRIVMSG foo :bar baz",
        {},
        "coolguy!ag@net\x035w\x03ork.admin",
        "PRIVMSG",
        ["foo", "bar baz"],
    ),
    (
        ":coolguy!~ag@n\x02et\x0305w\x0fork.admin PRIVMSG foo :bar baz",
        {},
        "coolguy!~ag@n\x02et\x0305w\x0fork.admin",
        "PRIVMSG",
        ["foo", "bar baz"],
    ),
    (
        "@tag1=value1;tag2;vendor1/tag3=value2;vendor2/tag4= :irc.example.com COMMAND param1 param2"
        " :param3 param3",
        {"tag1": "value1", "tag2": "", "vendor1/tag3": "value2", "vendor2/tag4": ""},
        "irc.example.com",
        "COMMAND",
        ["param1", "param2", "param3 param3"],
    ),
    (
        ":irc.example.com COMMAND param1 param2 :param3 param3",
        {},
        "irc.example.com",
        "COMMAND",
        ["param1", "param2", "param3 param3"],
    ),
    (
        "@tag1=value1;tag2;vendor1/tag3=value2;vendor2/tag4 COMMAND param1 param2 :param3 param3",
        {"tag1": "value1", "tag2": "", "vendor1/tag3": "value2", "vendor2/tag4": ""},
        "",
        "COMMAND",
        ["param1", "param2", "param3 param3"],
    ),
    ("COMMAND", {}, "", "COMMAND", []),
    ("@foo=\\\\\\\\\\:\\\\s\\s\\r\\n COMMAND", {"foo": "\\\\;\\s \r\n"}, "", "COMMAND", []),
    (
        ":gravel.mozilla.org 432  #momo :Erroneous Nickname: Illegal characters",
        {},
        "gravel.mozilla.org",
        "432",
        ["#momo", "Erroneous Nickname: Illegal characters"],
    ),
    (":gravel.mozilla.org MODE #tckk +n ", {}, "gravel.mozilla.org", "MODE", ["#tckk", "+n"]),
    (
        ":services.esper.net MODE #foo-bar +o foobar  ",
        {},
        "services.esper.net",
        "MODE",
        ["#foo-bar", "+o", "foobar"],
    ),
    ("@tag1=value\\\\ntest COMMAND", {"tag1": "value\\ntest"}, "", "COMMAND", []),
    ("@tag1=value\\1 COMMAND", {"tag1": "value1"}, "", "COMMAND", []),
    ("@tag1=value1\\ COMMAND", {"tag1": "value1"}, "", "COMMAND", []),
    (
        "@tag1=1;tag2=3;tag3=4;tag1=5 COMMAND",
        {"tag1": "5", "tag2": "3", "tag3": "4"},
        "",
        "COMMAND",
        [],
    ),
    (
        "@tag1=1;tag2=3;tag3=4;tag1=5;vendor/tag2=8 COMMAND",
        {"tag1": "5", "tag2": "3", "tag3": "4", "vendor/tag2": "8"},
        "",
        "COMMAND",
        [],
    ),
    (":SomeOp MODE #channel :+i", {}, "SomeOp", "MODE", ["#channel", "+i"]),
    (
        ":SomeOp MODE #channel +oo SomeUser :AnotherUser",
        {},
        "SomeOp",
        "MODE",
        ["#channel", "+oo", "SomeUser", "AnotherUser"],
    ),
    ("foo bar baz :asdf", {}, "", "foo", ["bar", "baz", "asdf"]),
    (":src AWAY :", {}, "src", "AWAY", [""]),
    (":coolguy foo bar baz :asdf", {}, "coolguy", "foo", ["bar", "baz", "asdf"]),
    (":coolguy foo b\tar baz", {}, "coolguy", "foo", ["b\tar", "baz"]),
    (":coolguy foo b\tar :baz", {}, "coolguy", "foo", ["b\tar", "baz"]),
    ("@asd :coolguy foo bar baz :  ", {"asd": ""}, "coolguy", "foo", ["bar", "baz", "  "]),
    ("@asd= :coolguy foo bar baz :  ", {"asd": ""}, "coolguy", "foo", ["bar", "baz", "  "]),
    ("@a=b\\\\and\\nk;d=gh\\:764 foo", {"a": "b\\and\nk", "d": "gh;764"}, "", "foo", []),
    ("@d=gh\\:764;a=b\\\\and\\nk foo", {"a": "b\\and\nk", "d": "gh;764"}, "", "foo", []),
    (
        "@a=b\\\\and\\nk;d=gh\\:764 foo par1 par2",
        {"a": "b\\and\nk", "d": "gh;764"},
        "",
        "foo",
        ["par1", "par2"],
    ),
    (
        "@a=b\\\\and\\nk;d=gh\\:764 foo par1 :par2",
        {"a": "b\\and\nk", "d": "gh;764"},
        "",
        "foo",
        ["par1", "par2"],
    ),
    (
        "@d=gh\\:764;a=b\\\\and\\nk foo par1 par2",
        {"a": "b\\and\nk", "d": "gh;764"},
        "",
        "foo",
        ["par1", "par2"],
    ),
    (
        "@d=gh\\:764;a=b\\\\and\\nk foo par1 :par2",
        {"a": "b\\and\nk", "d": "gh;764"},
        "",
        "foo",
        ["par1", "par2"],
    ),
]

#: A source and the nick in it.
NICKS: list[tuple[str, str]] = [
    ("coolguy", "coolguy"),
    ("coolguy!ag@127.0.0.1", "coolguy"),
    ("coolguy!~ag@localhost", "coolguy"),
    ("coolguy@127.0.0.1", "coolguy"),
    ("coolguy!ag", "coolguy"),
    ("coolguy!ag@net\x035w\x03ork.admin", "coolguy"),
    ("coolguy!~ag@n\x02et\x0305w\x0fork.admin", "coolguy"),
]
