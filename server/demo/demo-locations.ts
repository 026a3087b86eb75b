// The demo's locations (one site, four zones, 21 bins) and categories (four groups).

export interface DemoLocation {
  name: string
  kind: 'site' | 'zone' | 'bin'
  barcode: string
  /** The barcode of the location that contains it. */
  within?: string
}

/** The letter, name and number of bins of each zone. */
const ZONES: readonly [letter: string, name: string, bins: number][] = [
  ['A', 'A · Dry goods', 8],
  ['B', 'B · Drinks', 5],
  ['C', 'C · Cold room', 5],
  ['D', 'D · Freezer', 3],
]

const SITE: DemoLocation = { name: 'Harbour Street', kind: 'site', barcode: 'LOC-SITE' }

/** Parents come before their children. */
export const demoLocations: readonly DemoLocation[] = [
  SITE,
  ...ZONES.flatMap(([letter, name, bins]): DemoLocation[] => [
    { name, kind: 'zone', barcode: `LOC-${letter}`, within: SITE.barcode },
    ...Array.from({ length: bins }, (_, index): DemoLocation => {
      const bin = `${letter}-${String(index + 1).padStart(2, '0')}`
      return { name: bin, kind: 'bin', barcode: `LOC-${bin}`, within: `LOC-${letter}` }
    }),
  ]),
]

/** Category → its group. */
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

/** Categories that are tracked by lot, because they spoil. */
export const LOT_CATEGORIES: ReadonlySet<string> = new Set(['Dairy and eggs', 'Meat and fish'])
