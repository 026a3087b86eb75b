// The Kubernetes manifests of both overlays: valid by Kubernetes' schema, and consistent with each other, with the
// image and with the server's settings. These tests do not show that a cluster runs them.
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { VARIABLE_NAMES } from '../../server/process/config.ts'
import { STOP_TIMEOUT_MS } from '../../server/process/stop-timeout.ts'
import { POOL_MAX } from '../../server/database/database.ts'
import { JOBS_POOL_MAX } from '../../server/jobs/jobs.ts'
import { type Manifest, schemaProblems } from './support/kubernetes-schema.ts'
import { renderOverlay } from './support/kustomize.ts'
import { lacks } from './support/lacks.ts'

interface Probe {
  httpGet?: { path: string; port: string }
}
interface Container {
  name: string
  image: string
  args?: string[]
  env?: { name: string; value?: string; valueFrom?: { secretKeyRef?: { name: string; key: string } } }[]
  envFrom?: { configMapRef?: { name: string }; secretRef?: { name: string; optional?: boolean } }[]
  ports?: { name: string; containerPort: number }[]
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> }
  securityContext?: Record<string, unknown>
  startupProbe?: Probe
  livenessProbe?: Probe
  readinessProbe?: Probe
  lifecycle?: { preStop?: unknown }
  volumeMounts?: { name: string; mountPath: string }[]
}
interface PodSpec {
  containers: Container[]
  automountServiceAccountToken?: boolean
  terminationGracePeriodSeconds?: number
  securityContext?: Record<string, unknown>
  topologySpreadConstraints?: unknown[]
  volumes?: { name: string; persistentVolumeClaim?: { claimName: string } }[]
}
interface PodTemplate {
  metadata: { labels: Record<string, string> }
  spec: PodSpec
}
type Labels = { matchLabels?: Record<string, string>; matchExpressions?: { key: string; values: string[] }[] }

const ROOT = resolve(import.meta.dirname, '../..')
/** Connections that PostgreSQL reserves by default. */
const KEPT_FOR_SUPERUSERS = 3
const IMAGE_OF_POSTGRES = ['POSTGRES_USER', 'POSTGRES_DB', 'POSTGRES_PASSWORD', 'PGDATA']
const IMAGE_OF_REDIS = ['REDISCLI_AUTH']
/** Variables that are only parts of addresses. */
const PARTS_OF_ADDRESSES = ['POSTGRES_APP_PASSWORD', 'POSTGRES_OWNER_PASSWORD', 'REDIS_PASSWORD']

const cannotRender = lacks('kubectl')

