// A sign beside a word. Without a label it says nothing to those who listen: the word beside it does.
import type { ComponentType } from 'preact'
import type { LucideProps } from 'lucide-preact'
import './icon.css'

export type IconShape = ComponentType<LucideProps>

type Props = {
  /** Imported by name, so that only the icons in use are shipped: `import { ScanBarcode } from 'lucide-preact'`. */
  readonly of: IconShape
  /** Only where no word stands beside it. */
  readonly label?: string | undefined
  readonly class?: string | undefined
}

export function Icon({ of: Shape, label, class: name }: Props) {
  const access = label === undefined ? { 'aria-hidden': true as const } : { role: 'img' as const, 'aria-label': label }
  return <Shape class={name ? `icon ${name}` : 'icon'} strokeWidth={2} {...access} />
}
