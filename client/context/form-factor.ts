// Handheld or desk, by the width of the window, as in the styles.
import { signal } from '@preact/signals'

const narrow = matchMedia('(width < 700px)')

export const isHandheld = signal(narrow.matches)

narrow.addEventListener('change', () => (isHandheld.value = narrow.matches))
