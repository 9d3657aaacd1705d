/** How a shell script of commands for packet filters is recognised. */

// blanks, not \s: at the beginning of each line that would look at all empty lines behind it
const TOOL =
  /^[ \t]*(?:(?:sudo|if|!|then)[ \t]+)*(?:[\w./-]*\/)?(?:nft[ \t]+(?:-\w+[ \t]+)*['"]?(?:add|insert|create|delete|destroy|flush|replace|-f -|- <<)|(?:ip6?tables(?:-legacy|-nft)?|ipset|"?\$\{?\w*(?:ip|IP|fw|FW)\w*\}?"?)[ \t]+(?:--?[a-zA-Z]|create |add |restore|flush))/gm
const SHEBANG = /^#!\s*\S*\/(?:env\s+)?(?:ba|da|a|k|z)?sh\b/
/** What may stand in a script's first line. */
const BEGINS =
  /^(?:sudo |set [-+]|[A-Za-z_]\w*=|export |if |for |case |function |\w+ ?\(\)|\. |echo |modprobe |(?:[\w./-]*\/)?(?:ip6?tables\S*|ipset|ip|nft|sysctl|conntrack) )/

const BARE_RULE = /^[ \t]*(?:\[\d+:\d+\] ?)?(?:-[APNI] \S|:\S+ (?:ACCEPT|DROP|-)(?:\s|$))/gm

export function looksLikeScript(head: string): boolean {
  const commands = head.match(TOOL)?.length ?? 0
  if (commands === 0) return false
  if (SHEBANG.test(head)) return true
  const first = head.split('\n').find((line) => /^\s*[^\s#]/.test(line)) ?? ''
  // the command that printed a listing may stand in front of it
  return BEGINS.test(first.trim()) && commands > (head.match(BARE_RULE)?.length ?? 0)
}
