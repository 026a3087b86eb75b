// Shown when a person wants to change the mode in the middle of a move.
import { t } from '../../strings/strings.ts'
import { Button } from '../../ui/controls/button.tsx'
import { Sheet } from '../../ui/layout/sheet.tsx'
import type { ScanModel } from './model/scan-model.ts'
import type { Mode } from './model/scan-setting.ts'

type Props = { readonly model: ScanModel; readonly next: Mode; readonly onClose: () => void }

export function LeaveMoveSheet({ model, next, onClose }: Props) {
  const cancelMove = () => {
    onClose()
    void model.cancelMove()
    void model.changeMode(next)
  }
  return (
    <Sheet
      open
      title={t('scan.inHand', { count: model.lines.size })}
      onClose={onClose}
      actions={
        <>
          <Button onPress={cancelMove}>{t('scan.setAside')}</Button>
          <Button kind="primary" onPress={onClose}>
            {t('scan.keepMoving')}
          </Button>
        </>
      }
    >
      <p>{t('scan.inHandLeave')}</p>
    </Sheet>
  )
}
