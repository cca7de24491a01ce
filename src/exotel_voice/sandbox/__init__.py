"""A local telephone platform on real sockets, for learning and for tests."""
