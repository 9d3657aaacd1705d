/**
 * JSON that tests see, held against the published schemas (schemas/). Those allow fields that they do not name, for
 * versions to come; here such a field is a mistake.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import type { JourneyDocument } from '../src/reports/documents.ts'

/** Of the folder that tests run in; the fuzzer bundles this file to another place. */
const FOLDER = 'schemas'
const FILES = readdirSync(FOLDER)

/** As much of JSON Schema as the published ones use. */
export interface Schema {
  title?: string
  description?: string
  definitions: Record<string, Schema>
  $ref?: string
  type?: string | string[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  additionalProperties?: boolean | Schema
  enum?: unknown[]
  const?: unknown
}

/** `explanation`, `ruleset` … */
export const schemaOf = (name: string): Schema => JSON.parse(readFileSync(`${FOLDER}/${name}.schema.json`, 'utf8'))

const ajv = new Ajv({ allowUnionTypes: true, verbose: true, allErrors: true })
const compiled = new Map<string, ValidateFunction>()

/** `name`: of a file, or `file#/definitions/Name`. */
function validator(name: string): ValidateFunction {
  let validate = compiled.get(name)
  if (!validate) {
    const [file = '', part] = name.split('#')
    if (!ajv.getSchema(file)) ajv.addSchema(closed(schemaOf(file)) as object, file)
    validate = part === undefined ? ajv.getSchema(file)! : ajv.compile({ $ref: name })
    compiled.set(name, validate)
  }
  return validate
}

/** The same schema, which takes no field that it does not name. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  if ('allOf' in schema) throw new Error('allOf: which fields there are depends on all of its parts')
  const entries = Object.entries(schema).map(([key, one]) => [key, closed(one)])
  return { ...('properties' in schema ? { additionalProperties: false } : {}), ...Object.fromEntries(entries) }
}

/** Throws where the value is not what this schema says. */
export function checkAgainst(name: string, value: unknown): void {
  const validate = validator(name)
  if (validate(value)) return
  const { instancePath, message, params, data } = telling(validate.errors!)[0]!
  const what = JSON.stringify(data)?.slice(0, 300)
  throw new Error(`${name}: ${instancePath || 'the whole'} ${message} ${JSON.stringify(params)}: ${what}`)
}

/** The deepest first; of alternatives told apart by their `kind`, none of another kind. */
function telling(errors: readonly ErrorObject[]): ErrorObject[] {
  const others = errors
    .filter(({ keyword, instancePath }) => keyword === 'const' && instancePath.endsWith('/kind'))
    .map(({ schemaPath }) => schemaPath.replace(/properties\/kind\/const$/, ''))
  const ofItsKind = errors.filter(
    ({ keyword, schemaPath }) => keyword !== 'anyOf' && !others.some((path) => schemaPath.startsWith(path)),
  )
  const depth = ({ instancePath }: ErrorObject) => instancePath.split('/').length
  return (ofItsKind.length > 0 ? ofItsKind : [...errors]).sort((a, b) => depth(b) - depth(a))
}

const BY_LABEL = new Map(
  FILES.map((file) => file.replace('.schema.json', '')).map((name) => [schemaOf(name).title, name] as const),
)

/** A document by its `schema`. */
export function checkDocument(value: unknown): void {
  const [one] = Array.isArray(value) ? value : [value]
  const label = (one as { schema?: unknown } | undefined)?.schema
  const name = BY_LABEL.get(String(label))
  if (name === undefined) throw new Error(`its schema is ${JSON.stringify(label)}`)
  checkAgainst(name, value)
  if (name === 'explanation')
    for (const journey of (value as { journeys: JourneyDocument[] }).journeys) checkSteps(journey)
}

export function checkJourney(value: unknown): void {
  checkAgainst('explanation-line#/definitions/Journey', value)
  checkSteps(value as JourneyDocument)
}

export const checkExchange = (value: unknown): void => checkAgainst('explanation-line#/definitions/Exchange', value)

export const checkSummary = (value: unknown): void => checkAgainst('explanation-line#/definitions/SummaryLine', value)

/** What a schema cannot say: steps count from 1, and what refers to a step means one that is there. */
function checkSteps({ steps, cause, findings, culprit }: JourneyDocument): void {
  steps.forEach(({ n }, i) => {
    if (n !== i + 1) throw new Error(`steps/${i}/n is ${n}, not ${i + 1}`)
  })
  const named = [...cause.map(({ step }) => step), ...findings.flatMap((one) => one.steps)]
  if (culprit) named.push(culprit.step)
  for (const step of named)
    if (!(step >= 1 && step <= steps.length)) throw new Error(`step ${step} is named, of ${steps.length}`)
}

/** Whatever of nfwhy's JSON is in a command's output: whole documents, and lines of --ndjson. */
export function checkOutput(stdout: string): void {
  if (/^\[?\{"schema":"nfwhy\./.test(stdout)) {
    const document = parsed(stdout)
    if (document !== undefined) checkDocument(document)
    return
  }
  for (const line of stdout.match(/^\{"(?:id|exchange|summary)":.*\}$/gm) ?? [])
    if (line.startsWith('{"id":')) checkJourney(JSON.parse(line))
    else if (line.startsWith('{"exchange":')) checkExchange(JSON.parse(line).exchange)
    else checkSummary(JSON.parse(line))
}

/** Undefined for what was cut off, by `head` or a signal; tests that ask for all of it parse it themselves. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
