// Signing in, and making the first organisation, without the looks.
import { computed, signal } from '@preact/signals'
import type { Session, SignInResult } from '../../session/session.ts'
import { meaning, t } from '../../strings/strings.ts'

type Doors = Pick<Session, 'signIn' | 'setup' | 'setupNeeded'>

/** As the server wants it. */
export const PASSWORD_MIN = 10

const EMPTY = { token: '', organisation: '', name: '', email: '', password: '' }
export type SignInField = keyof typeof EMPTY

export class SignInModel {
  readonly fields = signal(EMPTY)
  readonly busy = signal(false)
  readonly problem = signal<string | undefined>(undefined)
  /** Fields that were left wrong when the person pressed the button. */
  readonly wrong = signal<Partial<Record<SignInField, string>>>({})
  readonly setup = signal(false)
  readonly #session: Doors
  readonly #done: () => void

  /** `token` as the address that the server printed has it. */
  constructor(session: Doors, { email = '', token = '', done }: { email?: string; token?: string; done: () => void }) {
    this.#session = session
    this.#done = done
    this.fields.value = { ...EMPTY, email, token }
  }

  readonly ready = computed(() => !this.busy.value)

  async askWhetherNew(): Promise<void> {
    this.setup.value = await this.#session.setupNeeded()
  }

  set(field: SignInField, value: string): void {
    this.fields.value = { ...this.fields.value, [field]: value }
    const { [field]: _, ...others } = this.wrong.value
    this.wrong.value = others
    this.problem.value = undefined
  }

  async submit(): Promise<void> {
    if (this.busy.value) return
    this.wrong.value = this.#mistakes()
    if (Object.keys(this.wrong.value).length > 0) return
    this.busy.value = true
    this.problem.value = undefined
    const { email, password, ...others } = this.fields.value
    const person = { email: email.trim(), password }
    const result = this.setup.value
      ? await this.#session.setup({ ...others, ...person })
      : await this.#session.signIn(person.email, person.password)
    this.busy.value = false
    if (result.ok) this.#done()
    else this.problem.value = wordsOf(result, this.setup.value)
  }

  #mistakes(): Partial<Record<SignInField, string>> {
    const { token, organisation, name, email, password } = this.fields.value
    const wrong: Partial<Record<SignInField, string>> = {}
    if (!/^\S+@\S+$/.test(email.trim())) wrong.email = t('signIn.emailWanted')
    if (password === '') wrong.password = t('signIn.passwordWanted')
    if (!this.setup.value) return wrong
    if (password.length < PASSWORD_MIN) wrong.password = t('signIn.passwordShort', { min: PASSWORD_MIN })
    if (token.trim() === '') wrong.token = t('signIn.tokenWanted')
    if (organisation.trim() === '') wrong.organisation = t('signIn.organisationWanted')
    if (name.trim() === '') wrong.name = t('signIn.nameWanted')
    return wrong
  }
}

function wordsOf(result: Extract<SignInResult, { ok: false }>, setup: boolean): string {
  const { refusal, retryAfterS } = result
  if (refusal === 'offline') return t('signIn.offline')
  if (refusal === 'bad_credentials') return t(setup ? 'signIn.badToken' : 'signIn.badCredentials')
  if (refusal === 'disabled') return `${meaning(refusal).cause} ${meaning(refusal).remedy}`
  if (refusal === 'rate_limited') {
    return t('signIn.tooMany', { count: Math.max(1, Math.ceil((retryAfterS ?? 60) / 60)) })
  }
  if (refusal === 'unavailable') return t('signIn.unavailable')
  return refusal === 'malformed' ? t('signIn.malformed') : t('signIn.refused', { code: refusal })
}
