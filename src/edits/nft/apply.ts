/**
 * nft's commands on a World. What the kernel refuses (net/netfilter/nf_tables_api.c) is refused: what is not there, what
 * is there already (`create`), what is in use.
 */
import type { NftEdit } from '../../model/edit.ts'
import type { Chain, NamedSet, RuleFamily, Table } from '../../model/ruleset.ts'
import type { SetElement } from '../../model/set-element.ts'
import type { World } from '../../model/world.ts'
import type { Command } from '../../rules/nft/objects.ts'
import type { NftRuleset } from '../../rules/nft/ruleset.ts'
import { nftText } from '../../rules/nft/text/later.ts'
import type { Draft } from '../draft.ts'
import { EditProblem } from '../problem.ts'
import { editElements } from './elements.ts'
import { mentions } from './mentions.ts'
import { renameJumps } from './rename.ts'

interface Body {
  family: RuleFamily
  name?: string
  table?: string
  chain?: string
  newname?: string
  elem?: unknown
  type?: unknown
  flags?: string | string[]
  expr?: unknown
  index?: number
  position?: number
}

/** Throws EditProblem. */
export function editNft({ op, object }: NftEdit, draft: Draft): void {
  const [[kind, given] = ['', null]] = Object.entries(object) as [string, Body | null][]
  if (kind === 'unknown') throw new EditProblem('the command is not understood')
  if (op === 'reset') return
  if (given && kind !== 'ruleset') check(op, kind, given, draft.world)
  if (kind === 'element' && given) {
    const set = draft.world.sets.find(
      (one) => one.family === given.family && one.table === given.table && one.name === given.name,
    )
    const refuse = (added: readonly SetElement[]) => set && refuseLoop(set, added, draft.world)
    if (set) editElements({ kind: 'nft', op, object }, set, draft, refuse)
    else if (op !== 'destroy') throw new EditProblem(`there is no set ${given.name} in table ${given.table}`)
    return
  }
  if (kind === 'rule' && given && (op === 'add' || op === 'insert' || op === 'create')) {
    addRule(op === 'insert', given, draft)
    return
  }
  if (kind === 'table' && op === 'add' && given && !tableOf(draft.world, given.family, given.name)) {
    draft.addTables(run({ op, object: object as Command['object'] }, { tables: [], sets: [] }).tables)
    return
  }
  if (given && op !== 'rename' && kind !== 'table' && kind !== 'ruleset') {
    changePart(kind, { op, object: object as Command['object'] }, given, draft)
    return
  }
  const isChanged = ({ family, name }: { family: RuleFamily; name: string }) =>
    kind === 'ruleset'
      ? given === null || given.family === undefined || given.family === family
      : given !== null && given.family === family && name === (kind === 'table' ? given.name : given.table)
  draft.replaceNft(isChanged, (before) => {
    for (const { chains } of before.tables) for (const { rules } of chains.values()) draft.work += rules.length + 1
    const after = run({ op, object: object as Command['object'] }, before)
    return kind === 'chain' && op === 'rename' ? renameJumps(after, given?.name ?? '', given?.newname ?? '') : after
  })
}

/** Throws EditProblem with what the command tells. */
function run(command: Command, before: NftRuleset): NftRuleset {
  const told: string[] = []
  const after = nftText.loaded.nftRuleset([command], (_code, message) => told.push(message), before)
  if (told[0] !== undefined) throw new EditProblem(told[0])
  return after
}

/** What is no part of the chain or the set that is meant is not touched, nor looked at. */
function changePart(
  kind: string,
  command: Command,
  { family, table: owner, name = '', chain = name }: Body,
  draft: Draft,
): void {
  const table = tableOf(draft.world, family, owner)
  // `destroy` of what is not there
  if (!table) return
  const before = kind === 'rule' || kind === 'chain' ? chainOf(table, chain, command.object) : undefined
  const set = kind === 'set' || kind === 'map' || kind === 'meter' ? setOf(draft.world, table, name) : undefined
  draft.work += 4 * ((before?.rules.length ?? 0) + (set?.elements.length ?? 0) + (table.objects?.size ?? 0))
  const alone = { ...table, chains: new Map(before ? [[before.name, before]] : []) }
  const after = run(command, { tables: [alone], sets: set ? [set] : [] })
  const { chains: _, ...properties } = after.tables[0]!
  const own = draft.nftTable(table)
  Object.assign(own, properties)
  draft.replaceChain(own, before, after.tables[0]!.chains.values().next().value)
  draft.replaceSet(set, after.sets[0])
}

