-- The nodes that sessions went through, for paths.sql and journeys.sql.
, ways as not materialized (
    select id, orders
    from counted_sessions
),
nodes as (
    {nodes}
),
-- Repetitions of a node are one.
changes as {is_read_twice} (
    select session, place, node
    from nodes
    qualify node is distinct from lag(node) over (partition by session order by place)
),
-- step: the place in reading order. next_node: NULL at the end of the sequence.
sequences as not materialized (
    select
        c.session, c.node,
        row_number() over reading as step,
        lead(c.node) over reading as next_node
    from changes as c
    {from_anchor}
    window reading as (partition by c.session order by c.place {reading_order})
)
