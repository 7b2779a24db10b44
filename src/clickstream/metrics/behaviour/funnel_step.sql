,
filled_{step} as materialized (
    select e.unit, e.position, e.moment, f.entry, e.moment - f.moment as step_us
    from events as e
    {join} filled_{before} as f on e.unit = f.unit and {follows}
    where e.step_{step} and e.moment - f.entry <= $window
),
reached_{step} as (
    select unit, arg_min(step_us, position) as step_us, arg_min(moment - entry, position) as total_us
    from filled_{step}
    group by unit
)