const chainOf = ({ chains }: Table, name: string, object: Command['object']): Chain | undefined =>
  name === '' && 'chain' in object
    ? [...chains.values()].find(({ handle }) => handle !== undefined && handle === object.chain.handle)
    : chains.get(name)

/** A verdict map's new elements may lead a chain that looks there back to itself (nft_setelem_validate). */
function refuseLoop(map: NamedSet, added: readonly SetElement[], world: World): void {
  const table = tableOf(world, map.family!, map.table)
  const chains = added.flatMap(jumpOf)
  if (!table || chains.length === 0) return
  const asking = [...table.chains.values()].filter(({ rules }) =>
    rules.some(({ nft }) => mentions(nft).sets.includes(map.name)),
  )
  for (const { name } of asking)
    if (leadsTo({ chains, sets: [] }, name, table, world) && isReached(name, table, world))
      throw new EditProblem(`chain ${name} would lead to itself`)
}

/** Scripts do it thousands of times: nothing else is touched. */
function addRule(inFront: boolean, body: Body, draft: Draft): void {
  const { family, table: name, chain: chainName = '', index, position } = body
  const table = draft.nftTable(tableOf(draft.world, family, name)!)
  const chain = draft.chain(table, chainName)!
  const { index: _, position: __, ...rule } = body
  const command = { op: 'add', object: { rule } as unknown as Command['object'] } as const
  const { kind } = table
  const alone: Table = { family, name: table.name, kind, chains: new Map([[chainName, { ...chain, rules: [] }]]) }
  const made = run(command, { tables: [alone], sets: [] }).tables[0]?.chains.get(chainName)?.rules[0]
  if (!made) throw new EditProblem('the rule is not understood')
  const beside = index ?? (position === undefined ? -1 : chain.rules.findIndex(({ handle }) => handle === position))
  const at = inFront ? Math.max(0, beside) : beside < 0 ? chain.rules.length : beside + 1
  chain.rules.splice(at, 0, { ...made, ruleNumber: at + 1 })
  if (at < chain.rules.length - 1) draft.renumber(chain)
}

function check(op: NftEdit['op'], kind: string, body: Body, world: World): void {
  const table = tableOf(world, body.family, kind === 'table' ? body.name : body.table)
  if (kind === 'table') {
    if (op === 'create' && table) throw new EditProblem(`table ${body.name} already exists`)
    return
  }
  if (!table) {
    if (op === 'destroy') return
    const place = `table ${body.family} ${body.table}`
    const isTold = (one: Table) =>
      one.kind === 'iptables' && one.backend === 'nft' && one.family === body.family && one.name === body.table
    throw new EditProblem(
      world.tables.some(isTold) ? `${place} belongs to iptables-nft: change it with iptables` : `there is no ${place}`,
    )
  }
  if (kind === 'chain') checkChain(op, body, table, world)
  else if (kind === 'set' || kind === 'map') checkSet(op, body, table, world)
  else if (kind === 'rule') checkRule(op, body, table, world)
  else if (kind === 'element' && op !== 'delete' && op !== 'destroy') checkNames(body.elem, table, world)
}

function checkChain(op: NftEdit['op'], { name = '', newname }: Body, table: Table, world: World): void {
  if (op === 'create' && table.chains.has(name)) throw new EditProblem(`chain ${name} already exists`)
  if (op === 'rename' && newname !== undefined && table.chains.has(newname))
    throw new EditProblem(`chain ${newname} already exists`)
  if ((op === 'delete' || op === 'destroy') && isMentioned(table, world, { chain: name }))
    throw new EditProblem(`a rule jumps to chain ${name}`)
}

