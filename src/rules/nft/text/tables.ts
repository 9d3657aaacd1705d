/** Blocks of tables and flowtables. */
import type { RuleFamily } from '../../../model/ruleset.ts'
import type { ChainObject, FlowtableObject, TableObject, Verb } from '../objects.ts'
import { parseBlock } from './blocks.ts'
import { parseChainBlock, parseDevices } from './chains.ts'
import { NAMED_OBJECTS, parseObjectCommand } from './named-objects.ts'
import type { Parser } from './parser.ts'
import { parsePriority } from './priorities.ts'
import { parseSetBlock } from './sets.ts'

/** Takes `{ … }`; fills in `table`, and what is in it becomes commands. */
export function parseTableBlock(p: Parser, table: TableObject['table'], op: Verb): void {
  const { family, name } = table
  p.family = family
  p.table = name
  const flags: string[] = []
  const handle = parseBlock(
    p,
    (p) => {
      const { line } = p.token
      if (p.accept('flags')) {
        do flags.push(p.identifier('a flag'))
        while (p.accept(','))
      } else if (p.is('comment')) {
        p.advance()
        table.comment = p.string('a comment')
      } else parseMember(p, family, name, op, line)
    },
    (text, line) => p.shared.commands.push({ op: 'add', object: { unknown: { text } }, line }),
  )
  if (handle !== undefined) table.handle = handle
  if (flags.length > 0) table.flags = flags.length === 1 ? flags[0]! : flags
}

function parseMember(p: Parser, family: RuleFamily, table: string, op: Verb, line: number): void {
  const { kind, text } = p.token
  const spec = (what: string) => ({ family, table, name: p.identifier(what) })
  switch (kind === 'word' ? text : '') {
    case 'chain': {
      p.advance()
      const chain: ChainObject['chain'] = spec('the name of a chain')
      p.shared.commands.push({ op, object: { chain }, line })
      parseChainBlock(p, chain, op)
      return
    }
    case 'set':
    case 'map':
    case 'meter': {
      const kind = p.advance().text as 'set' | 'map' | 'meter'
      p.shared.commands.push({ op, object: parseSetBlock(p, kind, spec(`the name of a ${kind}`)), line })
      return
    }
    case 'flowtable': {
      p.advance()
      const flowtable = spec('the name of a flowtable')
      parseFlowtableBlock(p, flowtable)
      p.shared.commands.push({ op, object: { flowtable }, line })
      return
    }
    default:
      if (kind !== 'word' || !NAMED_OBJECTS.has(text)) p.fail('expected a chain, a set, a map or an object')
      p.shared.commands.push({ op, object: parseObjectCommand(p, (_p, what) => spec(what)), line })
  }
}

/** `{ hook ingress priority 0; devices = { eth0 }; flags offload; counter; }` */
export function parseFlowtableBlock(p: Parser, flowtable: FlowtableObject['flowtable']): void {
  const flags: string[] = []
  const handle = parseBlock(p, (p) => {
    if (p.accept('hook')) {
      flowtable.hook = p.identifier('a hook')
      p.expect('priority')
      flowtable.prio = parsePriority(p, flowtable.family)
    } else if (p.is('devices')) flowtable.dev = parseDevices(p)
    else if (p.accept('flags')) flags.push(p.identifier('a flag'))
    else if (p.accept('counter')) flags.push('counter')
    else p.fail('expected a hook, devices or flags')
  })
  if (handle !== undefined) flowtable.handle = handle
  if (flags.length > 0) flowtable.flags = flags.length === 1 ? flags[0]! : flags
}
