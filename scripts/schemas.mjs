/**
 * schemas/, or the folder named: a JSON Schema (draft-07) of every JSON document that nfwhy prints or reads, made from
 * its TypeScript type. Fields that are not named are allowed, as later versions add some; but nfwhy reads none.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  createFormatter,
  createParser,
  createProgram,
  DEFAULT_CONFIG,
  derefType,
  extractLiterals,
  ObjectType,
  SchemaGenerator,
} from 'ts-json-schema-generator'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

/** File name → the type's name and the documents' `schema` (absent: the document has no such field). */
const DOCUMENTS = {
  explanation: { type: 'ExplanationDocument', schema: 'nfwhy.explanation/1' },
  'explanation-line': { type: 'ExplanationLine' },
  comparison: { type: 'ComparisonDocument', schema: 'nfwhy.comparison/1' },
  rulesets: { type: 'RulesetsDocument', schema: 'nfwhy.rulesets/1' },
  flows: { type: 'FlowsDocument', schema: 'nfwhy.flows/1' },
  ruleset: { type: 'RulesetDocument', schema: 'nfwhy.ruleset/1' },
  query: { type: 'QueryDocument', schema: 'nfwhy.query/1' },
  watch: { type: 'WatchDocument', schema: 'nfwhy.watch/1' },
  'watch-kind': { type: 'WatchKindDocument', schema: 'nfwhy.watch-kind/1' },
  doctor: { type: 'DoctorOutput', schema: 'nfwhy.doctor/1' },
  session: { type: 'SessionDocument', schema: 'nfwhy.session/1' },
  drop: { type: 'DropLine', schema: 'nfwhy.drop/1' },
  packet: { type: 'Packet', isInput: true },
}

/** Where these types stand. */
const SOURCES = [
  'src/reports/documents.ts',
  'src/live/doctor/json.ts',
  'src/read/host/session-line.ts',
  'src/read/host/drop-lines.ts',
  'src/model/packet.ts',
]

const config = {
  ...DEFAULT_CONFIG,
  path: `{${SOURCES}}`,
  tsconfig: 'tsconfig.json',
  skipTypeCheck: true,
  sortProps: false,
  topRef: false,
  additionalProperties: true,
}

/** `Omit<T, …>` keeps the docstrings of T's fields; the generator's own reading of it loses them. */
class OmitParser {
  constructor(children) {
    this.children = children
  }

  supportsNode(node) {
    const name = node.typeName ?? node.expression
    return ['Omit', 'Pick'].includes(name?.escapedText) && node.typeArguments?.length === 2
  }

  createType(node, context) {
    const [of, names] = node.typeArguments.map((one) => this.children.createType(one, context))
    const named = new Set(extractLiterals(names))
    const isPick = (node.typeName ?? node.expression).escapedText === 'Pick'
    const kept = fieldsOf(of).filter((field) => named.has(field.getName()) === isPick)
    return new ObjectType(`${of.getId()} without ${[...named]}`, [], kept, true)
  }
}

function fieldsOf(type) {
  const object = derefType(type)
  if (!(object instanceof ObjectType)) throw new Error(`${type.getId()} is no interface`)
  return [...object.getBaseTypes().flatMap(fieldsOf), ...object.getProperties()]
}

const program = createProgram(config)
const parser = createParser(program, config, (parser) => parser.addNodeParser(new OmitParser(parser)))
const generator = new SchemaGenerator(program, parser, createFormatter(config), config)

/** In a schema every definition is of a printed document. */
const shortName = (name) => name.replace(/Document$/, '')

/** Names are short; what is generic (`Both<Journey>`) stands where it is used. */
function tidied(value, definitions) {
  if (Array.isArray(value)) return value.map((one) => tidied(one, definitions))
  if (typeof value !== 'object' || value === null) return value
  const { $ref, ...others } = value
  const rest = Object.fromEntries(Object.entries(others).map(([key, one]) => [key, tidied(one, definitions)]))
  if ($ref === undefined) return rest
  const name = decodeURIComponent($ref.replace('#/definitions/', ''))
  if (name.includes('<')) return { ...tidied(definitions[name], definitions), ...rest }
  return { $ref: `#/definitions/${shortName(name)}`, ...rest }
}

function tidiedDefinitions(definitions) {
  const named = Object.entries(definitions).filter(([name]) => !name.includes('<'))
  const tidy = named.map(([name, one]) => [shortName(name), tidied(one, definitions)])
  const names = tidy.map(([name]) => name)
  const twice = names.filter((name, i) => names.indexOf(name) !== i)
  if (twice.length > 0) throw new Error(`definitions of one name: ${twice}`)
  return Object.fromEntries(tidy.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** As it is printed. */
const schemaFirst = ({ properties, ...rest }) =>
  properties?.schema ? { properties: { schema: properties.schema, ...properties }, ...rest } : { properties, ...rest }

/** nfwhy refuses what it does not know. */
function close(schema) {
  if (schema.properties) schema.additionalProperties = false
}

const out = process.argv[2] ?? 'schemas'
mkdirSync(out, { recursive: true })
for (const [name, { type, schema, isInput = false }] of Object.entries(DOCUMENTS)) {
  const { $schema, description, definitions = {}, ...root } = generator.createSchema(type)
  const document = {
    $schema,
    title: schema ?? `nfwhy ${name}`,
    description,
    ...schemaFirst(tidied(root, definitions)),
    definitions: tidiedDefinitions(definitions),
  }
  if (isInput) for (const one of [document, ...Object.values(document.definitions)]) close(one)
  writeFileSync(join(out, `${name}.schema.json`), `${JSON.stringify(document, undefined, 2)}\n`)
}
