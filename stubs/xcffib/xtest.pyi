import xcffib

key: xcffib.ExtensionKey[xtestExtension]

class GetVersionReply(xcffib.Reply): ...

class xtestExtension(xcffib.Extension):
    def GetVersion(self, major_version: int, minor_version: int) -> xcffib.Cookie[GetVersionReply]: ...
    def FakeInput(
        self, type: int, detail: int, time: int, root: int, rootX: int, rootY: int, deviceid: int
    ) -> xcffib.VoidCookie: ...
