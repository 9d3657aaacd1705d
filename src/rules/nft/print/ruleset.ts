/** Whole rulesets as `nft list ruleset` prints them, and commands as `nft` takes them. */
import type { RuleFamily } from '../../../model/ruleset.ts'
import type {
  ChainObject,
  Command,
  FlowtableObject,
  MapObject,
  MeterObject,
  NamedObject,
  RuleObject,
  SetObject,
  TableObject,
} from '../objects.ts'
import { printMember } from './expressions.ts'
import { type Kinds, kindsOfType } from './kinds.ts'
import { type Block, flowtableBlock, hookLine, objectBlock } from './objects.ts'
import { type PrintOptions, printHandle, printRule } from './rule.ts'
import { setHead, setLines } from './sets.ts'
import { quoted } from './values.ts'

interface TableParts {
  table: TableObject['table']
  objects: NamedObject[]
  sets: (SetObject | MapObject | MeterObject)[]
  flowtables: FlowtableObject[]
  chains: Map<string, { chain: ChainObject['chain']; rules: RuleObject['rule'][] }>
}

/**
 * Commands that add, as blocks of tables: objects, sets, flowtables, chains with their rules. What changes something that
 * is there (`delete`, `insert`, `add element` …) has no place in a list, and stands as a command where it came.
 */
export function printNft(commands: Iterable<Command>, options: PrintOptions = {}): string {
  const parts: string[] = []
  let tables = new Map<string, TableParts>()
  const flush = () => {
    for (const table of tables.values()) parts.push(printTable(table, options))
    tables = new Map()
  }
  for (const command of commands) {
    if (place(command, tables)) continue
    flush()
    parts.push(`${printCommand(command)}\n`)
  }
  flush()
  return parts.join('')
}

/** Takes a command into its table's block; false where it is no part of one. */
function place({ op, object }: Command, tables: Map<string, TableParts>): boolean {
  if (op !== 'add' && op !== 'create') return false
  const [kind = '', body] = Object.entries(object)[0] as [string, { family: RuleFamily; table: string; name: string }]
  if (kind === 'unknown' || kind === 'element' || kind === 'ruleset') return false
  const name = kind === 'table' ? body.name : body.table
  const key = `${body.family} ${name}`
  let table = tables.get(key)
  if (!table) {
    table = { table: { family: body.family, name }, objects: [], sets: [], flowtables: [], chains: new Map() }
    tables.set(key, table)
  }
  if ('table' in object) Object.assign(table.table, object.table)
  else if ('chain' in object) {
    const known = table.chains.get(object.chain.name)
    table.chains.set(object.chain.name, { chain: { ...known?.chain, ...object.chain }, rules: known?.rules ?? [] })
  } else if ('rule' in object) {
    if (object.rule.position !== undefined || object.rule.index !== undefined) return false
    const { family, table: of, chain } = object.rule
    const known = table.chains.get(chain)
    if (known) known.rules.push(object.rule)
    else table.chains.set(chain, { chain: { family, table: of, name: chain }, rules: [object.rule] })
  } else if ('set' in object || 'map' in object || 'meter' in object) table.sets.push(object)
  else if ('flowtable' in object) table.flowtables.push(object)
  else table.objects.push(object as NamedObject)
  return true
}

function printTable({ table, objects, sets, flowtables, chains }: TableParts, given: PrintOptions): string {
  const options: PrintOptions = { ...given, dataOf: (name) => dataOf(sets, name) }
  const { family, name, flags, comment, handle } = table
  const head: string[] = []
  const all = [flags ?? []].flat()
  if (all.length > 0) head.push(`\tflags ${all.join(',')}\n`)
  if (comment !== undefined) head.push(`\tcomment ${quoted(comment)}\n`)
  const anonymous = new Map([...chains].filter(([name]) => name.startsWith('__chain')))
  const blocks = [
    ...objects.map((object) => block(objectBlock(object, options))),
    ...sets.map((set) => block({ head: setHead(set, options), lines: setLines(set) })),
    ...flowtables.map((flowtable) => block(flowtableBlock(flowtable, options))),
    ...[...chains.values()]
      .filter(({ chain }) => !anonymous.has(chain.name))
      .map(({ chain, rules }) => printChain(chain, rules, anonymous, options)),
  ]
  const separated = all.length > 0 && blocks.length > 0 ? '\n' : ''
  return `table ${family} ${name} {${printHandle(handle, options)}\n${head.join('')}${separated}${blocks.join('\n')}}\n`
}

function dataOf(sets: TableParts['sets'], name: string): Kinds | undefined {
  for (const set of sets) if ('map' in set && `@${set.map.name}` === name) return kindsOfType(set.map.map)
  return undefined
}

