-- Positions that are not what their entries say. The whole function, from all entries: the last count that is not void,
-- and every delta after it that is not void. Written apart from the code that keeps positions, so that both must err
-- alike to agree. Runs as one organisation (row-level security).
with entries as (
  select l.item_id, l.location_id, l.lot, l.kind, l.amount, l.at, l.mutation_id::text collate "C" as id
  from inventory_logs l
  where l.kind <> 'void' and not exists (
    select from inventory_logs v
    where v.org_id = l.org_id and v.voids = l.mutation_id
      and v.item_id = l.item_id and v.location_id = l.location_id and v.lot = l.lot)
), counts as (
  select distinct on (item_id, location_id, lot) item_id, location_id, lot, amount, at, id
  from entries where kind = 'count' order by item_id, location_id, lot, at desc, id desc
), places as (
  select distinct item_id, location_id, lot from inventory_logs
), expected as (
  select p.item_id, p.location_id, p.lot, c.at as counted_at,
    coalesce(c.amount, 0) + coalesce((
      select sum(e.amount) from entries e
      where e.item_id = p.item_id and e.location_id = p.location_id and e.lot = p.lot and e.kind <> 'count'
        and (c.id is null or (e.at, e.id) > (c.at, c.id))), 0) as quantity
  from places p
  left join counts c on c.item_id = p.item_id and c.location_id = p.location_id and c.lot = p.lot
)
select coalesce(e.item_id, p.item_id) as "itemId", coalesce(e.location_id, p.location_id) as "locationId",
  coalesce(e.lot, p.lot) as lot, e.quantity::int8 as expected, p.quantity as found,
  e.counted_at as "expectedCountedAt", p.counted_at as "foundCountedAt"
from expected e
full join positions p on p.item_id = e.item_id and p.location_id = e.location_id and p.lot = e.lot
where p.quantity is distinct from e.quantity or p.counted_at is distinct from e.counted_at
order by 1, 2, 3
