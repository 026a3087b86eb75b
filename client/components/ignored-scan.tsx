// A message inside an open sheet that the sheet did not use a scan. The scan itself is handled after the sheet closes.
import type { ComponentChildren } from 'preact'

export function IgnoredScan({ children }: { readonly children: ComponentChildren }) {
  return (
    <p role="alert" class="warn-line">
      {children}
    </p>
  )
}
