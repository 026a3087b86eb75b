// The sign-in screen. On a new server it creates the organisation.
import { useLocation } from 'preact-iso'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import type { Session } from '../../session/session.ts'
import type { Person } from '../../session/stored-person.ts'
import { chooseLanguage, currentLanguage, languages, t, type Language } from '../../strings/strings.ts'
import { deviceName } from '../../device/storage/device-name.ts'
import { OtherUsersPending } from '../../components/other-users-pending.tsx'
import { AppFrame } from '../../ui/layout/app-frame.tsx'
import { Button } from '../../ui/controls/button.tsx'
import { Field } from '../../ui/controls/field.tsx'
import { Icon } from '../../ui/controls/icon.tsx'
import { CircleAlert } from 'lucide-preact'
import { PASSWORD_MIN, SignInModel, type SignInField } from './sign-in-model.ts'
import './sign-in.css'

type Props = {
  readonly session: Session
  /** The person whose session has expired. Their data is still on this device. */
  readonly again?: Person | undefined
}

export function SignIn({ session, again }: Props) {
  const { route } = useLocation()
  const model = useMemo(
    () =>
      new SignInModel(session, {
        email: again?.user.email ?? '',
        token: new URLSearchParams(location.search).get('token') ?? '',
        done: () => {
          // Requested here, because browsers grant it more readily after a person signs in.
          void navigator.storage?.persist?.().catch(() => false)
          route('/', true)
        },
      }),
    [session],
  )
  const previousPerson = session.person.value // their own pending mutations do not count as another person's
  const isSetup = model.setup.value
  useEffect(() => void model.checkSetup(), [model])
  useEffect(() => {
    document.title = `${t(isSetup ? 'signIn.setupTitle' : 'signIn.title')} · Stockhand`
  }, [isSetup])
  return (
    <AppFrame bare bar={[]} side={[]}>
      <div class="sign-in">
        <div class="sign-in-head">
          <img src="/icons/mark.svg" alt="" width={56} height={56} />
          <h1>{t(isSetup ? 'signIn.setupTitle' : 'signIn.title')}</h1>
          <p class="soft">{again ? t('signIn.again') : t(isSetup ? 'signIn.setupHint' : 'signIn.hint')}</p>
        </div>
        <Form model={model} />
        {again && (
          <Button kind="quiet" href="/">
            {t('signIn.back')}
          </Button>
        )}
        <OtherUsersPending own={previousPerson && deviceName(previousPerson)} />
        <LanguageChoice />
      </div>
    </AppFrame>
  )
}

function Form({ model }: { model: SignInModel }) {
  const form = useRef<HTMLFormElement>(null)
  const isSetup = model.setup.value
  const fieldProps = (name: SignInField) => ({
    name,
    value: model.fields.value[name],
    error: model.wrong.value[name],
    onInput: (value: string) => model.set(name, value),
  })
  const submit = async () => {
    await model.submit()
    form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus()
  }
  return (
    <form
      ref={form}
      noValidate
      class="stack"
      onSubmit={(event) => {
        event.preventDefault()
        void submit()
      }}
    >
      {isSetup && (
        <>
          <Field label={t('signIn.token')} {...fieldProps('token')} hint={t('signIn.tokenHint')} />
          <Field label={t('signIn.organisation')} {...fieldProps('organisation')} autoComplete="organization" />
          <Field label={t('signIn.name')} {...fieldProps('name')} autoComplete="name" />
        </>
      )}
      <Field label={t('signIn.email')} kind="email" {...fieldProps('email')} autoComplete="username" />
      <Field
        label={t('signIn.password')}
        kind="password"
        {...fieldProps('password')}
        autoComplete={isSetup ? 'new-password' : 'current-password'}
        hint={isSetup ? t('signIn.passwordShort', { min: PASSWORD_MIN }) : undefined}
      />
      {model.problem.value && (
        <p class="sign-in-problem" role="alert">
          <Icon of={CircleAlert} />
          {model.problem.value}
        </p>
      )}
      <Button kind="primary" type="submit" wide busy={model.busy.value}>
        {t(isSetup ? 'signIn.setupDo' : 'signIn.do')}
      </Button>
    </form>
  )
}

function LanguageChoice() {
  const now = currentLanguage()
  return (
    <div class="sign-in-languages">
      {(Object.keys(languages) as Language[]).map((language) => (
        <button
          key={language}
          type="button"
          lang={language}
          aria-pressed={language === now}
          onClick={() => void chooseLanguage(language)}
        >
          {languages[language]}
        </button>
      ))}
    </div>
  )
}
