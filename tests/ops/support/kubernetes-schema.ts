// Kubernetes' own schema, from its client library: every field of a manifest must exist and have its type, and every
// required field must be there. The API server itself drops unknown fields silently.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import * as client from '@kubernetes/client-node'

interface Attribute {
  name: string
  baseName: string
  type: string
}
type Model = { getAttributeTypeMap(): Attribute[] }
export type Manifest = {
  apiVersion: string
  kind: string
  metadata: { name: string } & Record<string, unknown>
} & Record<string, unknown>

const models = client as unknown as Record<string, Model | undefined>
const PACKAGE = dirname(createRequire(import.meta.url).resolve('@kubernetes/client-node'))
const SCALARS = ['string', 'number', 'boolean']

/** The problems of a manifest, each with its path. Empty if it is valid. */
export function schemaProblems(manifest: Manifest): string[] {
  const name = modelName(manifest)
  if (models[name] === undefined) return [`${manifest.kind}: there is no ${manifest.apiVersion} ${manifest.kind}`]
  return problems(manifest, name, `${manifest.kind}/${manifest.metadata.name}`)
}

/**
 * The model of apps/v1 Deployment is V1Deployment, that of autoscaling/v2 HorizontalPodAutoscaler is
 * V2HorizontalPodAutoscaler.
 */
function modelName({ apiVersion, kind }: Manifest): string {
  const version = apiVersion.split('/').at(-1)!
  return `${version[0]!.toUpperCase()}${version.slice(1)}${kind}`
}

function problems(value: unknown, type: string, path: string): string[] {
  const list = /^Array<(.*)>$/.exec(type)
  if (list) {
    if (!Array.isArray(value)) return [`${path} must be a list`]
    return value.flatMap((one, index) => problems(one, list[1]!, `${path}[${index}]`))
  }
  const map = /^\{ \[key: string\]: (.*?);? \}$/.exec(type)
  if (map) {
    if (!isObject(value)) return [`${path} must be a map`]
    return Object.entries(value).flatMap(([key, one]) => problems(one, map[1]!, `${path}.${key}`))
  }
  if (SCALARS.includes(type)) return typeof value === type ? [] : [`${path} must be a ${type}`]
  if (type === 'IntOrString')
    return ['string', 'number'].includes(typeof value) ? [] : [`${path} must be a number or text`]
  if (type === 'any') return []
  const model = models[type]
  if (model === undefined) return [`${path} is of ${type}, which this check does not know`]
  if (!isObject(value)) return [`${path} must be an object`]
  const attributes = model.getAttributeTypeMap()
  const wrong = Object.entries(value).flatMap(([key, one]) => {
    const attribute = attributes.find(({ baseName }) => baseName === key)
    return attribute ? problems(one, attribute.type, `${path}.${key}`) : [`${path}.${key} does not exist`]
  })
  const missing = requiredOf(type).filter((key) => !(key in value))
  return [...wrong, ...missing.map((key) => `${path}.${key} is missing`)]
}

const known = new Map<string, string[]>()

/** From the library's types: 'selector': is required, 'replicas'?: is optional. */
function requiredOf(type: string): string[] {
  const cached = known.get(type)
  if (cached) return cached
  const types = readFileSync(join(PACKAGE, 'gen/models', `${type}.d.ts`), 'utf8')
  const required = [...types.matchAll(/^ {4}'(\w+)': /gm)].map(([, name]) => name!)
  known.set(type, required)
  return required
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
