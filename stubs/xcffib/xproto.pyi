from collections.abc import Sequence
from typing import Final, TypeAlias

import xcffib

_Buffer: TypeAlias = bytes | bytearray | memoryview

class Atom:
    Any: Final = 0
    STRING: Final = 31
    WM_NAME: Final = 39
    WM_NORMAL_HINTS: Final = 40
    WM_SIZE_HINTS: Final = 41

class Time:
    CurrentTime: Final = 0

class ModMask:
    Shift: Final = 1
    Lock: Final = 2
    Control: Final = 4
    Any: Final = 32768

class CW:
    BackPixmap: Final = 1
    BackPixel: Final = 2
    BorderPixel: Final = 8
    OverrideRedirect: Final = 512
    EventMask: Final = 2048
    Colormap: Final = 8192
    Cursor: Final = 16384

class EventMask:
    NoEvent: Final = 0
    KeyPress: Final = 1
    KeyRelease: Final = 2
    ButtonPress: Final = 4
    ButtonRelease: Final = 8
    PointerMotion: Final = 64
    Exposure: Final = 32768
    StructureNotify: Final = 131072
    SubstructureNotify: Final = 524288
    SubstructureRedirect: Final = 1048576
    FocusChange: Final = 2097152
    PropertyChange: Final = 4194304

class ConfigWindow:
    X: Final = 1
    Y: Final = 2
    Width: Final = 4
    Height: Final = 8
    BorderWidth: Final = 16
    Sibling: Final = 32
    StackMode: Final = 64

class StackMode:
    Above: Final = 0
    Below: Final = 1

class Place:
    OnTop: Final = 0
    OnBottom: Final = 1

class WindowClass:
    CopyFromParent: Final = 0
    InputOutput: Final = 1
    InputOnly: Final = 2

class MapState:
    Unmapped: Final = 0
    Unviewable: Final = 1
    Viewable: Final = 2

class PropMode:
    Replace: Final = 0
    Prepend: Final = 1
    Append: Final = 2

class GetPropertyType:
    Any: Final = 0

class GC:
    Foreground: Final = 4

class ImageFormat:
    ZPixmap: Final = 2

class InputFocus:
    _None: Final = 0
    PointerRoot: Final = 1

class WindowError(xcffib.Error): ...
class DrawableError(xcffib.Error): ...
class PixmapError(xcffib.Error): ...
class MatchError(xcffib.Error): ...
class IDChoiceError(xcffib.Error): ...

class VISUALTYPE(xcffib.Struct):
    visual_id: int

class DEPTH(xcffib.Struct):
    depth: int
    visuals: xcffib.List[VISUALTYPE]

class SCREEN(xcffib.Struct):
    root: int
    root_visual: int
    root_depth: int
    black_pixel: int
    white_pixel: int
    width_in_pixels: int
    height_in_pixels: int
    width_in_millimeters: int
    height_in_millimeters: int
    allowed_depths: xcffib.List[DEPTH]

class Setup(xcffib.Struct):
    min_keycode: int
    max_keycode: int
    roots: xcffib.List[SCREEN]

class RECTANGLE(xcffib.Struct):
    x: int
    y: int
    width: int
    height: int
    @classmethod
    def synthetic(cls, x: int, y: int, width: int, height: int) -> RECTANGLE: ...

class ClientMessageData:
    data32: Sequence[int]

class MapRequestEvent(xcffib.Event):
    parent: int
    window: int

class MapNotifyEvent(xcffib.Event):
    event: int
    window: int
    override_redirect: int

class UnmapNotifyEvent(xcffib.Event):
    event: int
    window: int

class DestroyNotifyEvent(xcffib.Event):
    event: int
    window: int

class ReparentNotifyEvent(xcffib.Event):
    event: int
    window: int
    parent: int
    override_redirect: int

class ConfigureRequestEvent(xcffib.Event):
    stack_mode: int
    parent: int
    window: int
    sibling: int
    x: int
    y: int
    width: int
    height: int
    border_width: int
    value_mask: int

class ConfigureNotifyEvent(xcffib.Event):
    event: int
    window: int
    above_sibling: int
    x: int
    y: int
    width: int
    height: int
    border_width: int
    override_redirect: int