function checkSet(op: NftEdit['op'], body: Body, table: Table, world: World): void {
  const { name = '', type, flags = [] } = body
  const known = setOf(world, table, name)
  if (op === 'create' && known) throw new EditProblem(`set ${name} already exists`)
  const isNew = op === 'add' || op === 'create'
  if (isNew && type === '') throw new EditProblem(`a set needs a type: add set … ${name} { type …; }`)
  const isType = typeof type === 'string' || Array.isArray(type)
  const isOther =
    (known && isType && [type].flat().join(' . ') !== known.type) || `${[flags].flat()}` !== `${known?.flags ?? []}`
  if (isNew && known && isOther) throw new EditProblem(`set ${name} already exists with another definition`)
  if ((op === 'delete' || op === 'destroy') && isMentioned(table, world, { set: name }))
    throw new EditProblem(`set ${name} is in use`)
}

/** What a new rule names has to be there. */
function checkRule(op: NftEdit['op'], body: Body, table: Table, world: World): void {
  if (op === 'delete' || op === 'destroy') return
  const chain = table.chains.get(body.chain ?? '')
  if (!chain) throw new EditProblem(`there is no chain ${body.chain} in table ${table.name}`)
  const { index, position } = body
  if (position !== undefined && !chain.rules.some(({ handle }) => handle === position))
    throw new EditProblem(`chain ${chain.name} has no rule with handle ${position}`)
  if (index !== undefined && !chain.rules[index])
    throw new EditProblem(`chain ${chain.name} has no rule with index ${index}`)
  checkNames(body.expr, table, world)
  // the kernel asks only about what packets can come to
  if (leadsTo(mentions(body.expr), chain.name, table, world) && isReached(chain.name, table, world))
    throw new EditProblem(`chain ${chain.name} would lead back to itself (a loop)`)
}

const isReached = (name: string, table: Table, world: World): boolean =>
  [...table.chains.values()].some(
    (chain) =>
      chain.hook !== undefined &&
      (chain.name === name || chain.rules.some(({ nft }) => leadsTo(mentions(nft), name, table, world))),
  )

/** Do these chains, or what they and the maps named jump to, come to this one? */
function leadsTo(first: ReturnType<typeof mentions>, to: string, table: Table, world: World): boolean {
  const seen = new Set<string>()
  const waiting = [first]
  for (let named = waiting.pop(); named; named = waiting.pop()) {
    const targets = [
      ...named.chains,
      ...named.sets.flatMap((name) => (setOf(world, table, name)?.elements ?? []).flatMap(jumpOf)),
    ]
    for (const name of targets) {
      if (name === to) return true
      if (seen.has(name)) continue
      seen.add(name)
      for (const { nft } of table.chains.get(name)?.rules ?? []) waiting.push(mentions(nft))
    }
  }
  return false
}

const jumpOf = ({ data }: SetElement): string[] => /^(?:jump|goto) (.*)$/.exec(data?.[0] ?? '')?.slice(1) ?? []

function checkNames(node: unknown, table: Table, world: World): void {
  const { chains, sets } = mentions(node)
  const chain = chains.find((name) => !table.chains.has(name))
  if (chain !== undefined) throw new EditProblem(`there is no chain ${chain} in table ${table.name}`)
  const set = sets.find((name) => !setOf(world, table, name))
  if (set !== undefined) throw new EditProblem(`there is no set ${set} in table ${table.name}`)
}

const tableOf = (world: World, family: RuleFamily, name: string | undefined): Table | undefined =>
  world.tables.find((table) => table.kind === 'nft' && table.family === family && table.name === name)

const setOf = (world: World, { family, name: table }: Table, name: string): NamedSet | undefined =>
  world.sets.find((set) => set.family === family && set.table === table && set.name === name)

/** In rules, or as the verdict of a map's element. */
function isMentioned(table: Table, world: World, what: { chain?: string; set?: string }): boolean {
  for (const chain of table.chains.values())
    for (const rule of chain.rules) {
      const { chains, sets } = mentions(rule.nft)
      if (
        (what.chain !== undefined && chains.includes(what.chain)) ||
        (what.set !== undefined && sets.includes(what.set))
      )
        return true
    }
  return world.sets.some(
    ({ family, table: of, elements }) =>
      family === table.family && of === table.name && elements.some((one) => jumpOf(one)[0] === (what.chain ?? '')),
  )
}
