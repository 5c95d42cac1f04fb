"""The case file: facts of one case as plain values in, files for a lawyer out. Pure: paths and bytes, no disk.

`model` holds what goes in, `formats` the registry and the ways out; one file per kind of file in the folder.
"""
