// What people type, and the names that it finds.
import { expect, test } from 'vitest'
import { foldQuery, foldText } from './fold-text.ts'

const finds = (query: string, name: string) => foldQuery(query).every((word) => foldText(name).includes(word))

test.each([
  ['cafe creme', 'Café crème'],
  ['smorrebrod', 'Smørrebrød'],
  ['zolty', 'Żółty ser'],
  ['lodz', 'Łódź'],
  ['grosse', 'Größe XL'],
  ['GRÖSSE', 'Größe XL'],
  ['oeufs frais', 'Œufs frais'],
  ['aeble', 'Æble'],
  ['istanbul', 'İSTANBUL'],
  ['kilic', 'Kılıç'],
  ['dakovo', 'Đakovo'],
  ['thorunn', 'Þórunn'],
  ["l'oreal", 'L’Oréal'],
  ['loreal', 'L’Oréal'],
  ['l’oréal', "L'Oreal"],
  ['a4 paper', 'Ａ４ paper'],
  ['buro-klammer', 'Büro‑Klammer'],
  ['buroklammer', 'Büro-Klammer'],
  ['coca-cola', 'Coca Cola'],
  ['coca cola', 'Coca-Cola'],
  ['ab1234', 'AB-1234'],
  ['AB–1234', 'ab1234'],
  ['kelloggs', 'Kellogg’s'],
  ["kellogg's", 'Kelloggs'],
  ['ﬁsh', 'Fish'],
  ['コーヒー', 'アイスコーヒー'],
  ['ｺｰﾋｰ', 'アイスコーヒー'],
  ['茶', '緑茶ティーバッグ'],
  ['김치', '포기김치'],
  ['½', '1/2'.replace('/', '⁄')],
])('%s finds %s', (query, name) => {
  expect(finds(query, name)).toBe(true)
})

test.each([
  ['tea', 'Coffee'],
  ['ab1235', 'AB-1234'],
  ['茶', 'Coffee'],
])('%s does not find %s', (query, name) => {
  expect(finds(query, name)).toBe(false)
})
