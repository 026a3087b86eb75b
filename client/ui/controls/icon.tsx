// An icon beside a word. Without a label, screen readers skip it, because they read the word.
import type { ComponentType } from 'preact'
import type { LucideProps } from 'lucide-preact'
import './icon.css'

export type IconShape = ComponentType<LucideProps>

type Props = {
  /** Imported by name, so that only the icons in use are shipped: `import { ScanBarcode } from 'lucide-preact'`. */
  readonly of: IconShape
  /** Only if no word is beside it. */
  readonly label?: string | undefined
  readonly class?: string | undefined
}

export function Icon({ of: Shape, label, class: name }: Props) {
  const ariaProps =
    label === undefined ? { 'aria-hidden': true as const } : { role: 'img' as const, 'aria-label': label }
  return <Shape class={name ? `icon ${name}` : 'icon'} strokeWidth={2} {...ariaProps} />
}
