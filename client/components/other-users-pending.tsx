// Another person's work may wait in this browser: that it does is said, never what it is.
import { useEffect, useState } from 'preact/hooks'
import { countOtherUsersPending } from '../device/storage/device-storage.ts'
import { t } from '../strings/strings.ts'

/** `own` is the name of the database of whoever is signed in. */
export function OtherUsersPending({ own }: { own?: string | undefined }) {
  const [count, setCount] = useState(0)
  useEffect(() => {
    let isCurrent = true
    void countOtherUsersPending(own)
      .catch(() => 0)
      .then((waiting) => isCurrent && setCount(waiting))
    return () => {
      isCurrent = false
    }
  }, [own])
  return count > 0 ? <p class="soft small">{t('more.othersWaiting', { count })}</p> : null
}
