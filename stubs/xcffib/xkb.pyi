from collections.abc import Sequence

import xcffib

key: xcffib.ExtensionKey[xkbExtension]

class UseExtensionReply(xcffib.Reply):
    supported: int

class NewKeyboardNotifyEvent(xcffib.Event): ...

class xkbExtension(xcffib.Extension):
    def UseExtension(self, wantedMajor: int, wantedMinor: int) -> xcffib.Cookie[UseExtensionReply]: ...
    def SelectEvents(
        self,
        deviceSpec: int,
        affectWhich: int,
        clear: int,
        selectAll: int,
        affectMap: int,
        map: int,
        details: Sequence[int],
    ) -> xcffib.VoidCookie: ...
