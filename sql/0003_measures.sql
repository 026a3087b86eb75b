-- What is measured of all organisations together, for whoever watches over the server: sums only, so no row of any
-- organisation can be told from them. They read as the owner, because row-level security lets the application see one
-- organisation at a time. And the application may see which migrations were applied, so that a server that does not
-- migrate itself can wait for whoever does. Adds functions and grants: locks nothing.

-- Items in use, and how many of them lie below a level: of the item, or of a place.
create function measure_items() returns table (items bigint, below_level bigint)
language sql stable security definer set search_path = public, pg_temp as $$
  with places as (
    select p.org_id, p.item_id, p.location_id, sum(p.quantity) as quantity
    from positions p group by p.org_id, p.item_id, p.location_id
  ), totals as (
    select p.org_id, p.item_id, sum(p.quantity) as quantity from places p group by p.org_id, p.item_id
  ), low_places as (
    select distinct l.org_id, l.item_id
    from levels l
    left join places p on p.org_id = l.org_id and p.item_id = l.item_id and p.location_id = l.location_id
    where not l.deleted and coalesce(p.quantity, 0) < l.low
  )
  select count(*), count(*) filter (where coalesce(t.quantity, 0) < i.low or l.item_id is not null)
  from items i
  left join totals t on t.org_id = i.org_id and t.item_id = i.id
  left join low_places l on l.org_id = i.org_id and l.item_id = i.id
  where not i.archived
$$;

-- Alerts that nobody has taken on yet, by kind.
create function measure_alerts() returns table (kind text, alerts bigint)
language sql stable security definer set search_path = public, pg_temp as $$
  select a.kind, count(*) from alerts a where a.state = 'open' group by a.kind
$$;

-- Devices by when they last sent something: within so many seconds.
create function measure_devices(within_s bigint[]) returns table (within bigint, devices bigint)
language sql stable security definer set search_path = public, pg_temp as $$
  select w.seconds, (select count(*) from devices d where d.seen_at > now() - make_interval(secs => w.seconds))
  from unnest(within_s) as w (seconds)
$$;

-- Of each organisation's latest check of its ledger: when the one of longest ago ran, and what all of them found. An
-- organisation that was not checked yet counts from its making.
create function measure_ledger_checks() returns table (oldest_ms bigint, findings bigint)
language sql stable security definer set search_path = public, pg_temp as $$
  select min(coalesce(c.checked_at_ms, (extract(epoch from o.created_at) * 1000)::bigint)), coalesce(sum(c.findings), 0)
  from organisations o
  left join lateral (
    select k.checked_at_ms, jsonb_array_length(k.report -> 'findings') as findings
    from ledger_checks k where k.org_id = o.org_id order by k.checked_at_ms desc limit 1
  ) c on true
$$;

revoke all on function measure_items(), measure_alerts(), measure_devices(bigint[]), measure_ledger_checks() from public;
grant execute on function measure_items(), measure_alerts(), measure_devices(bigint[]), measure_ledger_checks()
to stockhand_app;
grant select on schema_migrations to stockhand_app;
