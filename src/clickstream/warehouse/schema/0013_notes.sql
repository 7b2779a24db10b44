-- Notes on days, which people write: shown on every chart over time. No load, rebuild or expiry changes them.
create table notes (
    note_id bigint not null,
    day date not null,
    note @text not null,
    created_at timestamptz not null
);
