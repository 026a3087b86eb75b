// The card before the first scan: what a scan will do.
import { ScanBarcode } from 'lucide-preact'
import { useWorkspace } from '../../context/workspace.ts'
import { t } from '../../strings/strings.ts'
import { Card } from '../../ui/layout/card.tsx'
import { EmptyState } from '../../ui/layout/empty-state.tsx'
import type { ScanModel } from './model/scan-model.ts'

export function ReadyCard({ model }: { model: ScanModel }) {
  const { mode, locationId } = model.setting
  const { device, status } = useWorkspace()
  const needsLocation = mode !== 'look' && locationId === null
  const isEmpty = device.syncPoint.value.complete && device.queries.isEmpty
  return (
    <Card>
      <EmptyState icon={ScanBarcode} title={t(needsLocation ? 'scan.readyLocation' : 'scan.readyItem')}>
        {isEmpty ? t('scan.noItems') : t(needsLocation ? 'scan.noLocationHint' : `scan.ready.${mode}`)}
        {status.value.loading && ` ${t('scan.stillLoading')}`}
      </EmptyState>
    </Card>
  )
}
