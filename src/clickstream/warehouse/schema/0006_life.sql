-- Completed erasures. Objects that were read before the last erasure must not be loaded after it (etl/load.py).
create table erasures (
    receipt @text not null,
    erased_at timestamptz not null,
    lines bigint not null
);

-- UTC days of the raw store whose objects (part 'raw') or whose rows here (part 'warehouse') were deleted by rule. Their
-- hours stand outside the ledger.
create table expired_days (
    day date not null,
    part @text not null,
    expired_at timestamptz not null
);
