// Settings that another version, an extension or a person has damaged.
import { expect, test, vi } from 'vitest'
import { CountDraftStore } from '../domain/count-drafts.ts'
import { storedPerson } from './stored-person.ts'
import { ScanSetting } from '../screens/scan/model/scan-setting.ts'

const storeOf = (text: string | null) => ({ getItem: () => text, setItem: () => undefined })

test.each([
  null,
  '',
  '{"mode":',
  'null',
  '[]',
  '"look"',
  '{"mode":"fly"}',
  '{"locationId":7}',
  '{"since":"yesterday"}',
])('a damaged mode of the scan screen is replaced by the default: %s', (text) => {
  const setting = new ScanSetting({ store: storeOf(text), deviceName: 'd' })
  expect([setting.mode, setting.locationId, setting.since]).toEqual(['look', null, 0])
})

test('what is missing in a setting of another version has a default', () => {
  const setting = new ScanSetting({ store: storeOf('{"mode":"count","new":1}'), deviceName: 'd' })
  expect([setting.mode, setting.locationId]).toEqual(['count', null])
})

test.each(['', '{}', '[{"itemId":"1"}]', '[null]'])('damaged count drafts are read as none: %s', (text) => {
  expect(new CountDraftStore({ store: storeOf(text), deviceName: 'd' }).all).toEqual([])
})

test.each([null, '', '{"user":', 'null', '7', '{"user":{"id":"1"},"org":{}}', '{"user":null,"org":null}'])(
  'a damaged signed-in person has to sign in again: %s',
  (text) => {
    vi.stubGlobal('localStorage', storeOf(text))
    expect(storedPerson()).toBeUndefined()
  },
)

test('the stored person is signed in after a restart', () => {
  const person = {
    user: { id: '1', name: 'Ada', email: 'ada@example.com', role: 'staff' },
    org: { id: '2', name: 'S' },
  }
  vi.stubGlobal('localStorage', storeOf(JSON.stringify(person)))
  expect(storedPerson()).toEqual(person)
})
