// The person, the device, and the app.
import { useSignal } from '@preact/signals'
import { LogOut } from 'lucide-preact'
import { version } from '../../../package.json'
import { useWorkspace } from '../../context/workspace.ts'
import { mayDo } from '../../session/permissions.ts'
import { OtherUsersPending } from '../../components/other-users-pending.tsx'
import { exportOutbox } from '../../domain/export-outbox.ts'
import { Screen } from '../../components/screen.tsx'
import { chooseLanguage, storedLanguage, languages, t, type Language } from '../../strings/strings.ts'
import { Button } from '../../ui/controls/button.tsx'
import { Card } from '../../ui/layout/card.tsx'
import { ChoiceField, SwitchField } from '../../ui/controls/field.tsx'
import { Sheet } from '../../ui/layout/sheet.tsx'
import { BackupsCard } from './backups-card.tsx'
import { LedgerCard } from './ledger-card.tsx'
import './more.css'

export function More() {
  const workspace = useWorkspace()
  const { person, soundsOn, feedback, device } = workspace
  return (
    <Screen title={t('nav.more')} head>
      <div class="more">
        <Card>
          <div class="more-person">
            <span class="more-sign" aria-hidden="true">
              {initials(person.user.name)}
            </span>
            <div class="grow">
              <h2>{person.user.name}</h2>
              <p class="soft">{person.user.email}</p>
              <p class="soft">
                {t(`role.${person.user.role}`)} · {person.org.name}
              </p>
            </div>
          </div>
          <SignOut />
        </Card>
        <Card title={t('more.thisDevice')}>
          <LanguageField />
          <SwitchField
            label={t('more.sounds')}
            hint={t('more.soundsHint')}
            on={soundsOn.value}
            onChange={(on) => {
              soundsOn.value = on
              feedback.play('success')
            }}
          />
          <p class="soft small">
            {t('more.items', { count: device.queries.itemCount })} · {t('more.version', { version })}
          </p>
          <OtherUsersPending own={device.name} />
        </Card>
        {mayDo(workspace, 'manager') && <LedgerCard />}
        {mayDo(workspace, 'manager') && <BackupsCard />}
        <Shortcuts />
      </div>
    </Screen>
  )
}

function initials(name: string): string {
  const words = name.split(/\s+/).filter(Boolean)
  return [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => word?.[0] ?? '').join('')
}

function LanguageField() {
  const options = (Object.keys(languages) as Language[]).map((value) => ({ value, label: languages[value] }))
  return (
    <ChoiceField<Language | ''>
      label={t('more.language')}
      value={storedLanguage() ?? ''}
      options={[{ value: '', label: t('more.languageAuto') }, ...options]}
      onChange={(language) => void chooseLanguage(language || undefined)}
    />
  )
}

function SignOut() {
  const { session, device, person, clock } = useWorkspace()
  const isAsking = useSignal(false)
  const pending = device.pendingCount.value
  const unresolved = device.scans.unresolved.value.length
  const save = async () => {
    const from = { device: device.name, person: person.user.name, point: device.syncPoint.value }
    exportOutbox(await device.exportPending(), from, new Date(clock.now()))
  }
  const leave = () => void session.signOut()
  return (
    <>
      <Button icon={LogOut} onPress={() => (pending + unresolved > 0 ? (isAsking.value = true) : leave())}>
        {t('more.signOut')}
      </Button>
      <Sheet
        open={isAsking.value}
        strict
        title={pending > 0 ? t('more.signOutTitle', { count: pending }) : t('home.unresolved', { count: unresolved })}
        onClose={() => (isAsking.value = false)}
        actions={
          <>
            <Button kind="primary" onPress={() => (isAsking.value = false)}>
              {t('more.stay')}
            </Button>
            <Button kind="danger" onPress={leave}>
              {t('more.signOutAnyway')}
            </Button>
          </>
        }
      >
        {pending > 0 && unresolved > 0 && <p class="strong">{t('more.signOutScans', { count: unresolved })}</p>}
        <p>{t('more.signOutHint')}</p>
        <Button onPress={() => void save()}>{t('tray.export')}</Button>
      </Sheet>
    </>
  )
}

const KEYS = [
  ['/', 'keys.search'],
  ['Ctrl K', 'keys.search'],
  ['g h', 'keys.home'],
  ['g s', 'keys.scan'],
  ['g i', 'keys.stock'],
  ['g t', 'keys.tray'],
  ['g m', 'keys.more'],
] as const

function Shortcuts() {
  return (
    <div class="more-keys">
      <Card title={t('keys.title')}>
        <dl>
          {KEYS.map(([key, text]) => (
            <div key={key}>
              <dt>
                {key.split(' ').map((part) => (
                  <kbd key={part}>{part}</kbd>
                ))}
              </dt>
              <dd>{t(text)}</dd>
            </div>
          ))}
        </dl>
      </Card>
    </div>
  )
}
