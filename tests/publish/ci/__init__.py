"""Runners of our own that do with a CI's configuration what that CI does, as far as the guide pages use it.

Each is a module with `FILES` (the configuration that it runs), `run(place, path)` for a pushed tag, and knows the variables, the token
endpoint and the programs that its CI gives to a job. What a configuration uses and a runner does not know is an error, never passed over.
"""
