"""Repair of a warehouse: bad rows are listed (bad_rows.py) and read again (replay.py); a rebuild makes all rows from
scratch beside the live ones (rebuild.py), keeps what it cannot read again (retain.py), compares (compare.py), and
replaces the live rows on request (swap.py).
"""
