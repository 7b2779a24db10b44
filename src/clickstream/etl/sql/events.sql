-- Typed values, the positions of their lines and the results of enrichment -> rows of clickstream_events (columns.py).
-- The three tables join by position: each has one row for each line of the chunk, in the same order.
-- `happened` and `dated` choose the event's time among the clocks: docs/decisions/0004-clocks.md (microseconds).
create or replace table events as
with located as (
    select
        p.* exclude (page_url, referrer, country) replace (coalesce(p.received_us, l.object_received_us) as received_us),
        l.*, a.*
    from parsed as p
    positional join positions as l
    positional join enriched as a
    where p.receipt is null
),
happened as (
    select
        *,
        case
            when sent_us is null and created_us between received_us - 604800000000 and received_us + 300000000
                then created_us
            when abs(received_us - sent_us) <= 5000000 then created_us
            else created_us + (received_us - sent_us)
        end as happened_us
    from located
),
dated as (
    select
        *,
        coalesce(happened_us between 946684800000000 and received_us + 300000000, false) as is_believed,
        -- Old times that were sent without a sentAt are possible; they are only not believed.
        coalesce(coalesce(happened_us, created_us) not between 946684800000000 and received_us + 300000000, false)
            as is_impossible
    from happened
)
select row_number, {event_values}
from dated;

create or replace table erased_lines as
select l.object, l.line, l.hour, p.receipt
from parsed as p
positional join positions as l
where p.receipt is not null;

-- It is as large as `events`, which stays in memory until it is loaded while the next chunk is parsed.
drop table parsed;
