"""The only composition root: builds the objects of every room and hands them to one another.

One module per thing a user can do; the command line translates options and calls these.
"""
