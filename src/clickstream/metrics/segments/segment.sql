-- Facts about visitors that segments compare, from rows before the end of the range. A rule uses only some of them.
with
first_sessions as (
    select s.*
    from sessions as s
    inner join (
        select visitor, min(start_at) as start_at
        from sessions as s
        where start_at < $end and visitor is not null {of_sessions}
        group by visitor
    ) as f on s.visitor = f.visitor and s.start_at = f.start_at
    where true {of_sessions}
    qualify row_number() over (partition by s.visitor order by s.session_key) = 1
),
session_counts as (
    select visitor, count(*) as sessions
    from sessions as s
    where start_at < $end and visitor is not null {of_sessions}
    group by visitor
),
-- The strongest state that a visitor's events ever showed.
login_states as (
    select
        p.visitor,
        case when bool_or(s.logged_in) then 'logged_in' when bool_or(s.anonymous) then 'anonymous' else '(none)' end as login_state
    from (
        select
            h.pair, bool_or(t.text = 'logged_in') as logged_in, bool_or(t.text = 'anonymous') as anonymous
        from (
            select distinct pair, login_state
            from hits as h
            where h.moment < $end and pair is not null {of_hits}
        ) as h
        inner join texts as t on h.login_state = t.id
        group by h.pair
    ) as s
    inner join pairs as p on s.pair = p.id
    group by p.visitor
)
