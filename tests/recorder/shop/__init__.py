"""The shop: small services, their workers and their database, the system that is recorded.

Started as ``python -m shop SERVICE``, so that nothing in its logs says that it is being watched.
"""
