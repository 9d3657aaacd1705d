/**
 * The two packet filters of a kernel, iptables-legacy's and nf_tables: a packet passes both, and a trace of one does not
 * show the other.
 */
import { memo, memo2 } from '../model/memo.ts'
import type { Chain, Rule, Table } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'

export type Backend = 'legacy' | 'nf_tables'

/** An iptables table of which nothing is said is taken for a legacy one. */
export const backendOf = ({ kind, backend }: Pick<Table, 'kind' | 'backend'>): Backend =>
  kind === 'nft' || backend === 'nft' ? 'nf_tables' : 'legacy'

/** In words. */
export const backendName = (table: Pick<Table, 'kind' | 'backend'>): string =>
  backendOf(table) === 'legacy' ? 'iptables-legacy' : 'nf_tables'

/**
 * Chains whose rules only count, log or trace, and with nothing but accept behind them, decide nothing wherever they are.
 */
export const decides = ({ rules, policy }: Chain): boolean => policy === 'drop' || !rules.every(onlyLooks)

/** Without a statement it is a counter. */
const onlyLooks = ({ statements }: Rule): boolean => statements.every(({ kind }) => kind === 'trace' || kind === 'log')

/** Without the other backend's base chains that decide nothing: these need not be waited for. */
export const seenFrom = memo2(
  (world: World, backend: Backend): World =>
    world.tables.every((table) => backendOf(table) === backend)
      ? world
      : { ...world, tables: world.tables.map((table) => (backendOf(table) === backend ? table : withoutIdle(table))) },
)

const withoutIdle = (table: Table): Table => ({
  ...table,
  chains: new Map([...table.chains].filter(([, chain]) => chain.hook === undefined || decides(chain))),
})

/**
 * As a trace of nf_tables is explained: of tables that both backends have under one name, its own stands first, and is the
 * one that is meant. Where the kernel's log is read, that is the legacy one, which the rulesets are laid together with.
 */
export const nfTablesFirst = memo((world: World): World => {
  const own = new Set(world.tables.filter((table) => backendOf(table) === 'nf_tables').map(nameOf))
  if (!world.tables.some((table) => table.backend === 'legacy' && own.has(nameOf(table)))) return world
  const [first, last] = [[] as Table[], [] as Table[]]
  for (const table of world.tables) (backendOf(table) === 'nf_tables' ? first : last).push(table)
  return { ...world, tables: [...first, ...last] }
})

const nameOf = ({ family, name }: Table): string => `${family} ${name}`
