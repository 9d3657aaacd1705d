/** Which program owns a chain or a rule: a person who deletes such a rule sees it written back. */
import type { Rule, Table } from '../../model/ruleset.ts'
import { FIREWALLS } from './firewalls.ts'
import { GUARDS } from './guards.ts'
import { HOSTING } from './hosting.ts'
import { KUBERNETES } from './kubernetes.ts'
import { NETWORKS } from './networks.ts'
import type { Mark, Owner } from './owner.ts'

export type { Owner } from './owner.ts'

/** The first that matches owns it, so those with the vaguer marks come last. */
export const OWNERS: readonly Owner[] = [...KUBERNETES, ...HOSTING, ...GUARDS, ...NETWORKS, ...FIREWALLS]

export interface Place {
  family: string
  table: string
  chain: string
  rule?: Pick<Rule, 'text' | 'comment'>
  /** The table itself, where it is known: some owners are told only by the chains beside. */
  contents?: Pick<Table, 'chains'>
}

/** Who owns this rule, or this chain where no rule is given; undefined where nothing tells. */
export function ownerOf(place: Place): Owner | undefined {
  const home = find(place, (mark) => mark.whole || mark.chains?.test(place.chain))
  if (home && !home.mark.shared) return (place.rule && ofVeryRule(home.owner, place, place.rule)) ?? home.owner
  const signs = place.rule && readSigns(place.chain, place.rule)
  return (signs && find(place, (mark) => shows(mark, signs))?.owner) ?? home?.owner
}

/** The row of the same program that is about such a rule in its chains, where it has one. */
function ofVeryRule({ name }: Owner, place: Place, rule: Pick<Rule, 'text' | 'comment'>): Owner | undefined {
  const rows = OWNERS.filter((one) => one.name === name && one.marks.some(({ rules }) => rules !== undefined))
  if (rows.length === 0) return undefined
  const signs = readSigns(place.chain, rule)
  return rows.find(({ marks }) => marks.some((mark) => counts(mark, place) && isWrittenAs(mark, signs)))
}

/** Who alone puts rules into this chain: not where it is one that administrators fill as well. */
export function soleOwnerOf({ family, name: table, chains }: Table, chain: string): Owner | undefined {
  const place = { family, table, chain, contents: { chains } }
  const home = find(place, (mark) => mark.whole || mark.chains?.test(chain))
  return home && !(home.mark.shared && !home.mark.whole) ? home.owner : undefined
}

/** Who fills this set or map: an ipset, or one of a table of nft's. */
export function ownerOfSet({
  family,
  table,
  set,
}: {
  family?: string
  table?: string
  set: string
}): Owner | undefined {
  if (family === undefined || table === undefined)
    return OWNERS.find(({ marks }) => marks.some((one) => !one.tables && one.sets?.test(set)))
  const isOwn = (mark: Mark) => mark.whole || (mark.tables !== undefined && mark.sets?.test(set))
  return find({ family, table, chain: '' }, isOwn)?.owner
}

function find(place: Place, test: (mark: Mark) => boolean | undefined): { owner: Owner; mark: Mark } | undefined {
  for (const owner of OWNERS)
    for (const mark of owner.marks) if (counts(mark, place) && test(mark)) return { owner, mark }
  return undefined
}

function counts(mark: Mark, { family, table, contents }: Place): boolean {
  if (mark.tables && !mark.tables.test(`${family} ${table}`)) return false
  return mark.beside?.every((chain) => contents?.chains.has(chain)) ?? true
}

/** What a rule's text shows of its writer. */
interface Signs {
  chain: string
  /** Without `-A CHAIN`, comments and counters. */
  text: string
  jumps: string[]
  comments: string[]
  sets: string[]
}

function shows(mark: Mark, signs: Signs): boolean {
  return (
    signs.jumps.some((chain) => mark.chains?.test(chain) || mark.jumps?.test(chain)) ||
    signs.comments.some((comment) => mark.comments?.test(comment)) ||
    signs.sets.some((set) => mark.sets?.test(set)) ||
    isWrittenAs(mark, signs)
  )
}

const isWrittenAs = ({ rules }: Mark, { chain, text }: Signs): boolean => rules?.test(`${chain} ${text}`) === true

const QUOTED = /"(?:\\.|[^"\\])*"/g
const COMMENT = /(?: -m comment)? --comment ("(?:\\.|[^"\\])*"|\S+)| comment ("(?:\\.|[^"\\])*")$/g
const COUNTERS = /^\[\d+:\d+\] | -c \d+ \d+|\bcounter packets \d+ bytes \d+ /g

/** Reads the text itself, iptables' or nft's: a trace may have no more than that. */
function readSigns(chain: string, rule: Pick<Rule, 'text' | 'comment'>): Signs {
  const comments = [...rule.text.matchAll(COMMENT)].map((found) => unquote(found[1] ?? found[2] ?? ''))
  if (rule.comment !== undefined) comments.push(rule.comment)
  const text = rule.text
    .replace(COUNTERS, '')
    .replace(COMMENT, '')
    .replace(/^-A \S+ /, '')
    .trim()
  // a log prefix may hold anything
  const bare = text.replace(QUOTED, '""')
  return {
    chain,
    text,
    comments,
    jumps: groups(bare, /(?:^| )(?:-j|-g|jump|goto) ([^\s,]+)/g),
    sets: groups(bare, /--(?:match|add|del)-set (\S+)/g),
  }
}

const groups = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map((found) => found[1] ?? '')

const unquote = (text: string): string => (text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text)
