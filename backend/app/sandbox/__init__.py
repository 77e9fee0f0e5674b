"""A venue and a model host on this machine, speaking the real wire formats: for the demo, for tests and for chaos.

A process of its own that the arena reaches over HTTP only. Imports nothing of the arena but its clock, and never asks for the real time
outside `__main__`.
"""
