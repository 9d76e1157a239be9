"""`limpet attach`: the user interface on the main thread, connections and decoding on one asyncio thread."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import sys
import threading
import time
from collections.abc import Callable

from limpet.auth.sources import PasswordRequest
from limpet.client import terminal
from limpet.client.connection import Connection, Hellos
from limpet.client.decoding import PictureDecoder
from limpet.client.features.base import Feature, FeatureContext
from limpet.client.features.registry import FEATURES
from limpet.client.hello import Identity, partial_hello, window_hello
from limpet.client.keymap import local_keymap
from limpet.client.memory import PeerMemory, outgrown
from limpet.client.messages import (
    AskPassword,
    CloseRequested,
    DestroyAllWindows,
    Exited,
    Interrupted,
    PasswordEntered,
    Quit,
    RoomAvailable,
    ScreensChanged,
    ShowStatus,
    UiEvent,
    WindowConfigured,
    WindowMapped,
    WindowUnmapped,
)
from limpet.client.passwords import password_sources
from limpet.client.plan import ConnectPlan
from limpet.client.poster import Poster
from limpet.client.reconnect import Action, Ended, Progress, decide
from limpet.client.ui.base import EventQueue, Ui, UiEventSink
from limpet.client.window_book import SessionId, WindowBook
from limpet.errors import ExitCode, LimpetError
from limpet.limits import client_limits
from limpet.net.stream import StreamFacts
from limpet.packets.capgroups import Keymap
from limpet.packets.schema import Packet
from limpet.session.events import Accepted
from limpet.values import Secret

log = logging.getLogger("limpet.client")

SWITCH_INTERVAL_S = 0.0005
"""how long one thread may keep the others of Python waiting (measured: 5 ms, the default, is seen as stutter)"""
JOIN_S = 5.0
SIGNAL_BASE = 128

Tell = Callable[[str], None]
"""a line for the user"""


class Client:
    """Everything that belongs to the network's thread. Also the owner of its connections, one at a time."""

    def __init__(
        self,
        plan: ConnectPlan,
        ui: Ui,
        events: EventQueue,
        memory: PeerMemory,
        tell: Tell,
        *,
        clock: Callable[[], float] = time.monotonic,
        find_keymap: Callable[[], Keymap] = local_keymap,
        on_attached: Callable[[], None] = lambda: None,
    ) -> None:
        self._plan = plan
        self._ui = ui
        self._events = events
        self._memory = memory
        self._tell = tell
        self._clock = clock
        self._find_keymap = find_keymap
        self._on_attached = on_attached
        self._keymap: Keymap | None = None
        self._identity = Identity()
        self._poster = Poster(ui.post, self._on_full)
        self._windows = WindowBook()
        self._decoder = PictureDecoder()
        self._connection: Connection | None = None
        self._generation = 0
        self._features: tuple[Feature, ...] = ()
        self._packet_handlers: dict[type[Packet], Callable[[Packet], None]] = {}
        self._event_handlers: dict[type[UiEvent], Callable[[UiEvent], None]] = {}
        self._screens: ScreensChanged | None = None
        self._screens_known = asyncio.Event()
        self._leaving = asyncio.Event()
        self._exit_code = 0
        self._questions: dict[int, asyncio.Future[Secret | None]] = {}
        self._question_token = 0
        self._sources = password_sources(plan.passwords, self._ask)

    # -- life ----------------------------------------------------------------------------------------------------

    async def run(self) -> int:
        """Until the session ends or the user leaves; the exit code. Raises what ended it, if that was an error."""
        try:
            ended = await self._attempts()
        finally:
            self._stop_features()
            self._decoder.close()
        if ended.by_user or self._leaving.is_set():
            return self._exit_code
        if ended.error is not None:
            raise ended.error
        self._tell(f"the session ended: {ended.text or ended.reason}")
        return ExitCode.OK

    async def _attempts(self) -> Ended:
        target = str(self._plan.target)
        legacy = self._memory.is_legacy(target)
        progress = Progress()
        ended = Ended(error=None, reason="left", by_user=True)
        while not self._leaving.is_set():
            ended = await self._attempt(legacy=legacy)
            decision, progress = decide(ended, progress, self._clock(), reconnect=self._plan.client.reconnect)
            if self._leaving.is_set() or decision.action is Action.STOP:
                return ended
            if decision.action is Action.OTHER_SPELLING:
                legacy = not legacy
                log.info("%s: %s; trying the %s hello", target, ended.reason, "legacy" if legacy else "newer")
                continue
            self._show_lost(ended, decision.delay_s)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._leaving.wait(), decision.delay_s)
            self._poster(ShowStatus("Connection lost, connecting again ..."))
        return ended

    def _show_lost(self, ended: Ended, delay_s: float) -> None:
        if ended.accepted:
            self._tell(f"connection lost ({ended.reason}); trying to connect again")
        self._poster(ShowStatus(f"Connection lost, connecting again in {delay_s:.0f} s"))

    async def _attempt(self, *, legacy: bool) -> Ended:
        self._sources = self._sources.again()
        connection = Connection(self._plan, self, self._sources, legacy=legacy, clock=self._clock)
        self._connection = connection
        try:
            return await connection.run()
        finally:
            self._stop_features()
            self._connection = None

    def leave(self, exit_code: int = 0) -> None:
        """The user goes."""
        if not self._leaving.is_set():
            self._exit_code = exit_code
            self._leaving.set()
            if self._connection is not None:
                self._connection.leave()

    # -- ConnectionOwner -----------------------------------------------------------------------------------------

    async def hellos(self, *, ask_to_be_challenged: bool) -> Hellos:
        if self._keymap is None:
            self._keymap = await asyncio.to_thread(self._find_keymap)
        await self._screens_known.wait()
        assert self._screens is not None
        full = window_hello(self._plan, self._identity, self._screens, self._keymap)
        desktop = self._screens.desktop
        return Hellos(
            full=full,
            partial=partial_hello(full) if ask_to_be_challenged else None,
            limits=client_limits(desktop.width, desktop.height),
        )

    def accepted(self, event: Accepted, facts: StreamFacts) -> None:
        connection = self._connection
        assert connection is not None
        self._on_attached()
        self._memory.remember(str(self._plan.target), legacy=connection.legacy and not outgrown(event))
        self._generation += 1
        hello = event.hello
        session = SessionId(hello.uuid, hello.hostname, hello.display, hello.start_time)
        if not self._windows.begin(session):
            self._poster(DestroyAllWindows())
        self._poster(ShowStatus(None))
        self._raise_limits(event)
        context = FeatureContext(
            hello=event.hello,
            dialect=event.dialect,
            options=self._plan.client,
            generation=self._generation,
            send=connection.send,
            post=self._poster,
            clock=self._clock,
            call_later=asyncio.get_running_loop().call_later,
            write_buffered=lambda: connection.write_buffered,
            bytes_received=lambda: connection.bytes_received,
            pause=connection.pause,
            resume=connection.resume,
            decoder=self._decoder,
            windows=self._windows,
            leave=self.leave,
        )
        self._features = tuple(row.make(context) for row in FEATURES)
        for feature in self._features:
            for entry in feature.handlers():
                table = self._packet_handlers if issubclass(entry.of, Packet) else self._event_handlers
                table[entry.of] = entry.handle
        for feature in self._features:
            feature.start()
        self._tell(f"attached to {self._plan.target}, {connection.protection}")

    def _raise_limits(self, event: Accepted) -> None:
        """A whole screen of the server's must fit too."""
        size = event.hello.actual_desktop_size or event.hello.desktop_size
        assert self._screens is not None
        assert self._connection is not None
        desktop = self._screens.desktop
        width = max(desktop.width, size.width if size else 0)
        height = max(desktop.height, size.height if size else 0)
        self._connection.set_limits(client_limits(width, height))

    def received(self, packet: Packet) -> None:
        handle = self._packet_handlers.get(type(packet))
        if handle is None:
            log.debug("nothing here handles %s", type(packet).__name__)
        else:
            handle(packet)

    def writable(self) -> None:
        for feature in self._features:
            feature.writable()

    def _stop_features(self) -> None:
        features, self._features = self._features, ()
        self._packet_handlers = {}
        self._event_handlers = {}
        for feature in features:
            feature.stop()

    # -- user interface ------------------------------------------------------------------------------------------

    def on_ui_events(self) -> None:
        """The queue of events has something; on the event loop."""
        for event in self._events.drain():
            try:
                self._on_ui_event(event)
            except LimpetError as error:
                log.warning("%s: %s", type(event).__name__, error)

    def _on_ui_event(self, event: UiEvent) -> None:
        match event:
            case ScreensChanged():
                self._screens = event
                self._screens_known.set()
            case RoomAvailable():
                self._poster.room()
            case PasswordEntered(token=token, password=password):
                question = self._questions.pop(token, None)
                if question is not None and not question.done():
                    question.set_result(password)
            case Interrupted(signal=number):
                self.leave(SIGNAL_BASE + number)
            case Exited(exit_code=code):
                self.leave(code)
        handle = self._event_handlers.get(type(event))
        if handle is not None:
            handle(event)
        elif not self._features:
            self._while_disconnected(event)

    def _while_disconnected(self, event: UiEvent) -> None:
        """The windows of a lost connection stay; closing one is all that the user can mean by it."""
        match event:
            case CloseRequested():
                self.leave()
            case WindowMapped(window_id=window_id) | WindowConfigured(window_id=window_id):
                if (window := self._windows.get(window_id)) is not None:
                    window.visible = True
            case WindowUnmapped(window_id=window_id):
                if (window := self._windows.get(window_id)) is not None:
                    window.visible = False

    def _on_full(self, full: bool) -> None:
        """The user interface does not keep up: the server is not read until it does."""
        if self._connection is not None:
            if full:
                self._connection.pause("ui")
            else:
                self._connection.resume("ui")

    async def _ask(self, request: PasswordRequest) -> str | None:
        """In the terminal where there is one, else in a window."""
        if terminal.available():
            return await terminal.ask_secret(request.question)
        self._question_token += 1
        token = self._question_token
        answer: asyncio.Future[Secret | None] = asyncio.get_running_loop().create_future()
        self._questions[token] = answer
        user = f" (user {request.username})" if request.username else ""
        self._poster(AskPassword(request.prompt, f"{request.server}{user}", token, request.number > 1))
        try:
            password = await answer
        finally:
            self._questions.pop(token, None)
        return password.reveal().decode("utf-8", "surrogateescape") if password is not None else None