describe.skipIf(cannotRender).each(['minikube', 'digitalocean'])('the overlay %s', (overlay) => {
  const manifests = cannotRender ? [] : renderOverlay(overlay)
  const ofKind = (kind: string) => manifests.filter((manifest) => manifest.kind === kind)
  const named = (kind: string, name: string) =>
    ofKind(kind).find(({ metadata }) => metadata.name === name) as Manifest & { spec: unknown }
  const pods = manifests.flatMap((manifest) => podsOf(manifest))
  const containers = pods.flatMap(({ owner, template }) =>
    template.spec.containers.map((container) => ({ owner, container })),
  )

  it('has every field that Kubernetes requires, and no unknown one', () => {
    expect(manifests.length).toBeGreaterThan(20)
    expect(manifests.flatMap((manifest) => schemaProblems(manifest))).toEqual([])
  })

  it('has every required object', () => {
    const all = manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`)
    for (const name of ['api', 'worker'])
      for (const kind of ['Deployment', 'HorizontalPodAutoscaler', 'PodDisruptionBudget'])
        expect(all).toContain(`${kind}/${name}`)
    expect(all).toEqual(
      expect.arrayContaining([
        'StatefulSet/postgres',
        'StatefulSet/redis',
        'Job/migrate',
        'CronJob/backup',
        'Ingress/stockhand',
        'Service/api',
        'Service/postgres',
        'Service/redis',
        'NetworkPolicy/default-deny',
      ]),
    )
    expect(all).not.toContain('Service/api-public') // only one entry, unless the overlay enables the load balancer
    expect(named('Ingress', 'stockhand').spec).toMatchObject({ tls: [{ hosts: [expect.any(String)] }] })
    expect(named('StatefulSet', 'postgres').spec).toMatchObject({ volumeClaimTemplates: [expect.anything()] })
  })

  it('has no cluster-wide object but the namespace, which a deployment leaves out', () => {
    const ownNamespace = manifests.filter(({ metadata }) => metadata['namespace'] === undefined)
    expect(ownNamespace.map(({ kind }) => kind)).toEqual(['Namespace'])
    expect(ownNamespace[0]!.metadata['labels']).toMatchObject({ 'app.kubernetes.io/name': 'namespace' })
    const workflow = readFileSync(join(ROOT, '.github/workflows/deploy-kubernetes.yml'), 'utf8')
    expect(workflow).toContain("selector='app.kubernetes.io/name!=namespace'\n")
  })

  it('rolls out without losing a server, and has at least three', () => {
    const { strategy, replicas } = named('Deployment', 'api').spec as { strategy: unknown; replicas?: number }
    expect(strategy).toMatchObject({ rollingUpdate: { maxUnavailable: 0 } })
    expect(replicas).toBeUndefined() // it would overwrite the autoscaler's number
    expect(named('HorizontalPodAutoscaler', 'api').spec).toMatchObject({ minReplicas: 3 })
    expect(named('PodDisruptionBudget', 'api').spec).toMatchObject({ minAvailable: 2 })
  })

  it('has a database with enough connections for everything that may run at once', () => {
    const most = (name: string) => {
      const { maxReplicas } = named('HorizontalPodAutoscaler', name).spec as { maxReplicas: number }
      return maxReplicas + 1 // one more during a rollout
    }
    const others = ['CronJob/backup', 'Deployment/backup-on-demand', 'Job/migrate']
    expect(pods.map(({ owner }) => owner)).toEqual(expect.arrayContaining(others))
    const asked = most('api') * POOL_MAX + (most('worker') + others.length) * (POOL_MAX + JOBS_POOL_MAX)
    const database = containers.find(({ container }) => container.name === 'postgres')!.container
    const taken = Number(/^max_connections=(\d+)$/.exec(database.args!.find((arg) => arg.startsWith('max_conn'))!)![1])
    expect(asked).toBeLessThanOrEqual(taken - KEPT_FOR_SUPERUSERS)
    expect(Number.parseInt(database.resources!.limits!['memory']!, 10) * 1024).toBeGreaterThan(256 + taken * 10)
  })

  it('has passwords only in the generated Secret', () => {
    const [secret, ...others] = ofKind('Secret') as (Manifest & { data: Record<string, string> })[]
    expect(others).toEqual([])
    for (const { owner, container } of containers) {
      for (const { name, value, valueFrom } of container.env ?? []) {
        const where = `${owner}: ${name}`
        if (/PASSWORD|SECRET|AUTH/.test(name)) expect(valueFrom?.secretKeyRef, where).toBeDefined()
        if (valueFrom?.secretKeyRef) {
          expect(valueFrom.secretKeyRef.name, where).toBe(secret!.metadata.name)
          expect(Object.keys(secret!.data), where).toContain(valueFrom.secretKeyRef.key)
        }
        expect(value ?? '', where).not.toMatch(/:\/\/[^/]*:(?!\$\()[^/]*@/)
      }
    }
  })

  it('sets only variables that the server reads', () => {
    for (const { owner, container } of containers) {
      const settings = (container.envFrom ?? []).flatMap(({ configMapRef, secretRef }) => {
        expect(secretRef ?? { optional: true }, owner).toMatchObject({ optional: true }) // created by hand, or missing
        if (secretRef) return []
        const map = named('ConfigMap', configMapRef!.name) as unknown as { data: Record<string, string> } | undefined
        expect(map, `${owner}: ${configMapRef!.name}`).toBeDefined()
        return Object.keys(map!.data)
      })
      const names = [...settings, ...(container.env ?? []).map(({ name }) => name)]
      const others = { postgres: IMAGE_OF_POSTGRES, redis: IMAGE_OF_REDIS }[container.name]
      const known = others ?? [...VARIABLE_NAMES, ...PARTS_OF_ADDRESSES]
      expect(
        names.filter((name) => !known.includes(name)),
        owner,
      ).toEqual([])
      // $(NAME) in a value is only replaced if NAME is defined before it.
      for (const [index, { name, value = '' }] of (container.env ?? []).entries())
        for (const [, used] of value.matchAll(/\$\((\w+)\)/g))
          expect(
            container.env!.slice(0, index).map((one) => one.name),
            `${owner}: ${name}`,
          ).toContain(used)
    }
  })

  it('gives the owner’s password only to the containers that migrate, back up or run the database', () => {
    const having = containers
      .filter(({ container }) => JSON.stringify(container.env ?? []).includes('POSTGRES_OWNER_PASSWORD'))
      .map(({ owner }) => owner)
    expect(having.toSorted()).toEqual([
      'CronJob/backup',
      'Deployment/backup-on-demand',
      'Job/migrate',
      'StatefulSet/postgres',
    ])
  })

  it('runs one image of ours everywhere, with commands that it has', () => {
    const ours = containers.filter(({ container }) => /stockhand/.test(container.image))
    expect(new Set(ours.map(({ container }) => container.image)).size).toBe(1)
    const commands = ours.map(({ container }) => container.args?.[0])
    expect(new Set(commands)).toEqual(new Set(['backup', 'migrate', 'server']))
    const { services } = parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8')) as {
      services: Record<string, { image: string }>
    }
    for (const name of ['postgres', 'redis'])
      expect(containers.find(({ container }) => container.name === name)!.container.image).toBe(services[name]!.image)
    for (const { container } of containers) expect(container.image).toMatch(/:\d[\w.-]*$/)
  })

  it('has unprivileged pods that write only to their volumes, with resource limits', () => {
    for (const { owner, template } of pods) {
      const { securityContext, automountServiceAccountToken, volumes = [] } = template.spec
      expect(securityContext, owner).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
      expect(automountServiceAccountToken, owner).toBe(false)
      for (const container of template.spec.containers) {
        expect(container.securityContext, owner).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        })
        for (const side of ['requests', 'limits'] as const)
          expect(Object.keys(container.resources?.[side] ?? {}).toSorted(), owner).toEqual(['cpu', 'memory'])
        const mounted = (container.volumeMounts ?? []).map(({ name }) => name).filter((name) => name !== 'data')
        expect(
          volumes.map(({ name }) => name),
          owner,
        ).toEqual(expect.arrayContaining(mounted))
      }
      for (const { persistentVolumeClaim: claim } of volumes)
        if (claim) expect(named('PersistentVolumeClaim', claim.claimName), owner).toBeDefined()
    }
  })

  it('probes every server for startup, liveness and readiness, at ports that exist', () => {
    const image = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
    const serving = containers.filter(({ owner }) => /^(Deployment|StatefulSet)/.test(owner))
    expect(serving).toHaveLength(5)
    for (const { owner, container } of serving) {
      const probes = [container.startupProbe, container.livenessProbe, container.readinessProbe]
      for (const probe of probes) {
        expect(probe, owner).toBeDefined()
        const ports = container.ports!.map(({ name }) => name)
        if (probe?.httpGet) expect(ports, owner).toContain(probe.httpGet.port)
      }
      if (!owner.startsWith('Deployment')) continue
      expect(container.lifecycle?.preStop, owner).toBeDefined()
      for (const { name, containerPort } of container.ports!)
        expect(image).toMatch(new RegExp(`\\b${name === 'http' ? 'PORT' : 'METRICS_PORT'}=${containerPort}\\b`))
    }
  })

  it('gives servers more time to stop than they need', () => {
    for (const name of ['api', 'worker']) {
      const { template } = named('Deployment', name).spec as { template: PodTemplate }
      expect(template.spec.terminationGracePeriodSeconds).toBeGreaterThan(STOP_TIMEOUT_MS / 1000 + 5)
      expect(template.spec.topologySpreadConstraints).toHaveLength(2)
    }
  })

  it('has selectors that match their targets, and ports that exist', () => {
    const find = (labels: Labels) => pods.filter(({ template }) => fits(template.metadata.labels, labels))
    for (const workload of manifests.filter(({ kind }) => ['Deployment', 'StatefulSet'].includes(kind))) {
      const { selector } = workload['spec'] as { selector: Labels }
      expect(find(selector).map(({ owner }) => owner)).toEqual([`${workload.kind}/${workload.metadata.name}`])
    }
    for (const { metadata, spec } of ofKind('Service') as (Manifest & { spec: ServiceSpec })[]) {
      const [pod, ...others] = find({ matchLabels: spec.selector })
      expect(others, metadata.name).toEqual([])
      const ports = pod!.template.spec.containers[0]!.ports!.map(({ name }) => name)
      for (const { targetPort } of spec.ports) expect(ports, metadata.name).toContain(targetPort)
    }
    for (const { metadata, spec } of ofKind('PodDisruptionBudget') as (Manifest & { spec: { selector: Labels } })[])
      expect(find(spec.selector).map(({ owner }) => owner)).toEqual([`Deployment/${metadata.name}`])
    for (const { spec } of ofKind('HorizontalPodAutoscaler') as (Manifest & { spec: Scaler })[])
      expect(named(spec.scaleTargetRef.kind, spec.scaleTargetRef.name)).toBeDefined()
    for (const { metadata, spec } of ofKind('NetworkPolicy') as (Manifest & { spec: { podSelector: Labels } })[])
      if (metadata.name !== 'certificate-challenge')
        expect(find(spec.podSelector).length, metadata.name).toBeGreaterThan(0)
    const { rules } = named('Ingress', 'stockhand').spec as IngressSpec
    for (const { backend } of rules.flatMap(({ http }) => http.paths)) {
      const { ports } = named('Service', backend.service.name).spec as ServiceSpec
      expect(ports.map(({ name }) => name)).toContain(backend.service.port.name)
    }
  })

  it('has one host name in the ingress, its certificate and the server', () => {
    const { rules, tls } = named('Ingress', 'stockhand').spec as IngressSpec
    const settings = ofKind('ConfigMap')[0] as unknown as { data: Record<string, string> }
    expect(new URL(settings.data['PUBLIC_URL']!).host).toBe(rules[0]!.host)
    expect(tls[0]!.hosts).toEqual([rules[0]!.host])
  })
})

describe.skipIf(cannotRender).each(['minikube', 'digitalocean'])(
  'the overlay %s with optional components',
  (overlay) => {
    it('has a load balancer in front of the servers', () => {
      const manifests = renderOverlay(overlay, ['load-balancer'])
      expect(manifests.flatMap((manifest) => schemaProblems(manifest))).toEqual([])
      const balancer = manifests.find(({ metadata }) => metadata.name === 'api-public')
      expect(balancer).toMatchObject({ kind: 'Service', spec: { type: 'LoadBalancer' } })
    })

    it('supports a managed PostgreSQL: none of ours is left, and every address is from the Secret', () => {
      const addresses = [
        'DATABASE_URL=postgres://a:b@db.example.com/c',
        'DATABASE_OWNER_URL=postgres://d:e@db.example.com/c',
      ]
      const manifests = renderOverlay(overlay, ['managed-postgres'], addresses)
      expect(manifests.flatMap((manifest) => schemaProblems(manifest))).toEqual([])
      expect(manifests.filter(({ metadata }) => /postgres/.test(metadata.name))).toEqual([])
      expect(JSON.stringify(manifests)).not.toMatch(/@postgres:|"app.kubernetes.io\/name":"postgres"/)
      const secret = manifests.find(({ kind }) => kind === 'Secret')!.metadata.name
      const set = manifests
        .flatMap((manifest) => podsOf(manifest))
        .flatMap(({ template }) => template.spec.containers.flatMap(({ env = [] }) => env))
        .filter((one) => one.name.startsWith('DATABASE_'))
      expect(set).toHaveLength(8) // of api, worker, and three more that have the owner's too
      for (const one of set)
        expect(one).toEqual({ name: one.name, valueFrom: { secretKeyRef: { name: secret, key: one.name } } })
      const ways = manifests.find(({ metadata }) => metadata.name === 'from-our-programs')!['spec']
      expect(ways).toMatchObject({ egress: [{ ports: [{ port: 5432 }, { port: 25060 }] }, {}, {}] })
    })
  },
)

describe('the check of manifests', () => {
  const deployment = (change: (spec: Record<string, unknown>) => void): Manifest => {
    const spec: Record<string, unknown> = {
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'd' }] } },
    }
    change(spec)
    return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'planted' }, spec }
  }
  const container = (spec: Record<string, unknown>) =>
    (spec as { template: { spec: { containers: Record<string, unknown>[] } } }).template.spec.containers[0]!

  it.each([
    ['nothing', () => undefined, []],
    [
      'a field that does not exist',
      (spec: Record<string, unknown>) => (container(spec)['readynessProbe'] = {}),
      ['Deployment/planted.spec.template.spec.containers[0].readynessProbe does not exist'],
    ],
    [
      'a text instead of a number',
      (spec: Record<string, unknown>) => (spec['replicas'] = '3'),
      ['Deployment/planted.spec.replicas must be a number'],
    ],
    [
      'a number in a list of texts',
      (spec: Record<string, unknown>) => (container(spec)['args'] = ['server', 1]),
      ['Deployment/planted.spec.template.spec.containers[0].args[1] must be a string'],
    ],
    [
      'a required field that is missing',
      (spec: Record<string, unknown>) => delete spec['selector'],
      ['Deployment/planted.spec.selector is missing'],
    ],
  ])('finds %s', (_what, change, expected) => {
    expect(schemaProblems(deployment(change))).toEqual(expected)
  })

  it('finds a kind that this version does not have', () => {
    const old = { ...deployment(() => undefined), apiVersion: 'apps/v1beta1' }
    expect(schemaProblems(old)).toEqual(['Deployment: there is no apps/v1beta1 Deployment'])
  })
})

interface ServiceSpec {
  selector: Record<string, string>
  ports: { name: string; targetPort: string }[]
}
interface Scaler {
  scaleTargetRef: { kind: string; name: string }
}
interface IngressSpec {
  rules: { host: string; http: { paths: { backend: { service: { name: string; port: { name: string } } } }[] } }[]
  tls: { hosts: string[] }[]
}

function podsOf(manifest: Manifest): { owner: string; template: PodTemplate }[] {
  const spec = manifest['spec'] as { template?: PodTemplate; jobTemplate?: { spec: { template: PodTemplate } } }
  const template = spec?.template ?? spec?.jobTemplate?.spec.template
  return template ? [{ owner: `${manifest.kind}/${manifest.metadata.name}`, template }] : []
}

function fits(labels: Record<string, string>, { matchLabels = {}, matchExpressions = [] }: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, values }) => values.includes(labels[key] ?? ''))
  )
}
