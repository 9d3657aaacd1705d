/** A stranger's ruleset as tables that faults can be put into (test/kernel/faults), and back as text. */
import type { Chain, Table } from '../../kernel/faults/table.ts'

/** Of `iptables-save`. Undefined: it is not only that, or has what such tables do not hold. */
export function readIptablesSave(text: string): Table[] | undefined {
  const tables: Table[] = []
  let table: Table | undefined
  for (const line of text.split('\n').map((one) => one.replace(/^\[\d+:\d+\] /, '').trim())) {
    if (line === '' || line.startsWith('#') || line === 'COMMIT') continue
    if (line.startsWith('*')) {
      table = { name: line.slice(1), chains: [] }
      tables.push(table)
      continue
    }
    const [, chain, policy] = /^:(\S+) (\S+)/.exec(line) ?? []
    if (chain !== undefined) {
      table?.chains.push({ name: chain, ...(policy === '-' ? {} : { policy: policy as 'ACCEPT' | 'DROP' }), rules: [] })
      continue
    }
    const [, of, rule] = /^-A (\S+) ?(.*)$/.exec(line) ?? []
    const there = table?.chains.find(({ name }) => name === of)
    if (there === undefined || rule === undefined) return undefined
    there.rules.push(rule)
  }
  return tables
}

/** How many packets a rule has counted; absent: nobody knows. */
type Hits = ((table: string, chain: string, rule: string) => number) | undefined

export const printIptablesSave = (tables: readonly Table[], hits?: Hits): string =>
  tables
    .map(
      ({ name, chains }) =>
        `*${name}\n${chains.map((chain) => `:${chain.name} ${chain.policy ?? '-'} [0:0]\n`).join('')}${chains
          .flatMap((chain) =>
            chain.rules.map((rule) => {
              const n = hits?.(name, chain.name, rule)
              return `${n === undefined ? '' : `[${n}:${n * 60}] `}-A ${chain.name} ${rule}\n`
            }),
          )
          .join('')}COMMIT\n`,
    )
    .join('')

/** Of `nft list ruleset`. Undefined: it has objects besides sets, maps and chains. */
export function readNftList(text: string): Table[] | undefined {
  const tables: Table[] = []
  const lines = text.split('\n')
  let chain: Chain | undefined
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!
    const [, name] = /^table (\w+ \S+) \{/.exec(line) ?? []
    if (name !== undefined) {
      tables.push({ name, sets: [], chains: [] })
      continue
    }
    if (/^\s*#|^\s*$|^\}/.test(line)) continue
    const table = tables.at(-1)
    if (!table) return undefined
    const [, kind, of] = /^\t(chain|set|map) (\S+) \{$/.exec(line) ?? []
    if (kind === 'chain') {
      chain = { name: of!, rules: [] }
      table.chains.push(chain)
    } else if (kind === 'set' || kind === 'map') {
      let end = i
      while (lines[end] !== '\t}') end++
      const body = lines.slice(i + 1, end).join('\n')
      const [, list = ''] = /elements = \{([\s\S]*)\}/.exec(body) ?? []
      const define = body
        .replace(/\s*elements = \{[\s\S]*\}/, '')
        .split('\n')
        .map((one) => one.trim())
        .filter(Boolean)
      table.sets!.push({
        ...{ kind, name: of!, define: `${define.join('; ')};` },
        elements: list
          .split(',')
          .map((one) => one.trim())
          .filter(Boolean),
      })
      i = end
    } else if (line === '\t}') chain = undefined
    else if (/^\t\t\S/.test(line) && chain) {
      const [, base, policy] = /^\t\t(type .* priority .*?); policy (\w+);$/.exec(line) ?? []
      if (base === undefined) chain.rules.push(line.trim())
      else Object.assign(chain, { base, policy: policy!.toUpperCase() })
    } else return undefined
  }
  return tables
}

/** As `nft -a` lists them; it counts only where a rule says so. */
export function printNft(tables: readonly Table[]): string {
  let handle = 1
  return tables
    .map(
      ({ name, sets = [], chains }) =>
        `table ${name} {\n${sets
          .map(
            ({ kind, name: set, define, elements }) =>
              `\t${kind} ${set} {\n${define
                .split(/;\s*/)
                .filter(Boolean)
                .map((one) => `\t\t${one}\n`)
                .join('')}${elements.length > 0 ? `\t\telements = { ${elements.join(', ')} }\n` : ''}\t}\n`,
          )
          .join('')}${chains
          .map(
            (chain) =>
              `\tchain ${chain.name} {\n${chain.base ? `\t\t${chain.base}; policy ${chain.policy!.toLowerCase()};\n` : ''}${chain.rules
                .map((rule) => `\t\t${rule} # handle ${handle++}\n`)
                .join('')}\t}\n`,
          )
          .join('')}}\n`,
    )
    .join('')
}
