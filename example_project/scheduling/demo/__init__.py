"""The demo: a server, a client, and the story they play."""
