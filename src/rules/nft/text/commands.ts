/** Whole texts: one command behind the other, `table …` blocks among them. */
import type { RuleFamily } from '../../../model/ruleset.ts'
import type { Command, Verb } from '../objects.ts'
import { parseChainBlock } from './chains.ts'
import { parseCommon } from './common.ts'
import { NAMED_OBJECTS, parseObjectCommand } from './named-objects.ts'
import type { Parser } from './parser.ts'
import { parseRule } from './rule.ts'
import { parseElements } from './set-elements.ts'
import { parseSetBlock } from './sets.ts'
import { parseFlowtableBlock, parseTableBlock } from './tables.ts'

const FAMILIES = new Set(['ip', 'ip6', 'inet', 'arp', 'bridge', 'netdev'])
const VERBS = new Set(['add', 'create', 'insert', 'replace', 'delete', 'destroy', 'flush', 'rename', 'reset'])
/** Commands that change nothing. */
const QUESTIONS = new Set(['list', 'get', 'describe', 'monitor', 'export', 'import'])

export function parseCommands(p: Parser): void {
  for (p.skipSeparators(); !p.atEnd(); p.skipSeparators()) {
    if (p.is('}')) {
      p.problem(p.token, 'syntax', 'this bracket closes nothing')
      p.advance()
      continue
    }
    const from = p.position
    const line = p.token.line
    try {
      if (!parseCommon(p, parseCommands, (text, line) => keepUnknown(p, text, line))) parseCommand(p)
      if (!p.atStop()) p.fail('expected the end of the command')
    } catch (error) {
      p.report(error)
      keepUnknown(p, p.skipStatement(from), line)
    }
  }
}

function keepUnknown(p: Parser, text: string, line: number): void {
  if (text !== '') p.shared.commands.push({ op: 'add', object: { unknown: { text } }, line })
}

function parseCommand(p: Parser): void {
  if (p.isAny(QUESTIONS)) {
    p.problem(p.token, 'no-change', `"${p.token.text}" changes nothing`)
    p.skipStatement()
    p.position--
    return
  }
  const line = p.token.line
  const op = p.isAny(VERBS) ? (p.advance().text as Verb) : 'add'
  const emit = (object: Command['object']) => p.shared.commands.push({ op, object, line })
  const { kind, text } = p.token
  const parse = kind === 'word' && Object.hasOwn(OBJECTS, text) ? OBJECTS[text]! : undefined
  if (parse) {
    p.advance()
    parse(p, op, emit)
  } else if (kind === 'word' && NAMED_OBJECTS.has(text)) emit(parseObjectCommand(p, parseSpec))
  else if (op === 'add' && kind === 'word') parseRuleCommand(p, op, emit)
  else p.fail('expected a command')
}

type Emit = (object: Command['object']) => void

const OBJECTS: Record<string, (p: Parser, op: Verb, emit: Emit) => void> = {
  table: (p, op, emit) => {
    const family = parseFamily(p)
    if (p.is('handle') && p.ahead(1).kind === 'number') {
      p.advance()
      emit({ table: { family, name: '', handle: p.handleNumber() } })
      return
    }
    const table = { family, name: p.identifier('the name of a table') }
    emit({ table })
    if (p.is('{')) parseTableBlock(p, table, op)
  },
  chain: (p, op, emit) => {
    const chain = parseSpec(p, 'the name of a chain')
    if (op === 'rename') {
      emit({ chain: { ...chain, newname: p.identifier('the new name of the chain') } })
      return
    }
    emit({ chain })
    if (p.is('{')) parseChainBlock(p, chain, op)
  },
  rule: parseRuleCommand,
  set: (p, op, emit) => parseSetCommand(p, op, emit, 'set'),
  map: (p, op, emit) => parseSetCommand(p, op, emit, 'map'),
  meter: (p, op, emit) => parseSetCommand(p, op, emit, 'meter'),
  element: (p, _op, emit) => {
    const { family, table, name } = parseSpec(p, 'the name of a set')
    emit({ element: { family, table, name, elem: parseElements(p) } })
  },
  flowtable: (p, _op, emit) => {
    const flowtable = parseSpec(p, 'the name of a flowtable')
    if (p.is('{')) parseFlowtableBlock(p, flowtable)
    emit({ flowtable })
  },
  ruleset: (p, _op, emit) => {
    const family = p.isAny(FAMILIES) ? (p.advance().text as RuleFamily) : undefined
    emit({ ruleset: family ? { family } : null })
  },
  flow: (p, op, emit) => {
    // `flush flow table`: what meters were called once
    p.expect('table')
    parseSetCommand(p, op, emit, 'meter')
  },
}

function parseSetCommand(p: Parser, _op: Verb, emit: Emit, kind: 'set' | 'map' | 'meter'): void {
  const spec = parseSpec(p, `the name of a ${kind}`)
  emit(p.is('{') ? parseSetBlock(p, kind, spec) : ({ [kind]: { ...spec, type: '' } } as unknown as Command['object']))
}

interface Spec {
  family: RuleFamily
  table: string
  name: string
  handle?: number
}

/** `[family] TABLE NAME` or `[family] TABLE handle N`. */
function parseSpec(p: Parser, what: string): Spec {
  const family = parseFamily(p)
  const table = p.identifier('the name of a table')
  if (p.is('handle') && p.ahead(1).kind === 'number') {
    p.advance()
    return { family, table, name: '', handle: p.handleNumber() }
  }
  return { family, table, name: p.identifier(what) }
}

function parseFamily(p: Parser): RuleFamily {
  return p.isAny(FAMILIES) ? (p.advance().text as RuleFamily) : 'ip'
}

/** `rule [family] TABLE CHAIN [handle N | position N | index N] STATEMENT …` */
function parseRuleCommand(p: Parser, op: Verb, emit: Emit): void {
  const family = parseFamily(p)
  const table = p.identifier('the name of a table')
  const chain = p.identifier('the name of a chain')
  const place: { handle?: number; index?: number; position?: number } = {}
  if ((p.is('handle') || p.is('position') || p.is('index')) && p.ahead(1).kind === 'number') {
    const { text } = p.advance()
    const number = p.handleNumber()
    if (text === 'index') place.index = number
    else if (op === 'add' || op === 'insert' || op === 'create') place.position = number
    else place.handle = number
  }
  if (p.atStop() && op !== 'delete' && op !== 'destroy' && op !== 'reset') p.fail('expected a statement')
  p.family = family
  p.table = table
  const rule = p.atStop() ? { expr: [] } : parseRule(p)
  // the command's end is not the rule's
  if (p.behind.kind === 'newline' || p.behind.text === ';') p.position--
  emit({ rule: { family, table, chain, ...place, ...rule } })
}