class CirculateRequestEvent(xcffib.Event):
    event: int
    window: int
    place: int

class PropertyNotifyEvent(xcffib.Event):
    window: int
    atom: int
    time: int
    state: int

class ClientMessageEvent(xcffib.Event):
    format: int
    window: int
    type: int
    data: ClientMessageData

class MappingNotifyEvent(xcffib.Event):
    request: int
    first_keycode: int
    count: int

class _InputEvent(xcffib.Event):
    detail: int
    state: int
    event: int
    event_x: int
    event_y: int

class KeyPressEvent(_InputEvent): ...
class KeyReleaseEvent(_InputEvent): ...
class ButtonPressEvent(_InputEvent): ...
class ButtonReleaseEvent(_InputEvent): ...

class MotionNotifyEvent(xcffib.Event):
    event: int
    root_x: int
    root_y: int
    state: int

class GetWindowAttributesReply(xcffib.Reply):
    _class: int
    map_state: int
    override_redirect: int
    your_event_mask: int
    all_event_masks: int

class GetGeometryReply(xcffib.Reply):
    depth: int
    root: int
    x: int
    y: int
    width: int
    height: int
    border_width: int

class QueryTreeReply(xcffib.Reply):
    root: int
    parent: int
    children: xcffib.List[int]

class InternAtomReply(xcffib.Reply):
    atom: int

class GetAtomNameReply(xcffib.Reply): ...

class GetPropertyReply(xcffib.Reply):
    format: int
    type: int
    bytes_after: int
    value: xcffib.List[int]

class GetSelectionOwnerReply(xcffib.Reply):
    owner: int

class GetInputFocusReply(xcffib.Reply):
    revert_to: int
    focus: int

class GetImageReply(xcffib.Reply):
    depth: int
    data: xcffib.List[int]

class QueryPointerReply(xcffib.Reply):
    root_x: int
    root_y: int
    mask: int

class TranslateCoordinatesReply(xcffib.Reply):
    dst_x: int
    dst_y: int

class QueryKeymapReply(xcffib.Reply):
    keys: xcffib.List[int]

class GetKeyboardMappingReply(xcffib.Reply):
    keysyms_per_keycode: int
    keysyms: xcffib.List[int]

class GetModifierMappingReply(xcffib.Reply):
    keycodes_per_modifier: int
    keycodes: xcffib.List[int]

