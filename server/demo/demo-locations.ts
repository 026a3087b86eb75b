// Where the demo's stock lies and how it is sorted: one site, four zones, 21 bins; four groups with their categories.

export interface DemoLocation {
  name: string
  kind: 'site' | 'zone' | 'bin'
  barcode: string
  /** The barcode of the location that it lies in. */
  within?: string
}

/** A zone's letter, its name, and how many bins it has. */
const ZONES: readonly [letter: string, name: string, bins: number][] = [
  ['A', 'A · Dry goods', 8],
  ['B', 'B · Drinks', 5],
  ['C', 'C · Cold room', 5],
  ['D', 'D · Freezer', 3],
]

const SITE: DemoLocation = { name: 'Harbour Street', kind: 'site', barcode: 'LOC-SITE' }

/** Parents before what lies in them. */
export const demoLocations: readonly DemoLocation[] = [
  SITE,
  ...ZONES.flatMap(([letter, name, bins]): DemoLocation[] => [
    { name, kind: 'zone', barcode: `LOC-${letter}`, within: SITE.barcode },
    ...Array.from({ length: bins }, (_, index): DemoLocation => {
      const place = `${letter}-${String(index + 1).padStart(2, '0')}`
      return { name: place, kind: 'bin', barcode: `LOC-${place}`, within: `LOC-${letter}` }
    }),
  ]),
]

/** Category → the group it is in. */
export const demoCategories: Readonly<Record<string, string>> = {
  'Bread and biscuits': 'Pantry',
  Breakfast: 'Pantry',
  'Chocolate and sweets': 'Pantry',
  'Pasta, rice and pulses': 'Pantry',
  'Tins and jars': 'Pantry',
  'Sauces, oil and spices': 'Pantry',
  'Dairy and eggs': 'Fresh',
  'Meat and fish': 'Fresh',
  'Tea and coffee': 'Drinks',
  'Juice and water': 'Drinks',
  Frozen: 'Cold',
}

/** What is kept by lot, because it spoils. */
export const LOT_CATEGORIES: ReadonlySet<string> = new Set(['Dairy and eggs', 'Meat and fish'])
