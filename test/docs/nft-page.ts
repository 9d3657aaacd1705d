/**
 * The support page of the nft language. Which fields, statements and objects there are is what the reader and the lowering
 * list (nft-names.ts); what can be told of each is found out by trying every rule of the table tests (nft-samples.ts).
 */
import { readdirSync, readFileSync } from 'node:fs'
import type { Statement } from '../../src/rules/nft/ast.ts'
import { STATEMENT_KINDS } from '../../src/rules/nft/lower/statements.ts'
import { printNft } from '../../src/rules/nft/print/ruleset.ts'
import { NAMED_OBJECTS } from '../../src/rules/nft/text/named-objects.ts'
import { parseNft } from '../../src/rules/nft/text/parse.ts'
import { readStatementTables } from '../rules/nft/tables.ts'
import { effectOf, openText, unique } from './effects.ts'
import { HEADERS, KEYS, namesOf } from './nft-names.ts'
import { OPERATIONS, shapesIn } from './nft-operations.ts'
import { USES, type Use } from './nft-samples.ts'

export function printPage(): string {
  return `# The nft language

What nfwhy understands of nft's rules. This page is printed from the code by \`test/docs/nft-support.test.ts\`: what there is
stands in the reader's own lists, and every rule of \`fixtures/rules/nft/statements\` is tried. iptables' matches and targets are
in [matches.md](matches.md); iptables-nft's own, which nft cannot word, are the statement \`xt\` here.

- **read, printed**: every sample of it is read, and printed as nft lists it. Where nft is installed, the tests ask it the same.
- **told**: can be told for a packet of which everything is known that a capture shows, with the host's addresses and routes.
  What a packet does not have (the ports of a fragment) fails a comparison, as in nft.
- **not told** is *unknown* with its reason, and never taken as matching or not. Where no reason
  stands, nothing that is read here shows it.

An unknown condition does no harm where a trace shows that the rule matched. It limits what is said of rules that the packet did
*not* match, and of those it never came to. What stands in both columns can be told for some values.

## Headers and options

| header | read | printed | told | not told |
| --- | --- | --- | --- | --- |
${Object.keys(HEADERS).map(fieldRow).join('\n')}

## Keys

Of the packet's way, its connection, the host, chance.

| key | read | printed | told | not told |
| --- | --- | --- | --- | --- |
${Object.keys(KEYS).map(fieldRow).join('\n')}

## Operations

| operation | read | printed | told | not told |
| --- | --- | --- | --- | --- |
${OPERATIONS.map(([name, shape]) => useRow(name, operationUses(shape))).join('\n')}

## Statements

Under their words in libnftables-json(5). What a statement does in the model: whether it ends the chain, what it rewrites. An
empty cell: it asks, counts, or has no effect on this packet's way.

| statement | read | printed | effect | not told |
| --- | --- | --- | --- | --- |
${STATEMENT_KINDS.filter((kind) => kind !== 'unknown')
  .map(statementRow)
  .join('\n')}

## Sets, maps and objects

What a rule that names one does with a packet. Elements are read with their timeouts, counters and comments, as prefixes, ranges
and concatenations.

| kind | read | printed | effect of a rule that names it | not told |
| --- | --- | --- | --- | --- |
${OBJECTS.map(objectRow).join('\n')}
`
}

const row = (...cells: string[]): string =>
  `| ${cells.map((cell) => cell.replace(/(?<!\\)\|/g, '\\|')).join(' | ')} |`.replace(/ {2,}/g, ' ')

const yes = (holds: boolean): string => (holds ? 'yes' : 'no')

/** What only ever is set has nothing to tell. */
const asks = ({ kind }: Use): boolean => kind === 'match'

interface Field {
  name: string
  uses: Use[]
}

/** The fields of a group that some sample uses. */
function fieldsOf(group: string): Field[] {
  const fields = new Map<string, Use[]>()
  for (const use of USES)
    for (const selector of use.selectors) {
      const [its, name] = namesOf(selector)
      if (its === group) fields.set(name, [...(fields.get(name) ?? []), use])
    }
  return [...fields].map(([name, uses]) => ({ name, uses }))
}

/** Every field that the reader knows, and no sample has. */
export function untried(): string[] {
  const tried = new Set(
    USES.flatMap(({ selectors }) => selectors.map(namesOf)).flatMap(([group, ...names]) =>
      names.map((name) => `${group} ${name}`),
    ),
  )
  const fields = Object.entries({ ...HEADERS, ...KEYS }).flatMap(([group, names]) =>
    names.map((name) => `${group} ${name}`),
  )
  const kinds = new Set(USES.map(({ kind }) => kind))
  return [
    ...fields.filter((field) => !tried.has(field)),
    ...STATEMENT_KINDS.filter((kind) => kind !== 'unknown' && !kinds.has(kind)),
    ...OPERATIONS.flatMap(([name, shape]) => (operationUses(shape).length > 0 ? [] : [name])),
  ]
}

