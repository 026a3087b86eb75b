// JSON as it travels: plain values that survive JSON.stringify and JSON.parse unchanged.
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }
