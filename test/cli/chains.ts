/** Rulesets whose chains lead in a circle, or through so many ways that nobody can walk them all. */

export const PACKET = 'in eth0 tcp 192.0.2.7:5000 > 192.0.2.1:80 syn'
export const ROUTES =
  '[{"type":"local","dst":"192.0.2.1","dev":"eth0","table":"local","protocol":"kernel","scope":"host","prefsrc":"192.0.2.1","flags":[]},{"dst":"192.0.2.0/24","dev":"eth0","protocol":"kernel","scope":"link","prefsrc":"192.0.2.1","flags":[]}]\n'

const names = (count: number) => Array.from({ length: count }, (_, i) => `C${i}`)

export const iptables = (chains: readonly string[], rules: readonly string[], policy = 'ACCEPT'): string =>
  [
    '*filter',
    `:INPUT ${policy} [0:0]`,
    ':FORWARD ACCEPT [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    ...chains.map((chain) => `:${chain} - [0:0]`),
    ...rules.map((rule) => `-A ${rule}`),
    'COMMIT',
    '',
  ].join('\n')

/** Each chain jumps twice to the next; `each` stands in front of that, `leaf` in the last one. */
export function fanOut(levels: number, leaf: string, { each = [] as string[], first = ['INPUT -j C0'] } = {}): string {
  const rules = names(levels).flatMap((chain, i) => {
    const to = i < levels - 1 ? [`-j C${i + 1}`, `-j C${i + 1}`] : [leaf]
    return [...(i < levels - 1 ? each : []), ...to].map((rule) => `${chain} ${rule}`)
  })
  return iptables(names(levels), [...first, ...rules], first.length > 1 ? 'DROP' : 'ACCEPT')
}

/** Each chain leads to the next, and the last one to `last`. */
export const inLine = (count: number, by: '-j' | '-g', last: string): string =>
  iptables(names(count), [
    'INPUT -j C0',
    ...names(count)
      .map((chain, i) => `${chain} ${by} C${i + 1}`)
      .slice(0, -1),
    last,
  ])

/** nft's, of a table `inet t` with a base chain that jumps to the first one given. */
export function nft(chains: Readonly<Record<string, readonly string[]>>): string {
  const [first] = Object.keys(chains)
  const blocks = Object.entries(chains).map(([name, rules]) => `\tchain ${name} {\n${lines(rules)}\t}\n`)
  const base = `\tchain base {\n\t\ttype filter hook input priority 0; policy accept;\n\t\tjump ${first}\n\t}\n`
  return `table inet t {\n${blocks.join('\n')}\n${base}}\n`
}

const lines = (rules: readonly string[]) => rules.map((rule) => `\t\t${rule}\n`).join('')

/** Fourteen levels, each `wide` times. */
export const nftFanOut = (wide: number, leaf: string): string =>
  nft(
    Object.fromEntries(
      names(14).map((chain, i) => [chain, i < 13 ? Array.from({ length: wide }, () => `jump C${i + 1}`) : [leaf]]),
    ),
  )

/** A kernel log of one packet that meets these places: `INPUT:rule:1`. */
export const trace = (places: readonly string[]): string =>
  places
    .map(
      (place, i) =>
        `[  100.${String(i).padStart(6, '0')}] TRACE: filter:${place} IN=eth0 OUT= MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 ` +
        'SRC=192.0.2.7 DST=192.0.2.1 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1234 DF PROTO=TCP SPT=5000 DPT=80 SEQ=1 ACK=0 ' +
        'WINDOW=64240 RES=0x00 SYN URGP=0 \n',
    )
    .join('')
