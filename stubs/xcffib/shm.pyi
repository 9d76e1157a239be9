import xcffib

key: xcffib.ExtensionKey[shmExtension]

class QueryVersionReply(xcffib.Reply):
    shared_pixmaps: int

class GetImageReply(xcffib.Reply):
    depth: int
    visual: int
    size: int

class shmExtension(xcffib.Extension):
    def QueryVersion(self) -> xcffib.Cookie[QueryVersionReply]: ...
    def AttachChecked(self, shmseg: int, shmid: int, read_only: bool) -> xcffib.VoidCookie: ...
    def Attach(self, shmseg: int, shmid: int, read_only: bool) -> xcffib.VoidCookie: ...
    def Detach(self, shmseg: int) -> xcffib.VoidCookie: ...
    def GetImage(
        self,
        drawable: int,
        x: int,
        y: int,
        width: int,
        height: int,
        plane_mask: int,
        format: int,
        shmseg: int,
        offset: int,
    ) -> xcffib.Cookie[GetImageReply]: ...
    def PutImage(
        self,
        drawable: int,
        gc: int,
        total_width: int,
        total_height: int,
        src_x: int,
        src_y: int,
        src_width: int,
        src_height: int,
        dst_x: int,
        dst_y: int,
        depth: int,
        format: int,
        send_event: int,
        shmseg: int,
        offset: int,
    ) -> xcffib.VoidCookie: ...
