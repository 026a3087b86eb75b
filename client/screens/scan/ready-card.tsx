// The card before the first scan: what the trigger will do.
import { ScanBarcode } from 'lucide-preact'
import { useWorkspace } from '../../context/workspace.ts'
import { t } from '../../strings/strings.ts'
import { Card } from '../../ui/layout/card.tsx'
import { EmptyState } from '../../ui/layout/empty-state.tsx'
import type { ScanModel } from './model/scan-model.ts'

export function ReadyCard({ model }: { model: ScanModel }) {
  const { mode, locationId } = model.setting
  const { device, status } = useWorkspace()
  const needsPlace = mode !== 'look' && locationId === null
  const empty = device.syncPoint.value.complete && device.queries.isEmpty
  return (
    <Card>
      <EmptyState icon={ScanBarcode} title={t(needsPlace ? 'scan.readyPlace' : 'scan.readyItem')}>
        {empty ? t('scan.noItems') : t(needsPlace ? 'scan.noPlaceHint' : `scan.ready.${mode}`)}
        {status.value.loading && ` ${t('scan.stillLoading')}`}
      </EmptyState>
    </Card>
  )
}
