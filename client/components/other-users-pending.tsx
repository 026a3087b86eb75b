// Says that another person has pending mutations in this browser, but not which ones.
import { useEffect, useState } from 'preact/hooks'
import { countOtherUsersPending } from '../device/storage/other-devices.ts'
import { t } from '../strings/strings.ts'

/** `own`: the name of the signed-in person's database. */
export function OtherUsersPending({ own }: { own?: string | undefined }) {
  const [count, setCount] = useState(0)
  useEffect(() => {
    let isCurrent = true
    void countOtherUsersPending(own)
      .catch(() => 0)
      .then((pending) => isCurrent && setCount(pending))
    return () => {
      isCurrent = false
    }
  }, [own])
  return count > 0 ? <p class="soft small">{t('more.othersWaiting', { count })}</p> : null
}
