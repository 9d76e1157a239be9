from collections.abc import Sequence

import xcffib

key: xcffib.ExtensionKey[randrExtension]

class QueryVersionReply(xcffib.Reply): ...

class ModeInfo(xcffib.Struct):
    id: int
    width: int
    height: int
    @classmethod
    def synthetic(
        cls,
        id: int,
        width: int,
        height: int,
        dot_clock: int,
        hsync_start: int,
        hsync_end: int,
        htotal: int,
        hskew: int,
        vsync_start: int,
        vsync_end: int,
        vtotal: int,
        name_len: int,
        mode_flags: int,
    ) -> ModeInfo: ...

class GetScreenSizeRangeReply(xcffib.Reply):
    min_width: int
    min_height: int
    max_width: int
    max_height: int

class GetScreenResourcesCurrentReply(xcffib.Reply):
    config_timestamp: int
    crtcs: xcffib.List[int]
    outputs: xcffib.List[int]
    modes: xcffib.List[ModeInfo]

class GetOutputInfoReply(xcffib.Reply):
    crtc: int
    modes: xcffib.List[int]

class CreateModeReply(xcffib.Reply):
    mode: int

class SetCrtcConfigReply(xcffib.Reply):
    status: int

class randrExtension(xcffib.Extension):
    def QueryVersion(self, major_version: int, minor_version: int) -> xcffib.Cookie[QueryVersionReply]: ...
    def GetScreenSizeRange(self, window: int) -> xcffib.Cookie[GetScreenSizeRangeReply]: ...
    def GetScreenResourcesCurrent(self, window: int) -> xcffib.Cookie[GetScreenResourcesCurrentReply]: ...
    def GetOutputInfo(self, output: int, config_timestamp: int) -> xcffib.Cookie[GetOutputInfoReply]: ...
    def CreateMode(
        self, window: int, mode_info: ModeInfo, name_len: int, name: bytes
    ) -> xcffib.Cookie[CreateModeReply]: ...
    def AddOutputModeChecked(self, output: int, mode: int) -> xcffib.VoidCookie: ...
    def DeleteOutputMode(self, output: int, mode: int) -> xcffib.VoidCookie: ...
    def DestroyMode(self, mode: int) -> xcffib.VoidCookie: ...
    def SetCrtcConfig(
        self,
        crtc: int,
        timestamp: int,
        config_timestamp: int,
        x: int,
        y: int,
        mode: int,
        rotation: int,
        outputs_len: int,
        outputs: Sequence[int],
    ) -> xcffib.Cookie[SetCrtcConfigReply]: ...
    def SetScreenSizeChecked(
        self, window: int, width: int, height: int, mm_width: int, mm_height: int
    ) -> xcffib.VoidCookie: ...
