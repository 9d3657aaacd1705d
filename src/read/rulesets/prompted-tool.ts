import type { Header } from './iptables-lines.ts'

/** A prompt and the command whose output follows: `root@host:~# ip6tables-save`, `# iptables -t nat -S`. */
export function promptedTool(text: string): Header | undefined {
  const [, tool, family, variant, save, options = ''] =
    /^(?:.{0,80}?[#$%>]\s{0,4})?(?:sudo )?((ip6?)tables(?:-(legacy|nft))?(-save)?)(?![\w*-])(.*)/.exec(text.trim()) ??
    []
  if (tool === undefined || (!save && !LISTS.test(options))) return undefined
  return {
    tool,
    family: family === 'ip6' ? 'ip6' : 'ip',
    ...(variant === 'nft' || variant === 'legacy' ? { backend: variant } : {}),
    ...(save ? (TABLE.test(options) ? { only: true } : {}) : { table: TABLE.exec(options)?.[1] ?? 'filter' }),
  }
}

/** Of several in one line, each: `# iptables -nvL; iptables -t nat -nvL`. */
export const promptedTools = (text: string): Header[] =>
  text.split(/;|&&/, 8).flatMap((part) => promptedTool(part) ?? [])

const TABLE = /\s(?:-t\s*|--table[ =])(\w+)/
const LISTS = /\s(?:-[a-zA-Z]*[SL][a-zA-Z]*|--list-rules|--list)(?:\s|$)/