MakeUi = Callable[[UiEventSink], Ui]


def attach(
    plan: ConnectPlan,
    make_ui: MakeUi,
    memory: PeerMemory,
    tell: Tell,
    *,
    on_attached: Callable[[], None] = lambda: None,
) -> int:
    """Show the session of `plan` until it ends; the exit code. Raises the error that ended it.

    `on_attached` is called on the network's thread, each time that the session is on.
    Called on the main thread. The connection is made while the user interface starts.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    loop = asyncio.new_event_loop()
    thread = _NetworkThread(loop)
    events = EventQueue(thread.wake)
    ui = make_ui(events)
    client = Client(plan, ui, events, memory, tell, on_attached=on_attached)
    thread.begin(client, ui)
    try:
        code = ui.run()
    except BaseException:
        thread.leave()
        thread.join(JOIN_S)
        raise
    thread.leave()
    thread.join(JOIN_S)
    if thread.error is not None:
        raise thread.error
    return code


class _NetworkThread:
    """Runs the client on its loop, and ends the user interface when it is over."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._client: Client | None = None
        self._thread: threading.Thread | None = None
        self.error: BaseException | None = None

    def begin(self, client: Client, ui: Ui) -> None:
        self._client = client
        self._thread = threading.Thread(target=self._run, args=(client, ui), name="limpet-network", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """From any thread: the queue of events has something."""
        if self._client is not None:
            self._call(self._client.on_ui_events)

    def leave(self) -> None:
        """From any thread."""
        if self._client is not None:
            self._call(functools.partial(self._client.leave, 0))

    def _call(self, function: Callable[[], None]) -> None:
        # the loop may be over already
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function)

    def join(self, timeout: float) -> None:
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self, client: Client, ui: Ui) -> None:
        code = int(ExitCode.INTERNAL_ERROR)
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                code = runner.run(client.run())
        except LimpetError as error:
            self.error, code = error, int(error.exit_code)
        except BaseException as error:  # noqa: BLE001 - raised again by the main thread
            self.error = error
        finally:
            ui.post(Quit(code))
