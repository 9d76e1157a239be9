import xcffib

key: xcffib.ExtensionKey[xfixesExtension]

class QueryVersionReply(xcffib.Reply): ...
class GetCursorImageAndNameReply(xcffib.Reply): ...

class CursorNotifyEvent(xcffib.Event):
    subtype: int
    window: int
    cursor_serial: int
    timestamp: int
    name: int

class xfixesExtension(xcffib.Extension):
    def QueryVersion(
        self, client_major_version: int, client_minor_version: int
    ) -> xcffib.Cookie[QueryVersionReply]: ...
    def SelectCursorInput(self, window: int, event_mask: int) -> xcffib.VoidCookie: ...
    def SetCursorName(self, cursor: int, nbytes: int, name: str) -> xcffib.VoidCookie: ...
    def GetCursorImageAndName(self) -> xcffib.Cookie[GetCursorImageAndNameReply]: ...
