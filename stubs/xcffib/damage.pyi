from typing import Final

import xcffib
from xcffib.xproto import RECTANGLE

key: xcffib.ExtensionKey[damageExtension]

class ReportLevel:
    RawRectangles: Final = 0
    DeltaRectangles: Final = 1
    BoundingBox: Final = 2
    NonEmpty: Final = 3

class BadDamageError(xcffib.Error): ...
class QueryVersionReply(xcffib.Reply): ...

class NotifyEvent(xcffib.Event):
    level: int
    drawable: int
    damage: int
    timestamp: int
    area: RECTANGLE
    geometry: RECTANGLE

class damageExtension(xcffib.Extension):
    def QueryVersion(
        self, client_major_version: int, client_minor_version: int
    ) -> xcffib.Cookie[QueryVersionReply]: ...
    def Create(self, damage: int, drawable: int, level: int) -> xcffib.VoidCookie: ...
    def Destroy(self, damage: int) -> xcffib.VoidCookie: ...
    def Subtract(self, damage: int, repair: int, parts: int) -> xcffib.VoidCookie: ...
