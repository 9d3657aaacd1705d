/** Routes of a table that only the command or a heading names: `ip route show table 100`, `Table 100: default via …`. */

/** Also `IPv4 Table 201:`, `=== routing table vpn ===`; `Rules`: what follows are routing rules that lead there. */
const TITLE =
  /^[-=#*\s]{0,8}(?:IPv[46] )?(?:rout(?:e|ing) )?table(?::\s*|\s+)"?(\w[\w.-]{0,20})"?( rules)?\s?:?[-=#*\s]{0,40}(.*)$/i

const ROUTE =
  /^(?:(?:unicast|local|broadcast|multicast|anycast|unreachable|blackhole|prohibit|throw) )?(?:default|[\da-fA-FxX]{1,4}[.:][\da-fA-FxX.:]{1,40}(?:\/\d{1,3})?)(?: |$)/
const RULE = /^\d{1,10}:\s{1,8}(?:not )?from /

/** `asked`: by the command. Lines stay as many as they are. */
export function namedTables(lines: readonly string[], asked: string | undefined): string[] {
  let table = asked
  return lines.map((line, i) => {
    const [, name, rules, rest = ''] = TITLE.exec(line) ?? []
    const isTitle = name !== undefined && (rules ? RULE : ROUTE).test(rest || belowOf(lines, i))
    if (isTitle) table = rules ? undefined : name
    const route = isTitle ? rest : line
    const belongs = table !== undefined && ROUTE.test(route) && !/\stable \S/.test(route)
    return belongs ? `${route.trimEnd()} table ${table}` : route
  })
}

const belowOf = (lines: readonly string[], i: number): string => lines[i + 1]?.trim() || lines[i + 2]?.trim() || ''
