-- Positions whose quantity does not follow from their entries: the last count that is not void, and every delta after it that
-- is not void. It does not share code with the code that maintains positions, so a bug in one of them leads to a difference. It
-- sorts the lines of each position and does not use a join, so its time is proportional to the ledger with any plan. It runs as
-- one organisation (row-level security).
with lines as (
  select l.item_id, l.location_id, l.lot, l.kind, l.amount, l.at, l.mutation_id,
    bool_or(l.kind = 'void') over (
      partition by l.item_id, l.location_id, l.lot, coalesce(l.voids, l.mutation_id)) as is_void
  from inventory_logs l
), entries as (
  select item_id, location_id, lot, kind, amount, at, is_void,
    row_number() over (partition by item_id, location_id, lot order by at, mutation_id) as ordinal
  from lines where kind <> 'void'
), counted as (
  select item_id, location_id, lot, kind, amount, at, is_void, ordinal,
    coalesce(max(ordinal) filter (where kind = 'count' and not is_void)
      over (partition by item_id, location_id, lot), 0) as last_count
  from entries
), expected as (
  select item_id, location_id, lot, max(at) filter (where ordinal = last_count) as counted_at,
    coalesce(sum(amount) filter (where ordinal = last_count or (ordinal > last_count and kind <> 'count' and not is_void)), 0)
      as quantity
  from counted group by item_id, location_id, lot
)
select coalesce(e.item_id, p.item_id) as "itemId", coalesce(e.location_id, p.location_id) as "locationId",
  coalesce(e.lot, p.lot) as lot, e.quantity::int8 as expected, p.quantity as found,
  e.counted_at as "expectedCountedAt", p.counted_at as "foundCountedAt"
from expected e
full join positions p on p.item_id = e.item_id and p.location_id = e.location_id and p.lot = e.lot
where p.quantity is distinct from e.quantity or p.counted_at is distinct from e.counted_at
order by 1, 2, 3
