/** The tables of docs/json.md: the fields of a schema or of one of its definitions, between its marks. */
import { type Schema, schemaOf } from '../schemas.ts'

const MARKED = /(<!-- from schemas\/([a-z-]+)\.schema\.json(?:#(\w+))? -->\n).*?(<!-- end -->)/gs

/** The page with its tables as the schemas have them now. */
export const withTables = (page: string): string =>
  page.replace(MARKED, (_, begin: string, file: string, name: string | undefined, end: string) => {
    const schema = schemaOf(file)
    const of = name === undefined ? schema : schema.definitions[name]
    if (!of) throw new Error(`${file} has no ${name}`)
    const { definitions } = schema
    return `${begin}\n${table(of, { definitions, linked: new Set(headings(page)) })}\n${end}`
  })

interface Names {
  definitions: Schema['definitions']
  /** Definitions that have a section of their own. */
  linked: ReadonlySet<string>
}

const headings = (page: string) => [...page.matchAll(/^#+ (\w+)$/gm)].map((match) => match[1]!)

function table({ description, properties = {}, required = [] }: Schema, names: Names): string {
  const rows = Object.entries(properties).map(([name, field]) => {
    const optional = required.includes(name) ? '' : '?'
    return `| \`${name}${optional}\` | ${typeText(field, names)} | ${cell(field.description)} |\n`
  })
  return `${description === undefined ? '' : `${description}\n\n`}| field | type | |\n| --- | --- | --- |\n${rows.join('')}`
}

const cell = (text = ''): string => text.replaceAll('|', '\\|')

function typeText(of: Schema, names: Names): string {
  if (of.$ref !== undefined) {
    const name = of.$ref.replace('#/definitions/', '')
    if (names.linked.has(name)) return `[${name}](#${name.toLowerCase()})`
    const definition = names.definitions[name]
    return definition?.enum ? typeText(definition, names) : name
  }
  if (of.const !== undefined) return `\`${JSON.stringify(of.const)}\``
  if (of.enum) return of.enum.map((word) => `\`${word}\``).join(' ')
  if (of.anyOf) return of.anyOf.map((one) => typeText(one, names)).join(' or ')
  if (of.type === 'array') return of.items ? `list of ${typeText(of.items, names)}` : 'list'
  if (of.type === 'object' && of.properties) {
    const fields = Object.entries(of.properties).map(([name, one]) => {
      return `${name}${of.required?.includes(name) ? '' : '?'}: ${typeText(one, names)}`
    })
    return `{ ${fields.join(', ')} }`
  }
  return [of.type ?? 'anything'].flat().join(' or ')
}
