"""The packet table: every packet and capability as a typed declaration (sans-IO).

`SUBJECTS` lists the modules that declare packets: one file and one line here add a subject. They are imported when
the first name that `handshake` does not know is looked up, so that one-shot commands stay quick;
`limpet.packets.registry.packets.load_all()` imports them at once.
"""

SUBJECTS = (
    "handshake",
    "window",
    "window_client",
    "draw",
    "pointer",
    "keyboard",
    "cursor",
    "clipboard",
    "display",
    "control",
    "info",
    "notification",
    "file",
    "audio",
)
