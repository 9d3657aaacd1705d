/** How a text in nft's own language is recognised. */

const FAMILY = '(?:(?:ip6?|inet|arp|bridge|netdev)[ \\t]+)?'
const THING =
  '(?:table|chain|rule|set|map|element|flowtable|counter|quota|limit|ct (?:helper|timeout|expectation)|secmark|synproxy|meter)'
/** How a statement of nft begins that nothing else begins with. */
const BEGINS = new RegExp(
  `^(?:table[ \\t]+${FAMILY}[\\w./-]+[ \\t]*(?:\\{|;|$)|(?:flush|list)[ \\t]+ruleset\\b|` +
    `(?:add|create|insert|replace|delete|destroy|flush|rename|reset)[ \\t]+${THING}[ \\t]+\\w|` +
    // a part of a file, which another includes
    '(?:chain|set|map)[ \\t]+[\\w.-]+[ \\t]*\\{|(?:re)?define[ \\t]+\\w+[ \\t]*=|include[ \\t]+")',
)
const TABLE = new RegExp(`^[ \\t]*(?:(?:add|create)[ \\t]+)?table[ \\t]+${FAMILY}[\\w./-]+[ \\t]*\\{`, 'm')
const SHEBANG = /^\ufeff?#![ \t]*(\S+)(?:[ \t]+(?:-S[ \t]+)?(\S+))?/
/** The command that printed it, with a prompt in front. */
export const PROMPT = /^[^\n"{}]{0,80}?\bnft(?:[ \t]+-{1,2}\w+)*[ \t]+list[ \t]+[\w \t.-]+$/
/** A shell's words, or a call of nft: then it is a script. */
const SHELL =
  /^(?:[ \t]*(?:(?:\S*\/)?nft[ \t]+(?!(?:-\S+[ \t]+)*list\b)\S|cat[ \t]+<<|set -\w|if \[|echo |export )|(?!elements=)[A-Za-z_]\w*=\S)/m

/** Is this the beginning of nft's language, perhaps behind the command that listed it? */
export function looksLikeNft(head: string): boolean {
  const [, interpreter = '', argument = ''] = SHEBANG.exec(head) ?? []
  if (/nft$/.test(interpreter) || (/\/env$/.test(interpreter) && /(?:^|\/)nft$/.test(argument))) return true
  if (interpreter !== '' || SHELL.test(head)) return false
  const first = head
    .replace(/^\ufeff/, '')
    .split('\n', 500)
    .map((line) => line.trim())
    .find((line) => line !== '' && !line.startsWith('#') && line !== ';' && !PROMPT.test(line))
  if (first === undefined) return false
  return BEGINS.test(first) || (TABLE.test(head) && /^[ \t]*(?:chain|set|map)[ \t]+[\w./-]+[ \t]*\{/m.test(head))
}
