"""The guardian: a small program between the server and a job's process.

It starts the worker, writes down what the worker and its children print, ends the whole
process tree when it is told to or when the server dies, and is gone itself only when
nothing of the tree is left. One runs beside each job for as long as the job, so it is
small and starts at once: the standard library only, and of that what starts quickly
(records are named tuples, because `dataclasses` takes longer to import than all of
this together).

    main.py        the loop: what happens, and what is done about it
    orders.py      what the server says to it
    tree.py        the processes: start, find, end, measure
    log_writer.py  the job's log, on disk
    carriage.py    what a carriage return means for a log
    log_files.py   the files of a log, as writer and reader know them
"""
