// The scan screen: mode, location, the last result, and the scans before it.
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
import { MoveInProgress, QuestionCard, ResultCard, ScanLogList, LeaveMoveSheet } from './deferred-parts.ts'
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
  const waitingCount = model.queue.waitingCount.value
  const isAsking = model.prompts.open.value !== undefined
  const result = model.result.value
  return (
    <Screen title={t('nav.scan')} header={<Header model={model} />}>
      <div class="scan-body" data-own-focus onPointerUp={releaseFocus}>
        <Flash tone={model.pulse.value.tone} pulse={model.pulse.value.count} />
        <div class="stack">
          {isAsking && <QuestionCard model={model} />}
          {isAsking && waitingCount > 0 && (
            <p class="soft small" role="status">
              {t('scan.behind', { count: waitingCount })}
            </p>
          )}
          {!isAsking && (result ? <ResultCard model={model} result={result} /> : <ReadyCard model={model} />)}
          {model.holdsGoods && <MoveInProgress model={model} />}
        </div>
        <ScanLogList model={model} />
      </div>
    </Screen>
  )
}

/** Removes the focus from a touched button, because a scanner's keys would otherwise press it at every scan. */
function releaseFocus(event: PointerEvent): void {
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
  const isAsking = model.prompts.open.value !== undefined
  const nextMode = useSignal<Mode | undefined>(undefined)
  const change = (mode: Mode) => {
    if (model.holdsGoods && mode !== setting.mode) nextMode.value = mode
    else void model.changeMode(mode)
  }
  const options = modes.map((value) => ({ value, label: t(`mode.${value}`), icon: MODE_ICONS[value] }))
  return (
    <div class="stack scan-header" inert={isAsking} onPointerUp={releaseFocus}>
      {setting.mode !== 'look' && <LocationRow model={model} />}
      {modes.length > 1 && (
        <Segments label={t('scan.whatItDoes')} value={setting.mode} options={options} onChange={change} />
      )}
      {nextMode.value && (
        <LeaveMoveSheet model={model} next={nextMode.value} onClose={() => (nextMode.value = undefined)} />
      )}
    </div>
  )
}

function LocationRow({ model }: { model: ScanModel }) {
  const { device } = useWorkspace()
  const isChoosing = useSignal(false)
  const { locationId } = model.setting
  const parents = locationId === null ? '' : parentPath(device, locationId)
  return (
    <div class="row">
      <Icon of={MapPin} />
      <div class="grow">
        <div class="scan-location clip">
          {locationId === null ? t('scan.noLocation') : locationName(device, locationId)}
        </div>
        <div class="small soft clip">{locationId === null ? t('scan.noLocationHint') : parents}</div>
      </div>
      {!model.holdsGoods && (
        <Button kind="quiet" onPress={() => (isChoosing.value = true)}>
          {t(locationId === null ? 'scan.chooseLocation' : 'scan.changeLocation')}
        </Button>
      )}
      {isChoosing.value && (
        <LocationPicker
          title={t('scan.where')}
          current={locationId}
          onClose={() => (isChoosing.value = false)}
          onPick={({ id }) => {
            isChoosing.value = false
            void model.changeLocation(id)
          }}
        />
      )}
    </div>
  )
}
