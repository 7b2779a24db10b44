"""What puts a warehouse right again.

Bad rows are listed (bad_rows.py) and read anew (replay.py); all of it is built anew beside itself (rebuild.py),
compared (compare.py) and put in its place (swap.py).
"""
