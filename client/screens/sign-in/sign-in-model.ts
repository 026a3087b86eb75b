// The model of the sign-in screen, which also creates the first organisation.
import { computed, signal } from '@preact/signals'
import type { Session, SignInResult } from '../../session/session.ts'
import { meaning, t } from '../../strings/strings.ts'

type SignInSession = Pick<Session, 'signIn' | 'setup' | 'setupNeeded'>

/** The server's minimum. */
export const PASSWORD_MIN = 10

const EMPTY = { token: '', organisation: '', name: '', email: '', password: '' }
export type SignInField = keyof typeof EMPTY

export class SignInModel {
  readonly fields = signal(EMPTY)
  readonly busy = signal(false)
  readonly problem = signal<string | undefined>(undefined)
  /** The invalid fields when the person submitted the form. */
  readonly wrong = signal<Partial<Record<SignInField, string>>>({})
  readonly setup = signal(false)
  readonly #session: SignInSession
  readonly #done: () => void

  /** `token`: from the link that the server printed. */
  constructor(
    session: SignInSession,
    { email = '', token = '', done }: { email?: string; token?: string; done: () => void },
  ) {
    this.#session = session
    this.#done = done
    this.fields.value = { ...EMPTY, email, token }
  }

  readonly ready = computed(() => !this.busy.value)

  async checkSetup(): Promise<void> {
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
    this.wrong.value = this.#validate()
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
    else this.problem.value = describe(result, this.setup.value)
  }

  #validate(): Partial<Record<SignInField, string>> {
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

function describe(result: Extract<SignInResult, { ok: false }>, setup: boolean): string {
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
