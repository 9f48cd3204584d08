session-title = Signed-in devices
session-current = this device
session-since = Signed in:
session-seen = Last used:
session-end = Sign out
session-end-others = Sign out all other devices
session-browser = Browser
session-api = Program
