// A scan that an open sheet had no use for: said inside it, where it is seen. The scan itself comes after.
import type { ComponentChildren } from 'preact'

export function IgnoredScan({ children }: { readonly children: ComponentChildren }) {
  return (
    <p role="alert" class="warn-line">
      {children}
    </p>
  )
}