function fieldRow(group: string): string {
  const fields = fieldsOf(group).sort((a, b) => (a.name < b.name ? -1 : 1))
  // a field that shares its statement with others is asked where it stands alone
  const alone = ({ uses }: Field): Use[] => {
    const asked = uses.filter(asks)
    const single = asked.filter(({ selectors }) => selectors.length === 1)
    return single.length > 0 ? single : asked
  }
  const told = fields.filter((field) => alone(field).some(({ open }) => open.length === 0))
  const open = fields.filter((field) => alone(field).some((use) => use.open.length > 0))
  const setOnly = fields.filter(({ uses }) => !uses.some(asks))
  const reasons = new Map<string, string[]>()
  for (const field of open) {
    const own = openText(
      unique(alone(field).flatMap((use) => use.open.filter((reason) => !isBare(reason)).map(quoting))),
    )
    reasons.set(own, [...(reasons.get(own) ?? []), field.name])
  }
  const notTold = [...reasons].map(([reason, names]) => `${list(names)}${reason === '' ? '' : `: ${reason}`}`)
  const only = setOnly.length > 0 ? `; only set: ${list(setOnly.map(({ name }) => name))}` : ''
  return row(
    `\`${group}\``,
    yes(fields.length > 0),
    yes(fields.length > 0 && fields.every(({ uses }) => uses.every(({ printed }) => printed))),
    list(told.map(({ name }) => name)) + (told.length > 0 ? only : only.replace('; ', '')),
    notTold.join('; '),
  )
}

const list = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(' ')

/** `tcp checksum is not known` says no more than the row does. */
const isBare = (reason: string): boolean =>
  / is not known$/.test(reason) && !/^(?:the|which|whether|how|what|whose) /.test(reason)

/** Which rule it is. */
const quoting = (reason: string): string =>
  reason.replace(/^nfwhy does not understand what "(.*)" compares$/, 'not `$1`')

const operationUses = (shape: string): Use[] => USES.filter((use) => shapesIn(use).has(shape))

function useRow(name: string, uses: readonly Use[]): string {
  // what a field does not tell is no matter of the operation
  const told = uses.some(({ open }) => open.length === 0)
  return row(
    name,
    yes(uses.length > 0),
    yes(uses.length > 0 && uses.every(({ printed }) => printed)),
    told ? 'yes' : 'no',
    told ? '' : openText(unique(uses.flatMap(({ open }) => open))),
  )
}

const statementRow = (kind: string): string =>
  effectRow(
    kind,
    USES.filter((use) => use.kind === kind),
  )

function effectRow(kind: string, uses: readonly Use[], read = uses.length > 0, printed = true): string {
  // what is asked of fields stands in their own tables
  const open = kind === 'match' || kind === 'vmap' ? [] : uses.flatMap((use) => use.open)
  return row(
    `\`${kind}\``,
    yes(read),
    yes(printed && uses.length > 0 && uses.every((use) => use.printed)),
    effectText(unique(uses.flatMap(({ effects }) => effects.flatMap(effectOf)))),
    openText(unique(open)),
  )
}

/** `sets` stands once in front of all that is set. */
function effectText(effects: readonly string[]): string {
  const set = effects.filter((effect) => effect.startsWith('sets '))
  const others = effects.filter((effect) => !effect.startsWith('sets '))
  return [...others, ...(set.length > 0 ? [`sets ${set.map((effect) => effect.slice(5)).join(' ')}`] : [])].join(', ')
}

/** The reader knows those of connection tracking by their first word. */
const OBJECTS = ['set', 'map', 'flowtable', ...NAMED_OBJECTS].flatMap((kind) =>
  kind === 'ct' ? ['ct helper', 'ct timeout', 'ct expectation'] : [kind],
)

const RULESETS = new URL('../../fixtures/rules/nft/rulesets/', import.meta.url)
const texts = [
  ...readStatementTables().map(({ around }) => around),
  ...readdirSync(RULESETS).map((name) => readFileSync(new URL(name, RULESETS), 'utf8')),
]

/** Texts that define such an object are printed, and read again. */
function objectRow(kind: string): string {
  const defining = texts
    .map((text) => parseNft(text))
    .filter(({ commands }) => commands.some(({ object }) => kind in object))
  const isPrinted = defining.every(({ commands }) => {
    const printed = printNft(commands)
    return printNft(parseNft(printed).commands) === printed
  })
  const read = defining.length > 0 && defining.every(({ problems }) => problems.length === 0)
  return effectRow(
    kind,
    USES.filter(({ statement }) => names(statement, kind)),
    read,
    isPrinted,
  )
}

/** Does the statement name an object of that kind? */
function names(statement: Statement, kind: string): boolean {
  const [word = '', body] = Object.entries(statement)[0] as [string, unknown]
  const text = JSON.stringify(body)
  if (kind === 'set') return /"@/.test(text) && (word === 'match' || word === 'set')
  if (kind === 'map') return /"@/.test(text) && !['match', 'set', 'flow'].includes(word)
  if (kind === 'flowtable') return word === 'flow'
  return word === kind && (typeof body === 'string' || /^\{"map"/.test(text))
}