class xprotoExtension(xcffib.Extension):
    def CreateWindow(
        self,
        depth: int,
        wid: int,
        parent: int,
        x: int,
        y: int,
        width: int,
        height: int,
        border_width: int,
        _class: int,
        visual: int,
        value_mask: int,
        value_list: list[int],
    ) -> xcffib.VoidCookie: ...
    def ClearArea(self, exposures: bool, window: int, x: int, y: int, width: int, height: int) -> xcffib.VoidCookie: ...
    def ChangeWindowAttributes(self, window: int, value_mask: int, value_list: list[int]) -> xcffib.VoidCookie: ...
    def ChangeWindowAttributesChecked(
        self, window: int, value_mask: int, value_list: list[int]
    ) -> xcffib.VoidCookie: ...
    def GetWindowAttributes(self, window: int) -> xcffib.Cookie[GetWindowAttributesReply]: ...
    def DestroyWindow(self, window: int) -> xcffib.VoidCookie: ...
    def ReparentWindow(self, window: int, parent: int, x: int, y: int) -> xcffib.VoidCookie: ...
    def MapWindow(self, window: int) -> xcffib.VoidCookie: ...
    def UnmapWindow(self, window: int) -> xcffib.VoidCookie: ...
    def ConfigureWindow(self, window: int, value_mask: int, value_list: list[int]) -> xcffib.VoidCookie: ...
    def CirculateWindow(self, direction: int, window: int) -> xcffib.VoidCookie: ...
    def GetGeometry(self, drawable: int) -> xcffib.Cookie[GetGeometryReply]: ...
    def QueryTree(self, window: int) -> xcffib.Cookie[QueryTreeReply]: ...
    def InternAtom(self, only_if_exists: bool, name_len: int, name: str) -> xcffib.Cookie[InternAtomReply]: ...
    def GetAtomName(self, atom: int) -> xcffib.Cookie[GetAtomNameReply]: ...
    def ChangeProperty(
        self, mode: int, window: int, property: int, type: int, format: int, data_len: int, data: bytes
    ) -> xcffib.VoidCookie: ...
    def DeleteProperty(self, window: int, property: int) -> xcffib.VoidCookie: ...
    def GetProperty(
        self, delete: bool, window: int, property: int, type: int, long_offset: int, long_length: int
    ) -> xcffib.Cookie[GetPropertyReply]: ...
    def SetSelectionOwner(self, owner: int, selection: int, time: int) -> xcffib.VoidCookie: ...
    def GetSelectionOwner(self, selection: int) -> xcffib.Cookie[GetSelectionOwnerReply]: ...
    def SendEvent(self, propagate: bool, destination: int, event_mask: int, event: bytes) -> xcffib.VoidCookie: ...
    def QueryPointer(self, window: int) -> xcffib.Cookie[QueryPointerReply]: ...
    def TranslateCoordinates(
        self, src_window: int, dst_window: int, src_x: int, src_y: int
    ) -> xcffib.Cookie[TranslateCoordinatesReply]: ...
    def SetInputFocus(self, revert_to: int, focus: int, time: int) -> xcffib.VoidCookie: ...
    def GetInputFocus(self) -> xcffib.Cookie[GetInputFocusReply]: ...
    def QueryKeymap(self) -> xcffib.Cookie[QueryKeymapReply]: ...
    def OpenFont(self, fid: int, name_len: int, name: str) -> xcffib.VoidCookie: ...
    def CloseFont(self, font: int) -> xcffib.VoidCookie: ...
    def CreatePixmap(self, depth: int, pid: int, drawable: int, width: int, height: int) -> xcffib.VoidCookie: ...
    def FreePixmap(self, pixmap: int) -> xcffib.VoidCookie: ...
    def CreateGC(self, cid: int, drawable: int, value_mask: int, value_list: list[int]) -> xcffib.VoidCookie: ...
    def ChangeGC(self, gc: int, value_mask: int, value_list: list[int]) -> xcffib.VoidCookie: ...
    def FreeGC(self, gc: int) -> xcffib.VoidCookie: ...
    def CopyArea(
        self,
        src_drawable: int,
        dst_drawable: int,
        gc: int,
        src_x: int,
        src_y: int,
        dst_x: int,
        dst_y: int,
        width: int,
        height: int,
    ) -> xcffib.VoidCookie: ...
    def PolyFillRectangle(
        self, drawable: int, gc: int, rectangles_len: int, rectangles: Sequence[RECTANGLE]
    ) -> xcffib.VoidCookie: ...
    def PutImage(
        self,
        format: int,
        drawable: int,
        gc: int,
        width: int,
        height: int,
        dst_x: int,
        dst_y: int,
        left_pad: int,
        depth: int,
        data_len: int,
        data: _Buffer,
    ) -> xcffib.VoidCookie: ...
    def GetImage(
        self, format: int, drawable: int, x: int, y: int, width: int, height: int, plane_mask: int
    ) -> xcffib.Cookie[GetImageReply]: ...
    def CreateColormap(self, alloc: int, mid: int, window: int, visual: int) -> xcffib.VoidCookie: ...
    def CreateGlyphCursor(
        self,
        cid: int,
        source_font: int,
        mask_font: int,
        source_char: int,
        mask_char: int,
        fore_red: int,
        fore_green: int,
        fore_blue: int,
        back_red: int,
        back_green: int,
        back_blue: int,
    ) -> xcffib.VoidCookie: ...
    def FreeCursor(self, cursor: int) -> xcffib.VoidCookie: ...
    def GetKeyboardMapping(self, first_keycode: int, count: int) -> xcffib.Cookie[GetKeyboardMappingReply]: ...
    def ChangeKeyboardMapping(
        self, keycode_count: int, first_keycode: int, keysyms_per_keycode: int, keysyms: Sequence[int]
    ) -> xcffib.VoidCookie: ...
    def GetModifierMapping(self) -> xcffib.Cookie[GetModifierMappingReply]: ...
    def Bell(self, percent: int) -> xcffib.VoidCookie: ...
    def KillClient(self, resource: int) -> xcffib.VoidCookie: ...
