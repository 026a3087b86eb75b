// Scan, ready at once: what scanning does, where, the last hit, and what was scanned before it.
import { useSignal } from '@preact/signals'
import { MapPin } from 'lucide-preact'
import { useEffect } from 'preact/hooks'
import { useWorkspace } from '../../context/workspace.ts'
import { mayDo } from '../../session/permissions.ts'
import { LocationPicker } from '../../components/deferred-sheets.ts'
import { parentPath, locationName } from '../../domain/names.ts'
import { Screen } from '../../components/screen.tsx'
import { t } from '../../strings/strings.ts'
import { Button } from '../../ui/controls/button.tsx'
import { Flash } from '../../ui/feedback/flash.tsx'
import { Icon } from '../../ui/controls/icon.tsx'
import { Segments } from '../../ui/controls/segments.tsx'
import { ReadyCard } from './ready-card.tsx'
import { MODE_ICONS } from './mode-icons.ts'
import { MoveInProgress, QuestionCard, ResultCard, ScanLogList, WaitingSheet } from './deferred-parts.ts'
import { createScanModel } from './model/create-scan-model.ts'
import type { ScanModel } from './model/scan-model.ts'
import type { Mode } from './model/scan-setting.ts'
import { MODES } from './model/scan-setting.ts'
import './scan.css'

export function Scan() {
  const workspace = useWorkspace()
  const model = workspace.models.of(createScanModel)
  useEffect(
    () =>
      workspace.handleScans({
        context: () => ({ mode: model.setting.mode, locationId: model.setting.locationId }),
        handle: (record, scan) => {
          void model.handle(record, scan)
          return true
        },
      }),
    [workspace, model],
  )
  useEffect(() => {
    if (!matchMedia('(pointer: coarse)').matches) return
    workspace.captureText(true)
    return () => workspace.captureText(false)
  }, [workspace])
  const waiting = model.queue.waiting.value
  const asking = model.prompts.open.value !== undefined
  const result = model.result.value
  return (
    <Screen title={t('nav.scan')} header={<Header model={model} />}>
      <div class="scan-body" data-own-focus onPointerUp={giveFocusBack}>
        <Flash tone={model.pulse.value.tone} pulse={model.pulse.value.count} />
        <div class="stack">
          {asking && <QuestionCard model={model} />}
          {asking && waiting > 0 && (
            <p class="soft small" role="status">
              {t('scan.behind', { count: waiting })}
            </p>
          )}
          {!asking && (result ? <ResultCard model={model} result={result} /> : <ReadyCard model={model} />)}
          {model.holdsGoods && <MoveInProgress model={model} />}
        </div>
        <ScanLogList model={model} />
      </div>
    </Screen>
  )
}

/** After a touch the trigger's keys belong to no button: one that keeps the focus would show it at every scan. */
function giveFocusBack(event: PointerEvent): void {
  if (event.pointerType !== 'touch') return
  setTimeout(() => {
    if (document.activeElement instanceof HTMLButtonElement && !document.querySelector('dialog[open]')) {
      document.activeElement.blur()
    }
  })
}

function Header({ model }: { model: ScanModel }) {
  const workspace = useWorkspace()
  const { setting } = model
  const modes: readonly Mode[] = mayDo(workspace, 'staff') ? MODES : ['look']
  const asking = model.prompts.open.value !== undefined
  const leaving = useSignal<Mode | undefined>(undefined)
  const change = (mode: Mode) => {
    if (model.holdsGoods && mode !== setting.mode) leaving.value = mode
    else void model.changeMode(mode)
  }
  const options = modes.map((value) => ({ value, label: t(`mode.${value}`), icon: MODE_ICONS[value] }))
  return (
    <div class="stack scan-header" inert={asking} onPointerUp={giveFocusBack}>
      {setting.mode !== 'look' && <Place model={model} />}
      {modes.length > 1 && (
        <Segments label={t('scan.whatItDoes')} value={setting.mode} options={options} onChange={change} />
      )}
      {leaving.value && <WaitingSheet model={model} next={leaving.value} onClose={() => (leaving.value = undefined)} />}
    </div>
  )
}

function Place({ model }: { model: ScanModel }) {
  const { device } = useWorkspace()
  const choosing = useSignal(false)
  const { locationId } = model.setting
  const above = locationId === null ? '' : parentPath(device, locationId)
  return (
    <div class="row">
      <Icon of={MapPin} />
      <div class="grow">
        <div class="scan-place clip">{locationId === null ? t('scan.noPlace') : locationName(device, locationId)}</div>
        <div class="small soft clip">{locationId === null ? t('scan.noPlaceHint') : above}</div>
      </div>
      {!model.holdsGoods && (
        <Button kind="quiet" onPress={() => (choosing.value = true)}>
          {t(locationId === null ? 'scan.choosePlace' : 'scan.changePlace')}
        </Button>
      )}
      {choosing.value && (
        <LocationPicker
          title={t('scan.where')}
          current={locationId}
          onClose={() => (choosing.value = false)}
          onPick={({ id }) => {
            choosing.value = false
            void model.changeLocation(id)
          }}
        />
      )}
    </div>
  )
}
