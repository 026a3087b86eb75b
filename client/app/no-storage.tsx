// The device cannot keep anything: said before a person scans into nothing.
import { HardDrive } from 'lucide-preact'
import { t } from '../strings/strings.ts'
import { AppFrame } from '../ui/app-frame.tsx'
import { Button } from '../ui/button.tsx'
import { EmptyState } from '../ui/empty-state.tsx'

export function NoStorage({ problem }: { problem: unknown }) {
  return (
    <AppFrame bare bar={[]} side={[]} title={t('storage.none')}>
      <EmptyState
        icon={HardDrive}
        title={t('storage.none')}
        action={
          <Button kind="primary" onPress={() => location.reload()}>
            {t('storage.again')}
          </Button>
        }
      >
        {t('storage.noneHint')}{' '}
        <span class="small">{problem instanceof Error ? problem.message : String(problem)}</span>
      </EmptyState>
    </AppFrame>
  )
}
