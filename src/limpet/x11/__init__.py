"""X11 through xcffib: display, window manager, capture, input. Takes and returns values; knows nothing of packets."""