const block = ({ head, lines }: Block): string => `\t${head}\n${lines.map((line) => `\t\t${line}\n`).join('')}\t}\n`

function printChain(
  chain: ChainObject['chain'],
  rules: readonly RuleObject['rule'][],
  anonymous: TableParts['chains'],
  options: PrintOptions,
): string {
  const lines: string[] = []
  if (chain.comment !== undefined) lines.push(`comment ${quoted(chain.comment)}`)
  const hook = hookLine(chain)
  if (hook !== undefined) lines.push(hook)
  for (const rule of rules) lines.push(inlineChains(printRule(rule, options), anonymous))
  return block({ head: `chain ${chain.name} {${printHandle(chain.handle, options)}`, lines })
}

/** `jump __chain1` becomes `jump { … }` again. */
function inlineChains(text: string, anonymous: TableParts['chains'], depth = 0): string {
  if (anonymous.size === 0 || depth > 16) return text
  return text.replace(/\b(jump|goto) (__chain\d+)\b/g, (whole, verdict: string, name: string) => {
    const chain = anonymous.get(name)
    if (!chain) return whole
    const rules = chain.rules.map((rule) => `\n\t\t\t${inlineChains(printRule(rule), anonymous, depth + 1)}`)
    return `${verdict} {${rules.join('')}\n\t\t}`
  })
}

/**
 * One command as a person types it behind `nft`: `add rule inet filter input tcp dport 22 accept`. `typed`: the rule
 * beside which another is put is called `handle`, which nft takes for `position`.
 */
export function printCommand({ op, object }: Command, { typed = false } = {}): string {
  if ('unknown' in object) return object.unknown.text
  if ('ruleset' in object) return `${op} ruleset${object.ruleset?.family ? ` ${object.ruleset.family}` : ''}`
  if ('rule' in object) {
    const { family, table, chain, handle, index, position } = object.rule
    const place =
      position !== undefined
        ? ` ${typed ? 'handle' : 'position'} ${position}`
        : index !== undefined
          ? ` index ${index}`
          : handle !== undefined && op !== 'add' && op !== 'insert' && op !== 'create'
            ? ` handle ${handle}`
            : ''
    const rule = printRule(object.rule)
    return `${op} rule ${family} ${table} ${chain}${place}${rule === '' ? '' : ` ${rule}`}`
  }
  if ('element' in object) {
    const { family, table, name, elem } = object.element
    const members = Array.isArray(elem) ? elem : [elem]
    const list = members.map((member) => printMember(member as never, 'plain', 'plain')).join(', ')
    return `${op} element ${family} ${table} ${name} { ${list} }`
  }
  if ('table' in object) return printTableCommand(op, object)
  const [kind = '', body] = Object.entries(object)[0] as [string, ChainObject['chain']]
  const spec = `${op} ${kind} ${body.family} ${body.table} `
  if (op !== 'add' && op !== 'create') {
    if (body.newname !== undefined) return `${spec}${body.name} ${body.newname}`
    return body.name === '' && body.handle !== undefined ? `${spec}handle ${body.handle}` : `${spec}${body.name}`
  }
  return `${spec}${body.name}${inlineBlock(object as never)}`
}

function printTableCommand(op: string, { table }: TableObject): string {
  if (table.name === '' && table.handle !== undefined) return `${op} table ${table.family} handle ${table.handle}`
  const options = [
    table.comment === undefined ? '' : ` comment ${quoted(table.comment)};`,
    [table.flags ?? []].flat().length > 0 ? ` flags ${[table.flags].flat().join(',')};` : '',
  ].join('')
  return `${op} table ${table.family} ${table.name}${options === '' ? '' : ` {${options} }`}`
}

/** The block on the command's own line. */
function inlineBlock(
  object: ChainObject | SetObject | MapObject | MeterObject | FlowtableObject | NamedObject,
): string {
  if ('chain' in object) {
    const hook = hookLine(object.chain)
    const { comment, policy } = object.chain
    const lines = [
      ...(hook === undefined ? [] : [hook]),
      // of a chain that is there
      ...(hook === undefined && policy !== undefined ? [`policy ${policy};`] : []),
      ...(comment === undefined ? [] : [`comment ${quoted(comment)};`]),
    ]
    return lines.length === 0 ? '' : ` { ${lines.join(' ')} }`
  }
  const lines =
    'set' in object || 'map' in object || 'meter' in object
      ? setLines(object)
      : 'flowtable' in object
        ? flowtableBlock(object, {}).lines
        : objectBlock(object as NamedObject, {}).lines
  return ` { ${lines.map((line) => line.replace(/\n\s*/g, ' ')).join('; ')}; }`
}
