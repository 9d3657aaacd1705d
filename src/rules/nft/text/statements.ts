/** One statement of a rule. What begins with a selector is a match, a verdict map, or sets the selector's value. */
import type { Expression, MatchOp, ObjectReference, Statement } from '../ast.ts'
import { parseExpression, parseGiven, parseMapData, parseRight } from './expressions.ts'
import { parseStateful } from './limits.ts'
import { parseLog } from './log.ts'
import { parseMasquerade, parseNat, parseRedirect, parseTproxy } from './nat.ts'
import type { Parser } from './parser.ts'
import { parseTcpOption } from './selectors.ts'
import { parseMeter, parseSetStatement } from './set-statements.ts'
import { parseAnonymousChain } from './subchain.ts'
import { parseVerdict } from './verdicts.ts'
import { parseDup, parseFwd, parseQueue, parseReject, parseSynproxy } from './ways-out.ts'

export function parseStatement(p: Parser): Statement {
  if ((p.is('jump') || p.is('goto')) && p.ahead(1).text === '{') return parseAnonymousChain(p)
  const verdict = parseVerdict(p)
  if (verdict) return verdict
  const stateful = parseStateful(p)
  if (stateful) return stateful
  const { kind, text } = p.token
  const named = kind === 'word' && Object.hasOwn(STATEMENTS, text) ? STATEMENTS[text]!(p) : undefined
  return named ?? parseMatch(p)
}

/** By the word they begin with; undefined, with nothing taken, where that word begins a selector. */
const STATEMENTS: Record<string, (p: Parser) => Statement | undefined> = {
  counter: (p) => ({ counter: reference(p) }),
  limit: (p) => ({ limit: reference(p) }),
  quota: (p) => ({ quota: reference(p) }),
  tunnel: (p) => (p.ahead(1).text === 'name' ? { tunnel: reference(p) } : undefined),
  synproxy: (p) => (p.ahead(1).text === 'name' ? { synproxy: reference(p) } : parseSynproxy(p)),
  ct: (p) => {
    const key = p.ahead(1).text
    if ((key !== 'timeout' && key !== 'expectation') || p.ahead(2).text !== 'set') return undefined
    p.position += 3
    const object = asReference(p, parseGiven(p))
    return key === 'timeout' ? { 'ct timeout': object } : { 'ct expectation': object }
  },
  log: parseLog,
  reject: parseReject,
  snat: (p) => ({ snat: parseNat(p) }),
  dnat: (p) => ({ dnat: parseNat(p) }),
  masquerade: parseMasquerade,
  redirect: parseRedirect,
  tproxy: parseTproxy,
  queue: parseQueue,
  dup: parseDup,
  fwd: parseFwd,
  notrack: (p) => {
    p.advance()
    return { notrack: null }
  },
  flow: (p) => {
    p.advance()
    if (!p.accept('add')) p.expect('offload')
    p.expect('@')
    return { flow: { op: 'add', flowtable: `@${p.identifier('the name of a flowtable')}` } }
  },
  add: parseSetStatement,
  update: parseSetStatement,
  delete: parseSetStatement,
  set: parseSetStatement,
  meter: parseMeter,
  reset: (p) => {
    p.advance()
    p.expect('tcp')
    p.expect('option')
    return { reset: parseTcpOption(p) }
  },
  xt: (p) => {
    p.advance()
    const type = p.identifier('"match", "target" or "watcher"')
    return { xt: { type, name: p.string('the name of an extension') } }
  },
}

/** `counter name "web"`, or a map behind `name`. */
function reference(p: Parser): ObjectReference {
  p.advance()
  p.expect('name')
  return asReference(p, parseGiven(p))
}

const isReference = (value: Expression): value is ObjectReference =>
  typeof value === 'string' || (typeof value === 'object' && !Array.isArray(value) && 'map' in value)

function asReference(p: Parser, value: Expression): ObjectReference {
  if (isReference(value)) return value
  return p.fail('expected a name, or a map of names')
}

const OPERATORS: Readonly<Record<string, MatchOp | '!'>> = {
  '==': '==',
  eq: '==',
  '!=': '!=',
  ne: '!=',
  '<': '<',
  lt: '<',
  '<=': '<=',
  le: '<=',
  '>': '>',
  gt: '>',
  '>=': '>=',
  ge: '>=',
  '!': '!',
  not: '!',
}

function parseMatch(p: Parser): Statement {
  if (p.token.kind !== 'word' && !p.is('@') && !p.is('(') && !p.is('{') && !p.is('$')) p.fail('expected a statement')
  const left = parseExpression(p)
  if (p.accept('vmap')) return { vmap: { key: left, data: parseMapData(p) } }
  if (p.accept('set')) return mangle(p, left)
  if (typeof left === 'string') {
    p.position--
    p.fail('expected a statement')
  }
  const { kind, text } = p.token
  const op = (kind === 'sign' || kind === 'word') && Object.hasOwn(OPERATORS, text) ? OPERATORS[text] : undefined
  if (op) p.advance()
  if (p.atStop()) p.fail('expected a value')
  const right = parseRight(p)
  if (p.accept('/')) {
    // flags / mask
    const mask = parseRight(p)
    return { match: { op: op === '!=' ? '!=' : '==', left: { '&': [left, mask] }, right } }
  }
  // none of these bits
  if (op === '!') return { match: { op: '==', left: { '&': [left, right] }, right: 0 } }
  return { match: { op: op ?? implied(left, right), left, right } }
}

/** Without an operator: bits are asked whether any of them is set. */
function implied(left: Expression, right: Expression): MatchOp {
  if (Array.isArray(right)) return 'in'
  const isSet = typeof right === 'object' ? !('|' in right) : typeof right === 'string' && right.startsWith('@')
  return isBits(left) && !isSet ? 'in' : '=='
}

const BITS = new Set(['state', 'status', 'event', 'label'])

function isBits(left: Expression): boolean {
  if (typeof left !== 'object' || Array.isArray(left)) return false
  if ('ct' in left) return BITS.has(left.ct.key)
  return (
    'payload' in left && 'protocol' in left.payload && left.payload.protocol === 'tcp' && left.payload.field === 'flags'
  )
}

/** Behind `set`. Connection helpers and security marks are objects with a name. */
function mangle(p: Parser, key: Expression): Statement {
  const value = parseGiven(p)
  if (isReference(value) && typeof key === 'object') {
    if ('ct' in key && key.ct.key === 'helper') return { 'ct helper': value }
    if ('meta' in key && key.meta.key === 'secmark') return { secmark: value }
  }
  return { mangle: { key, value } }
}
